//! The page's table of checks: a group of rows for each, with what it expected beside what it saw, and below what it says of
//! itself. Old evidence does not have what was expected, and the table says so instead of guessing it.

use std::fmt::Write as _;
use std::time::Duration;

use greenlight_checks::evidence::{CheckEvidence, Outcome};

use super::super::words;
use super::html::{PERCENTILES, number};
use super::page::{escaped, scrolling};
use super::summary;

/// The table.
pub(super) fn table(label: &str, checks: &[CheckEvidence]) -> String {
    let mut text = String::from("<table class=\"checks\">\n<thead><tr>");
    for name in ["Check", "Outcome", "Took", "Expected", "Seen"] {
        let _ = write!(text, "<th scope=\"col\">{name}</th>");
    }
    text.push_str("</tr></thead>\n");
    checks.iter().for_each(|check| group(&mut text, check));
    text.push_str("</table>\n");
    scrolling(label, &text)
}

/// The rows of one check.
fn group(text: &mut String, check: &CheckEvidence) {
    let class = match check.outcome {
        Outcome::Passed => "good",
        Outcome::Failed | Outcome::Errored => "bad",
        Outcome::Inconclusive | Outcome::Skipped => "odd",
    };
    let expectations: Vec<_> = if check.expectations.is_empty() {
        let unknown = "<span class=\"quiet\">not in this evidence</span>".to_owned();
        vec![(unknown.clone(), unknown)]
    } else {
        let seen = |seen: &Option<String>| match seen {
            Some(seen) => escaped(seen),
            None => "<span class=\"quiet\">nothing</span>".to_owned(),
        };
        check.expectations.iter().map(|each| (escaped(&each.expected), seen(&each.seen))).collect()
    };
    let said = said(check);
    let rows = expectations.len() + usize::from(!said.is_empty());
    text.push_str("<tbody>\n");
    for (index, (expected, seen)) in expectations.iter().enumerate() {
        text.push_str("<tr>");
        if index == 0 {
            let _ = write!(
                text,
                "<th scope=\"rowgroup\" rowspan=\"{rows}\">{}<br><span class=\"quiet\">{}</span></th>\
                 <td rowspan=\"{rows}\"><span class=\"{class}\">{}</span></td><td rowspan=\"{rows}\">{}</td>",
                escaped(&check.id),
                escaped(&check.kind),
                summary::outcome(check),
                words::duration(Duration::from_millis(check.took_ms))
            );
        }
        let _ = writeln!(text, "<td class=\"expected\">{expected}</td><td class=\"seen\">{seen}</td></tr>");
    }
    if !said.is_empty() {
        let _ = writeln!(text, "<tr><td class=\"said\" colspan=\"2\">{}</td></tr>", said.join("<br>"));
    }
    text.push_str("</tbody>\n");
}

/// Why it did not pass, its requests and its figures.
fn said(check: &CheckEvidence) -> Vec<String> {
    let mut said: Vec<String> = check.messages.iter().map(|message| escaped(&message.to_string())).collect();
    said.extend(check.samples.iter().map(|sample| {
        let end = match (sample.status, &sample.error) {
            (Some(status), _) => format!("status {status}"),
            (None, Some(error)) => error.clone(),
            (None, None) => "no answer".to_owned(),
        };
        escaped(&format!("{} via {}: {end} in {} ms", sample.request, sample.via, sample.took_ms))
    }));
    // What is plotted below is not repeated.
    let plotted = |name: &str| PERCENTILES.into_iter().any(|percentile| name.ends_with(&format!("{percentile}_ms")));
    let numbers = check.numbers.iter().filter(|(name, _)| !plotted(name));
    let numbers: Vec<_> = numbers.map(|(name, value)| escaped(&format!("{name} {}", number(*value)))).collect();
    if !numbers.is_empty() {
        said.push(format!("<span class=\"quiet\">{}</span>", numbers.join(", ")));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A check as it stands in evidence, with these further members.
    fn check(further: &str) -> CheckEvidence {
        let json = format!(
            r#"{{"id":"a","kind":"http","severity":"block","outcome":"passed","attempts":1,"took_ms":3,"messages":[],"samples":[]{further}}}"#
        );
        serde_json::from_str(&json).expect("it is a check")
    }

    #[test]
    fn what_was_expected_stands_beside_what_was_seen_and_markup_is_text() {
        let expectations =
            r#","expectations":[{"expected":"status 200","seen":"<b>200</b>"},{"expected":"a < b","seen":null}]"#;
        let table = table("Checks", &[check(expectations)]);
        for cells in [
            r#"<td class="expected">status 200</td><td class="seen">&lt;b&gt;200&lt;/b&gt;</td></tr>"#,
            r#"<td class="expected">a &lt; b</td><td class="seen"><span class="quiet">nothing</span></td></tr>"#,
            r#"<th scope="rowgroup" rowspan="2">a<br>"#,
        ] {
            assert!(table.contains(cells), "no {cells} in {table}");
        }
    }

    #[test]
    fn old_evidence_does_not_have_what_was_expected_and_nothing_is_made_up() {
        let table = table("Checks", &[check("")]);
        assert_eq!(table.matches("not in this evidence").count(), 2, "{table}");
    }
}
