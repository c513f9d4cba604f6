//! Whether an answer in XML came whole, and that one which did not is asked for again.
//!
//! The SDK's reader takes the end of a text for the end of the document: a list of listeners that breaks off in the middle is read as
//! a shorter list, and what is not seen would be judged as if it were not there. JSON needs no such care: its reader sees an end that is
//! missing.

use aws_sdk_elasticloadbalancingv2::config::Builder;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The answer ends before its first element does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer breaks off after {0} bytes")]
struct BreaksOff(usize);

/// A client's configuration that takes no answer for whole that is not.
pub(super) fn only_whole_answers(builder: Builder) -> Builder {
    builder.interceptor(WholeAnswers).retry_classifier(BrokenAnswers)
}

#[derive(Debug)]
struct WholeAnswers;

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
struct BrokenAnswers;

impl ClassifyRetry for BrokenAnswers {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let succeeded = context.response().is_some_and(|answer| answer.status().is_success());
        match context.output_or_error() {
            Some(Err(_)) if succeeded => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "BrokenAnswers"
    }
}

/// It ends with the end of its first element.
fn whole(text: &[u8]) -> Result<(), BreaksOff> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    let broken = || BreaksOff(text.len());
    let starts = text.split('<').skip(1).find(|tag| !tag.starts_with(['?', '!'])).ok_or_else(broken)?;
    let name = starts.split(|c: char| c.is_whitespace() || "/>".contains(c)).next().unwrap_or_default();
    let last = text.rsplit('<').next().unwrap_or_default();
    let ended =
        last.strip_prefix('/').and_then(|last| last.strip_suffix('>')).is_some_and(|last| last.trim_end() == name);
    let is_alone = last == starts && last.ends_with("/>");
    if ended || is_alone { Ok(()) } else { Err(broken()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<?xml version=\"1.0\"?>\n<DescribeRulesResponse xmlns=\"http://any/\">\
        <DescribeRulesResult><Rules/></DescribeRulesResult></DescribeRulesResponse>";

    #[test]
    fn no_answer_that_breaks_off_is_whole() {
        assert_eq!(whole(ANSWER.as_bytes()), Ok(()));
        for length in 0..ANSWER.len() {
            let broken = &ANSWER[..length];
            assert_eq!(whole(broken.as_bytes()), Err(BreaksOff(broken.trim().len())), "{broken}");
        }
    }

    #[test]
    fn what_is_written_differently_is_whole_all_the_same() {
        for text in ["<a/>", "<a b=\"c\"/>\n", "<a>text</a >", "<?xml?><a><b/></a>\r\n"] {
            assert_eq!(whole(text.as_bytes()), Ok(()), "{text}");
        }
        assert!(whole(b"<a><b/>").is_err());
    }
}
