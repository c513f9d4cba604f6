//! Lambda: how a function is configured, and what it says of itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::Aws;
use super::error::{AwsError, ErrorKind};
use super::signed::{Call, Service, encoded, unreadable};
use crate::decide::doctor::facts::{Function, SelfFinding, SelfTest};

const CONFIGURATION: &str = "lambda:GetFunctionConfiguration";
const INVOKE: &str = "lambda:InvokeFunction";
/// A self-test bounds itself to 25 s, before which comes a cold start.
const SELF_TEST: Duration = Duration::from_secs(60);

impl Aws {
    /// `GetFunctionConfiguration`; nothing where there is no such function.
    pub async fn function(&self, name: &str) -> Result<Option<Function>, AwsError> {
        match self.function_configuration(name).await {
            Ok(document) => Ok(Some(function(&document))),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GetFunctionConfiguration`, as it comes.
    pub(super) async fn function_configuration(&self, name: &str) -> Result<Value, AwsError> {
        let path = format!("/2015-03-31/functions/{}/configuration", encoded(name));
        self.signed.send(Call::rest(Service::Lambda, CONFIGURATION, "GET", path)).await?.document(CONFIGURATION)
    }

    /// A synchronous `Invoke` with `{"greenlight": "self-test"}`; every shipped hook answers it with what it found.
    pub async fn self_test(&self, name: &str, application: &str, group: &str) -> Result<SelfTest, AwsError> {
        let path = format!("/2015-03-31/functions/{}/invocations", encoded(name));
        let event = json!({"greenlight": "self-test", "application": application, "deployment_group": group});
        let call = Call {
            body: event.to_string(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("x-amz-invocation-type", "RequestResponse".to_owned()),
            ],
            patience: Some(SELF_TEST),
            ..Call::rest(Service::Lambda, INVOKE, "POST", path)
        };
        let answer = self.signed.send(call).await?;
        let document = answer.document(INVOKE)?;
        if let Some(kind) = answer.header("x-amz-function-error") {
            let told = document["errorMessage"].as_str().unwrap_or("no message");
            let text = format!("the function ended with an error ({kind}): {told}");
            return Err(AwsError { operation: INVOKE, kind: ErrorKind::Refused, code: None, text });
        }
        self_test(&document)
            .ok_or_else(|| unreadable(INVOKE, &"it is not the answer to a self-test of a Greenlight hook"))
    }
}

fn function(document: &Value) -> Function {
    let text = |name: &str| document[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let architectures = document["Architectures"].as_array().map(|list| {
        let texts = list.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    });
    Function {
        arn: text("FunctionArn").unwrap_or_default(),
        role: text("Role").unwrap_or_default(),
        state: text("State").unwrap_or_else(|| "(none)".to_owned()),
        state_reason: text("StateReason"),
        last_update: text("LastUpdateStatus"),
        // Lambda's own default.
        architectures: architectures.unwrap_or_else(|| vec!["x86_64".to_owned()]),
        runtime: text("Runtime"),
        timeout: document["Timeout"].as_u64().unwrap_or_default(),
        is_ours: document["Environment"]["Variables"]["GREENLIGHT_PLAN"].is_string(),
    }
}

fn self_test(document: &Value) -> Option<SelfTest> {
    if document["greenlight"] != "self-test" {
        return None;
    }
    let finding = |finding: &Value| {
        let text = |name: &str| finding[name].as_str().map(str::to_owned);
        Some(SelfFinding { id: text("id")?, ok: finding["ok"].as_bool(), text: text("text")?, advice: text("advice") })
    };
    let findings = document["findings"].as_array()?.iter().map(finding).collect::<Option<_>>()?;
    Some(SelfTest { findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_self_tests_is_not_taken_for_one() {
        assert_eq!(self_test(&json!({"statusCode": 200})), None);
        assert_eq!(self_test(&json!({"greenlight": "self-test", "findings": [{"ok": true}]})), None);
        let whole =
            json!({"greenlight": "self-test", "findings": [{"id": "plan", "ok": null, "text": "t", "advice": "a"}]});
        let finding =
            SelfFinding { id: "plan".to_owned(), ok: None, text: "t".to_owned(), advice: Some("a".to_owned()) };
        assert_eq!(self_test(&whole), Some(SelfTest { findings: vec![finding] }));
    }

    #[test]
    fn a_function_without_a_state_is_not_taken_for_an_active_one() {
        let read = function(&json!({"FunctionArn": "arn", "Timeout": 3}));
        assert_eq!((read.state.as_str(), read.timeout, read.is_ours), ("(none)", 3, false));
        assert_eq!(read.architectures, ["x86_64"]);
    }
}
