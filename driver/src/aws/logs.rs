//! What a hook's function left: its evidence in S3 where it keeps it there, else the evidence line of its log, and the log's tail
//! when there is none.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use greenlight_checks::evidence::Evidence;
use jiff::Timestamp;
use serde::Deserialize;

use super::Aws;
use super::error::{AwsError, ErrorKind, translate};
use crate::clock;
use crate::configuration::EvidencePlace;
use crate::decide::report::HookLog;

/// Lines of a tail: enough for a panic message, few enough to read.
const TAIL: usize = 10;

#[derive(Deserialize)]
struct EvidenceLine {
    greenlight: String,
    evidence: Evidence,
}

impl Aws {
    /// The evidence of one hook execution. CloudWatch Logs shows lines some seconds late, so it is asked for again until
    /// `patience` is over.
    pub(crate) async fn hook_log(
        &self,
        place: Option<&EvidencePlace>,
        function: &str,
        deployment: &str,
        event: &str,
        since: Timestamp,
        patience: Duration,
    ) -> HookLog {
        let bound = clock::within(patience);
        // In S3 it is from before the report on; a log shows it later, and may have lost it by then.
        let stored = match self.stored_evidence(place, function, deployment, event).await {
            Ok(evidence) => return HookLog::Evidence(Box::new(evidence)),
            Err(looked) => looked,
        };
        let mut pause = Duration::from_millis(100).min(patience);
        loop {
            let evidence = tokio::time::timeout_at(bound, self.evidence(function, deployment, event, since)).await;
            match evidence {
                Ok(Ok(Some(evidence))) => return HookLog::Evidence(Box::new(evidence)),
                Ok(Ok(None)) | Err(_) => {}
                // A function that never ran has no log group.
                Ok(Err(error)) if error.kind == ErrorKind::NotFound => {
                    return HookLog::Tail { lines: Vec::new(), stored };
                }
                Ok(Err(error)) if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable) => {}
                Ok(Err(error)) => return HookLog::Unreadable { error: error.to_string(), stored },
            }
            if bound.checked_duration_since(clock::within(pause)).is_none() {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        // The bound was for a line that is late; what is there is read once more, shortly.
        let lines = match tokio::time::timeout(Duration::from_secs(3), self.messages(function, None, since)).await {
            Ok(Ok(mut messages)) => messages.split_off(messages.len().saturating_sub(TAIL)),
            Ok(Err(error)) if error.kind == ErrorKind::NotFound => Vec::new(),
            Ok(Err(error)) => return HookLog::Unreadable { error: error.to_string(), stored },
            Err(_) => Vec::new(),
        };
        HookLog::Tail { lines, stored }
    }

    /// The evidence that is there now, for this deployment and event.
    async fn evidence(
        &self,
        function: &str,
        deployment: &str,
        event: &str,
        since: Timestamp,
    ) -> Result<Option<Evidence>, AwsError> {
        let messages = self.messages(function, Some(deployment), since).await?;
        Ok(messages.iter().rev().find_map(|message| evidence_of(message, deployment, event)))
    }

    /// The evidence of a hook that may still wait for an answer: in its log, else in the bucket that its function keeps it in.
    pub(crate) async fn open_evidence(
        &self,
        place: Option<&EvidencePlace>,
        function: &str,
        deployment: &str,
        event: &str,
        since: Timestamp,
    ) -> Result<Option<Evidence>, AwsError> {
        let logged = self.evidence(function, deployment, event, since).await;
        if let Ok(Some(evidence)) = logged {
            return Ok(Some(evidence));
        }
        let stored = self.stored_evidence(place, function, deployment, event).await;
        stored.map_or(logged, |evidence| Ok(Some(evidence)))
    }

    /// Writes one line beside a function's own, in a stream of its own.
    pub(crate) async fn write_record(
        &self,
        function: &str,
        record: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let group = format!("/aws/lambda/{}", function_name(function));
        let deployment = record["deployment_id"].as_str().unwrap_or_default();
        let stream = format!("greenlight/{deployment}/{}", now.as_millisecond());
        self.logs
            .create_log_stream()
            .log_group_name(&group)
            .log_stream_name(&stream)
            .send()
            .await
            .map_err(|error| translate("logs:CreateLogStream", error))?;
        let event = InputLogEvent::builder().timestamp(now.as_millisecond()).message(record.to_string()).build();
        let event = event.expect("a log event with time and message is whole");
        self.logs
            .put_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .log_events(event)
            .send()
            .await
            .map_err(|error| translate("logs:PutLogEvents", error))?;
        Ok(())
    }

    async fn messages(
        &self,
        function: &str,
        containing: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<String>, AwsError> {
        let mut messages = Vec::new();
        let mut token = None;
        loop {
            let answer = self
                .logs
                .filter_log_events()
                .log_group_name(format!("/aws/lambda/{}", function_name(function)))
                .set_filter_pattern(containing.map(|text| format!("\"{text}\"")))
                // Clocks of two services: a second of room.
                .start_time(since.as_millisecond() - 1000)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| translate("logs:FilterLogEvents", error))?;
            messages.extend(
                answer.events().iter().filter_map(|event| event.message()).map(|text| text.trim_end().to_owned()),
            );
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(messages);
            }
        }
    }
}

fn evidence_of(message: &str, deployment: &str, event: &str) -> Option<Evidence> {
    let line: EvidenceLine = serde_json::from_str(message).ok()?;
    let ours = line.greenlight == "evidence"
        && line.evidence.deployment_id == deployment
        && line.evidence.event.name() == event;
    ours.then_some(line.evidence)
}

/// A function's name out of a name or an ARN with or without a qualifier.
pub fn function_name(function: &str) -> &str {
    match function.split_once(":function:") {
        Some((_, name)) => name.split(':').next().unwrap_or(name),
        None => function.split(':').next().unwrap_or(function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_may_be_named_by_arn_alias_or_name() {
        for function in
            ["CodeDeployHook_A", "CodeDeployHook_A:live", "arn:aws:lambda:us-east-1:1:function:CodeDeployHook_A:7"]
        {
            assert_eq!(function_name(function), "CodeDeployHook_A");
        }
    }

    #[test]
    fn a_line_that_is_no_evidence_is_passed_over() {
        assert!(evidence_of("START RequestId: x", "d-1", "AfterAllowTestTraffic").is_none());
        assert!(evidence_of(r#"{"greenlight":"report","schema":1}"#, "d-1", "AfterAllowTestTraffic").is_none());
    }
}
