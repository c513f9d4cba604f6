//! What must not be seen: the values of `${secret:NAME}` and of headers that carry credentials, and taking them out of
//! everything that leaves a run. It knows only values: a service that turns one into something else (a hash, base64) and
//! shows that is not caught.

use std::fmt::{self, Write as _};

use crate::evidence::{CheckEvidence, KEPT_BODY};

/// A shorter value is no secret that could be taken out: doing so would hide ordinary text, and show where it was.
pub(crate) const SHORTEST: usize = 6;

/// Fewer characters of the beginning of a secret, at the place where a text was cut, are let through.
const SHORTEST_PART: usize = 3;

const INSTEAD: &str = "[redacted]";

/// Values that are never shown, in each form in which a text may carry them.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Also this value. One that is too short is left alone.
    pub(crate) fn add(&mut self, value: &str) {
        if value.chars().count() < SHORTEST {
            return;
        }
        let quoted = format!("{value:?}");
        let json = serde_json::Value::from(value).to_string();
        let inside = |quoted: &str| quoted[1..quoted.len() - 1].to_owned();
        // A body of JSON that is told as a quoted text is quoted twice.
        let twice = serde_json::Value::from(inside(&json)).to_string();
        let forms = [value.to_owned(), inside(&quoted), inside(&json), inside(&twice), percent_encoded(value)];
        self.0.extend(forms);
        // The longest first, so that none leaves a rest of another.
        self.0.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        self.0.dedup();
    }

    /// The text with every secret replaced, and the beginning of one where the text was shortened with `…`.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let text = self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, INSTEAD));
        let mut parts: Vec<&str> = text.split('…').collect();
        let last = parts.pop().unwrap_or_default();
        parts.into_iter().fold(String::new(), |text, part| text + &self.without_beginning(part) + "…") + last
    }

    /// The same for a text that may have been cut anywhere.
    fn redacted_body(&self, body: &str) -> String {
        let mut text = self.without_beginning(&self.redacted(body));
        text.truncate(text.floor_char_boundary(KEPT_BODY));
        text
    }

    /// Takes all secrets out of what a check hands over.
    pub(crate) fn redact(&self, evidence: &mut CheckEvidence) {
        if self.0.is_empty() {
            return;
        }
        let redact = |text: &mut String| *text = self.redacted(text);
        redact(&mut evidence.id);
        for message in &mut evidence.messages {
            redact(&mut message.subject);
            redact(&mut message.text);
            message.context.as_mut().map(redact);
        }
        for expectation in &mut evidence.expectations {
            redact(&mut expectation.expected);
            expectation.seen.as_mut().map(redact);
        }
        for sample in &mut evidence.samples {
            redact(&mut sample.request);
            redact(&mut sample.via);
            sample.error.as_mut().map(redact);
            sample.body = sample.body.take().map(|body| self.redacted_body(&body));
        }
    }

    /// Without the beginning of a secret at its end.
    fn without_beginning(&self, text: &str) -> String {
        let begins = |secret: &String| {
            let ends = secret.char_indices().map(|(end, _)| end).skip(SHORTEST_PART);
            ends.filter(|end| text.ends_with(&secret[..*end])).max()
        };
        match self.0.iter().filter_map(begins).max() {
            Some(length) => format!("{}{INSTEAD}", &text[..text.len() - length]),
            None => text.to_owned(),
        }
    }
}

fn percent_encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a String takes everything");
        }
        text
    })
}

/// The values themselves are not for any log.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        values.iter().for_each(|value| secrets.add(value));
        secrets
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form_that_a_text_may_give_it() {
        let secrets = secrets(&["pass\"wo/rd"]);
        for (text, left) in [
            ("got pass\"wo/rd", "got [redacted]"),
            ("got \"pass\\\"wo/rd\" (string)", "got \"[redacted]\" (string)"),
            (r#"body "{\"key\":\"pass\\\"wo/rd\"}""#, r#"body "{\"key\":\"[redacted]\"}""#),
            ("GET /?key=pass%22wo%2Frd&a=b", "GET /?key=[redacted]&a=b"),
            ("got \"xx pass\\\"w… (string)", "got \"xx [redacted]… (string)"),
            ("got pa…", "got pa…"),
            ("passing", "passing"),
        ] {
            assert_eq!(secrets.redacted(text), left, "{text}");
        }
    }

    #[test]
    fn the_longer_of_two_secrets_goes_first_and_a_short_value_is_none() {
        let secrets = secrets(&["s3cr3t", "s3cr3t-value", "ok"]);
        assert_eq!(secrets.redacted("s3cr3t-value s3cr3t ok"), "[redacted] [redacted] ok");
        assert_eq!(format!("{secrets:?}"), "Secrets");
    }

    #[test]
    fn a_body_that_was_cut_in_a_secret_keeps_nothing_of_it_and_stays_within_its_limit() {
        let secrets = secrets(&["s3cr3t-value"]);
        let body = format!("{}s3cr3t-val", "s3cr3t-value ".repeat(150));
        let left = secrets.redacted_body(&body);
        assert!(!left.contains("s3c") && left.len() <= KEPT_BODY, "{left}");
        assert_eq!(secrets.redacted_body("abc s3cr3"), "abc [redacted]");
    }
}
