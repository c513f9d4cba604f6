//! The page around a report: text escaped, one style sheet inside, and a policy that lets a browser fetch nothing and run nothing.

use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

/// Text as text, wherever it stands in a page: a service's answer is in it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for each in text.chars() {
        match each {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            each if each.is_control() && each != '\n' && each != '\t' => escaped.push('\u{fffd}'),
            each => escaped.push(each),
        }
    }
    escaped
}

/// The whole page; `title` is text, `body` is markup.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">To the content</a>\n\
         {body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Markup that scrolls by itself where it is wider than the page, by keyboard too.
pub(super) fn scrolling(label: &str, markup: &str) -> String {
    let label = escaped(label);
    format!("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\n{markup}</div>\n")
}

/// A table that scrolls by itself; cells are markup.
pub(super) fn table(label: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::from("<table>\n<thead><tr>");
    for name in head {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escaped(name));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        text.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _ = match index {
                0 => write!(text, "<th scope=\"row\">{cell}</th>"),
                _ => write!(text, "<td>{cell}</td>"),
            };
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table>\n");
    scrolling(label, &text)
}

/// A table that is folded away below its chart, for whoever reads numbers or cannot see the chart.
pub(super) fn folded(summary: &str, table: &str) -> String {
    format!("<details>\n<summary>{}</summary>\n{table}</details>\n", escaped(summary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_service_answers_stays_text() {
        assert_eq!(
            escaped("<img src=x onerror='a(\"b\")'>\u{1b}&"),
            "&lt;img src=x onerror=&#39;a(&quot;b&quot;)&#39;&gt;\u{fffd}&amp;"
        );
    }
}
