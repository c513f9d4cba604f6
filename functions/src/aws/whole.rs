//! Whether an answer of AWS came whole, and that one which did not is asked for again.
//!
//! The SDK's XML reader takes the end of a text for the end of the document: a list of rules that breaks off in the middle is
//! read as a shorter list, and a rule that is not seen could lead traffic anywhere. An empty text is read as an answer
//! without fields in JSON. Neither is an answer, so both are errors here, before anything is made of them.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotWhole {
    #[error("it is empty")]
    Empty,
    #[error("it breaks off after {0} bytes")]
    BreaksOff(usize),
}

/// Refuses an answer of success that is empty or breaks off.
#[derive(Debug)]
pub(super) struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        match answer.body().bytes() {
            Some(text) if answer.status().is_success() => Ok(whole(text)?),
            _ => Ok(()),
        }
    }
}

/// Asks again where the service answered with success and the answer could not be read.
#[derive(Debug)]
pub(super) struct UnreadableAnswers;

impl ClassifyRetry for UnreadableAnswers {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let succeeded = context.response().is_some_and(|answer| answer.status().is_success());
        match context.output_or_error() {
            Some(Err(_)) if succeeded => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "UnreadableAnswers"
    }
}

/// A document in XML is whole when it ends with its root's end; in JSON, the SDK's reader sees an end that is missing.
fn whole(text: &[u8]) -> Result<(), NotWhole> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(NotWhole::Empty);
    }
    if !text.starts_with(b"<") {
        return Ok(());
    }
    let Some(root) = root(text) else { return Err(NotWhole::BreaksOff(text.len())) };
    let alone = text.ends_with(b"/>") && !text[1..text.len() - 1].contains(&b'<');
    let ended = text.strip_suffix(b">").is_some_and(|rest| rest.trim_ascii_end().ends_with(&[b"</", root].concat()));
    if ended || alone { Ok(()) } else { Err(NotWhole::BreaksOff(text.len())) }
}

/// The name of the first element.
fn root(text: &[u8]) -> Option<&[u8]> {
    let mut from = 0;
    loop {
        from += text[from..].iter().position(|byte| *byte == b'<')? + 1;
        let name = &text[from..];
        if !name.starts_with(b"?") && !name.starts_with(b"!") {
            let ends = name.iter().position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte))?;
            return Some(&name[..ends]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<?xml version=\"1.0\"?>\n<!-- so -->\n<DescribeRulesResponse xmlns=\"http://any/\">\
        <DescribeRulesResult><Rules/></DescribeRulesResult></DescribeRulesResponse>";

    #[test]
    fn no_document_that_breaks_off_is_whole() {
        assert_eq!(whole(ANSWER.as_bytes()), Ok(()));
        for length in 1..ANSWER.len() {
            let broken = whole(&ANSWER.as_bytes()[..length]);
            assert!(matches!(broken, Err(NotWhole::BreaksOff(_))), "{}: {broken:?}", &ANSWER[..length]);
        }
    }

    #[test]
    fn an_empty_answer_is_none() {
        for text in ["", " \n"] {
            assert_eq!(whole(text.as_bytes()), Err(NotWhole::Empty));
        }
    }

    #[test]
    fn what_is_written_differently_is_whole_all_the_same() {
        for text in ["{}", "<a/>", "<a b=\"c\"/>\n", "<a>text</a >", "<?xml?><a><b/></a>\r\n"] {
            assert_eq!(whole(text.as_bytes()), Ok(()), "{text}");
        }
        assert!(whole(b"<a><b/>").is_err());
    }
}
