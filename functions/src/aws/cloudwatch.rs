//! What CloudWatch says: alarms and the values of a metric, for the checks that ask. A denial is given the same patience
//! as any other read's; data that is not complete is an error here and never a shorter answer.

use std::sync::Arc;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, MessageData, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;
use greenlight_checks::cloudwatch::{Alarm, AlarmState, Answer, CloudWatch, Datapoint, MetricQuery, Unanswered};
use jiff::Timestamp;

use super::fault::{Fault, Unread};
use super::whole::{UnreadableAnswers, WholeAnswers};
use super::{Aws, ReadError, careful};
use crate::patience::Patience;

const DESCRIBE_ALARMS: &str = "cloudwatch:DescribeAlarms";
const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";
/// More names are refused.
const NAMES_A_CALL: usize = 100;

/// Asks with patience.
#[derive(Debug)]
struct Reader {
    questions: Questions,
    patience: Patience,
}

/// Asks once.
#[derive(Debug)]
struct Questions {
    client: Client,
}

impl Aws {
    /// CloudWatch for the checks. Its client is made here, because most plans ask it nothing.
    pub(crate) fn cloudwatch(&self, patience: Patience) -> Arc<dyn CloudWatch> {
        Arc::new(Reader { questions: self.cloudwatch_questions(), patience })
    }

    /// Alarms, asked for once and without patience.
    pub(crate) async fn alarms(&self, names: &[String]) -> Result<Vec<Alarm>, ReadError> {
        self.cloudwatch_questions().read_alarms(names).await
    }

    /// A metric's values, asked for once and without patience.
    pub(crate) async fn metric(
        &self,
        query: &MetricQuery,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Datapoint>, ReadError> {
        self.cloudwatch_questions().read_metric(query, from, to).await
    }

    fn cloudwatch_questions(&self) -> Questions {
        Questions { client: Client::from_conf(careful!(aws_sdk_cloudwatch, &self.shared).build()) }
    }
}

impl CloudWatch for Reader {
    fn alarms<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Alarm>> {
        Box::pin(async move { self.patience.read(|| self.questions.read_alarms(names)).await.map_err(unanswered) })
    }

    fn metric<'a>(&'a self, query: &'a MetricQuery, from: Timestamp, to: Timestamp) -> Answer<'a, Vec<Datapoint>> {
        Box::pin(
            async move { self.patience.read(|| self.questions.read_metric(query, from, to)).await.map_err(unanswered) },
        )
    }
}

impl Questions {
    /// `DescribeAlarms`. Without the types it would leave out composite alarms.
    async fn read_alarms(&self, names: &[String]) -> Result<Vec<Alarm>, ReadError> {
        let mut alarms = Vec::with_capacity(names.len());
        for names in names.chunks(NAMES_A_CALL) {
            let mut token = None;
            loop {
                let page = self
                    .client
                    .describe_alarms()
                    .set_alarm_names(Some(names.to_vec()))
                    .alarm_types(AlarmType::MetricAlarm)
                    .alarm_types(AlarmType::CompositeAlarm)
                    .set_next_token(token)
                    .send()
                    .await
                    .map_err(|error| ReadError::call(DESCRIBE_ALARMS, &error))?;
                alarms.extend(page.metric_alarms().iter().map(|found| Alarm {
                    name: found.alarm_name().unwrap_or_default().to_owned(),
                    state: state(found.state_value().map(|state| state.as_str())),
                    since: since(found.state_transitioned_timestamp(), found.state_updated_timestamp()),
                    reason: found.state_reason.clone(),
                }));
                alarms.extend(page.composite_alarms().iter().map(|found| Alarm {
                    name: found.alarm_name().unwrap_or_default().to_owned(),
                    state: state(found.state_value().map(|state| state.as_str())),
                    since: since(found.state_transitioned_timestamp(), found.state_updated_timestamp()),
                    reason: found.state_reason.clone(),
                }));
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(alarms)
    }

    /// `GetMetricData`, of one metric. A page that is not the last may be partial; the last one must be complete.
    async fn read_metric(
        &self,
        query: &MetricQuery,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Datapoint>, ReadError> {
        let mut values = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .get_metric_data()
                .metric_data_queries(asked(query))
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(to.as_second()))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| ReadError::call(GET_METRIC_DATA, &error))?;
            token = page.next_token.clone().filter(|token| !token.is_empty());
            let [result] = page.metric_data_results() else {
                let what = format!("one result for one query, but {}", page.metric_data_results().len());
                return Err(ReadError::missing(GET_METRIC_DATA, what));
            };
            if result.timestamps().len() != result.values().len() {
                return Err(ReadError::missing(GET_METRIC_DATA, "time for every value"));
            }
            for (at, value) in result.timestamps().iter().zip(result.values()) {
                let at = Timestamp::from_second(at.secs())
                    .map_err(|_| ReadError::missing(GET_METRIC_DATA, "time that can be read"))?;
                values.push(Datapoint { at, value: *value });
            }
            let messages = || page.messages().iter().chain(result.messages());
            match result.status_code() {
                Some(StatusCode::Complete) => {}
                Some(StatusCode::PartialData) if token.is_some() => {}
                status => return Err(incomplete(status, messages())),
            }
            if token.is_none() {
                return Ok(values);
            }
        }
    }
}

fn asked(query: &MetricQuery) -> MetricDataQuery {
    let dimension = |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.name)
        .set_dimensions(Some(query.dimensions.iter().map(dimension).collect()))
        .build();
    let statistic = MetricStat::builder()
        .metric(metric)
        // Three hours at most, by the plan.
        .period(i32::try_from(query.period_seconds).unwrap_or(i32::MAX))
        .stat(&query.statistic)
        .build();
    MetricDataQuery::builder().id("asked").metric_stat(statistic).build()
}

/// `PartialData` without a further page, `InternalError`, `Forbidden`, or something that is not known.
fn incomplete<'a>(status: Option<&StatusCode>, messages: impl Iterator<Item = &'a MessageData>) -> ReadError {
    let fault = match status {
        Some(StatusCode::Forbidden) => Fault::Denied,
        Some(StatusCode::PartialData | StatusCode::InternalError) => Fault::Server,
        _ => Fault::Final,
    };
    let mut told = format!("its status is {}", status.map_or("missing", StatusCode::as_str));
    for message in messages {
        told += &format!("; {}: {}", message.code().unwrap_or_default(), message.value().unwrap_or_default());
    }
    ReadError { action: GET_METRIC_DATA, unread: Unread::Call { fault, told } }
}

fn state(wire: Option<&str>) -> AlarmState {
    wire.map_or_else(|| AlarmState::Other("(no state)".to_owned()), AlarmState::from)
}

/// Since the state last changed. The other time moves with every evaluation's own news as well, so that it can only be later.
fn since(transitioned: Option<&DateTime>, updated: Option<&DateTime>) -> Option<Timestamp> {
    let millis = transitioned.or(updated)?.to_millis().ok()?;
    Timestamp::from_millisecond(millis).ok()
}

fn unanswered(error: ReadError) -> Unanswered {
    let may_pass = match &error.unread {
        Unread::Call { fault: Fault::Network | Fault::Throttled | Fault::Server, .. } => true,
        Unread::Call { fault: Fault::Denied | Fault::Final, .. } | Unread::Missing(_) => false,
    };
    Unanswered { text: error.with_advice(), may_pass }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_missing_or_new_is_shown_and_never_ok() {
        assert_eq!(state(Some("OK")), AlarmState::Ok);
        assert_eq!(state(Some("PAUSED")), AlarmState::Other("PAUSED".to_owned()));
        assert_eq!(state(None), AlarmState::Other("(no state)".to_owned()));
    }

    #[test]
    fn since_when_an_alarm_is_red_never_lies_before_it_became_red() {
        let (first, later) = (DateTime::from_secs(100), DateTime::from_secs(200));
        assert_eq!(since(Some(&first), Some(&later)).unwrap().as_second(), 100);
        assert_eq!(since(None, Some(&later)).unwrap().as_second(), 200);
        assert_eq!(since(None, None), None);
    }

    #[test]
    fn data_that_is_not_complete_is_told_with_what_cloudwatch_says_of_it() {
        let said = MessageData::builder().code("ArchivedMetrics").value("too old").build();
        let error = incomplete(Some(&StatusCode::InternalError), [&said].into_iter());
        let told = unanswered(error);
        assert_eq!(
            told.text,
            "cloudwatch:GetMetricData: its status is InternalError; ArchivedMetrics: too old; asking again did not help: try \
             again when the service is well"
        );
        assert!(told.may_pass);
        let told = unanswered(incomplete(Some(&StatusCode::Forbidden), std::iter::empty()));
        assert_eq!(
            told.text,
            "cloudwatch:GetMetricData: its status is Forbidden; allow cloudwatch:GetMetricData in the function's role"
        );
        assert!(!told.may_pass);
        assert!(!unanswered(incomplete(None, std::iter::empty())).may_pass);
    }
}
