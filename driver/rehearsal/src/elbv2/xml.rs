//! A small writer for the Query protocol's XML: elements, lists of `member`, texts. It writes what it is told and nothing else.

use std::fmt::Display;

use quick_xml::escape::escape;

/// An XML text in the making.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    /// A text.
    pub(crate) fn text(mut self, text: &str) -> Xml {
        self.text.push_str(&escape(text));
        self
    }
    /// An element with something inside.
    pub(crate) fn element(mut self, name: &str, inside: impl FnOnce(Xml) -> Xml) -> Xml {
        self.text.push_str(&format!("<{name}>"));
        self = inside(self);
        self.text.push_str(&format!("</{name}>"));
        self
    }

    /// An element with a text.
    pub(crate) fn value(self, name: &str, value: impl Display) -> Xml {
        self.element(name, |mut xml| {
            xml.text.push_str(&escape(value.to_string()));
            xml
        })
    }

    /// An element with a text, or none.
    pub(crate) fn optional(self, name: &str, value: Option<impl Display>) -> Xml {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// A list: each item in a `member` of its own.
    pub(crate) fn members<T>(
        self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        item: impl Fn(Xml, T) -> Xml,
    ) -> Xml {
        self.element(name, |xml| {
            items.into_iter().fold(xml, |xml, value| xml.element("member", |xml| item(xml, value)))
        })
    }

    /// The text, as the answer to an operation.
    pub(crate) fn answer(operation: &str, namespace: &str, request: &str, result: impl FnOnce(Xml) -> Xml) -> String {
        let body = Xml::default().element(&format!("{operation}Result"), result);
        let body = body.element("ResponseMetadata", |xml| xml.value("RequestId", request));
        format!("<{operation}Response xmlns=\"{namespace}\">{}</{operation}Response>", body.text)
    }

    /// The text, as a document with one root.
    pub(crate) fn root(self, name: &str, namespace: &str) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{namespace}\">{}</{name}>", self.text)
    }

    /// An error, as the Query protocol has it.
    pub(crate) fn error(namespace: &str, request: &str, code: &str, message: &str) -> String {
        let body = Xml::default()
            .element("Error", |xml| xml.value("Type", "Sender").value("Code", code).value("Message", message));
        let body = body.value("RequestId", request);
        format!("<ErrorResponse xmlns=\"{namespace}\">{}</ErrorResponse>", body.text)
    }

    /// An error, as S3 has it.
    pub(crate) fn s3_error(request: &str, code: &str, message: &str) -> String {
        let error = Xml::default()
            .element("Error", |xml| xml.value("Code", code).value("Message", message).value("RequestId", request));
        error.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        let text = Xml::default().value("A", "<&>").text;
        assert_eq!(text, "<A>&lt;&amp;&gt;</A>");
    }
}
