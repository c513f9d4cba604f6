//! CloudWatch for the checks that ask it: alarms and the values of a metric, with the credentials and region at hand. Data
//! that is not complete is an error here and never a shorter answer.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, MessageData, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;
use greenlight_checks::cloudwatch::{Alarm, AlarmState, Answer, CloudWatch, Datapoint, MetricQuery, Unanswered};
use jiff::Timestamp;

use super::error::{AwsError, ErrorKind, translate};
use super::{Connection, time};

const DESCRIBE_ALARMS: &str = "cloudwatch:DescribeAlarms";
const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";
/// More names are refused.
const NAMES_A_CALL: usize = 100;

/// A client for nothing but the checks.
#[derive(Clone, Debug)]
pub struct Reader(Client);

impl super::Aws {
    /// A client for checks.
    pub fn cloudwatch(&self) -> Reader {
        Reader::of(&self.cloudwatch)
    }
}

impl Reader {
    /// Reads profile, region and credentials. Nothing is sent yet.
    pub async fn connect(connection: &Connection) -> Self {
        Self(Client::new(&connection.configuration().await))
    }

    /// One for alarms, from a client that there is.
    pub(super) fn of(client: &Client) -> Self {
        Self(client.clone())
    }

    /// The alarms of these names, as the checks look at them.
    pub(super) async fn read_alarms(&self, names: &[String]) -> Result<Vec<Alarm>, AwsError> {
        let mut alarms = Vec::with_capacity(names.len());
        for page in self.described_alarms(names).await? {
            alarms.extend(page.metric_alarms().iter().map(|found| Alarm {
                name: found.alarm_name().unwrap_or_default().to_owned(),
                state: state(found.state_value().map(|state| state.as_str())),
                since: time(found.state_transitioned_timestamp().or(found.state_updated_timestamp())),
                reason: found.state_reason.clone(),
            }));
            alarms.extend(page.composite_alarms().iter().map(|found| Alarm {
                name: found.alarm_name().unwrap_or_default().to_owned(),
                state: state(found.state_value().map(|state| state.as_str())),
                since: time(found.state_transitioned_timestamp().or(found.state_updated_timestamp())),
                reason: found.state_reason.clone(),
            }));
        }
        Ok(alarms)
    }

    /// `DescribeAlarms`, every page. Without the types it would leave out composite alarms.
    pub(super) async fn described_alarms(&self, names: &[String]) -> Result<Vec<DescribeAlarmsOutput>, AwsError> {
        let mut pages = Vec::new();
        for names in names.chunks(NAMES_A_CALL) {
            let mut token = None;
            loop {
                let page = self
                    .0
                    .describe_alarms()
                    .set_alarm_names(Some(names.to_vec()))
                    .alarm_types(AlarmType::MetricAlarm)
                    .alarm_types(AlarmType::CompositeAlarm)
                    .set_next_token(token)
                    .send()
                    .await
                    .map_err(|error| translate(DESCRIBE_ALARMS, error))?;
                token = page.next_token.clone().filter(|token| !token.is_empty());
                pages.push(page);
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(pages)
    }

    /// `GetMetricData`, of one metric. A page that is not the last may be partial; the last one must be complete.
    async fn read_metric(
        &self,
        query: &MetricQuery,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Datapoint>, AwsError> {
        let mut values = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .0
                .get_metric_data()
                .metric_data_queries(asked(query))
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(to.as_second()))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| translate(GET_METRIC_DATA, error))?;
            token = page.next_token.clone().filter(|token| !token.is_empty());
            let [result] = page.metric_data_results() else {
                return Err(unreadable("it has not one result for one query".to_owned()));
            };
            if result.timestamps().len() != result.values().len() {
                return Err(unreadable("it has not one time for every value".to_owned()));
            }
            for (at, value) in result.timestamps().iter().zip(result.values()) {
                let at = time(Some(at)).ok_or_else(|| unreadable(format!("it has a time out of range: {at:?}")))?;
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

impl CloudWatch for Reader {
    fn alarms<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Alarm>> {
        Box::pin(async move { self.read_alarms(names).await.map_err(unanswered) })
    }

    fn metric<'a>(&'a self, query: &'a MetricQuery, from: Timestamp, to: Timestamp) -> Answer<'a, Vec<Datapoint>> {
        Box::pin(async move { self.read_metric(query, from, to).await.map_err(unanswered) })
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
fn incomplete<'a>(status: Option<&StatusCode>, messages: impl Iterator<Item = &'a MessageData>) -> AwsError {
    let kind = match status {
        Some(StatusCode::Forbidden) => ErrorKind::NotAllowed,
        Some(StatusCode::PartialData | StatusCode::InternalError) => ErrorKind::Unavailable,
        _ => ErrorKind::Refused,
    };
    let mut text = format!("its status is {}", status.map_or("missing", StatusCode::as_str));
    for message in messages {
        text += &format!("; {}: {}", message.code().unwrap_or_default(), message.value().unwrap_or_default());
    }
    AwsError { operation: GET_METRIC_DATA, kind, code: None, text }
}

fn unreadable(what: String) -> AwsError {
    let text = format!("the answer cannot be read: {what}");
    AwsError { operation: GET_METRIC_DATA, kind: ErrorKind::Refused, code: None, text }
}

fn state(wire: Option<&str>) -> AlarmState {
    wire.map_or_else(|| AlarmState::Other("(no state)".to_owned()), AlarmState::from)
}

fn unanswered(error: AwsError) -> Unanswered {
    let advice = match error.kind {
        ErrorKind::NotAllowed => format!("; the credentials in use need {}", error.operation),
        ErrorKind::NotSent => "; give AWS_REGION and credentials, or AWS_PROFILE".to_owned(),
        ErrorKind::Throttled
        | ErrorKind::Unavailable
        | ErrorKind::NotFound
        | ErrorKind::NotStarted
        | ErrorKind::Conflict
        | ErrorKind::Refused => String::new(),
    };
    let may_pass = matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable);
    Unanswered { text: format!("{error}{advice}"), may_pass }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_missing_or_new_is_shown_and_never_ok() {
        assert_eq!(state(Some("ALARM")), AlarmState::Alarm);
        assert_eq!(state(Some("PAUSED")), AlarmState::Other("PAUSED".to_owned()));
        assert_eq!(state(None), AlarmState::Other("(no state)".to_owned()));
    }

    #[test]
    fn data_that_is_not_complete_is_an_error_with_what_cloudwatch_says_of_it() {
        let said = MessageData::builder().code("ArchivedMetrics").value("too old").build();
        let told = unanswered(incomplete(Some(&StatusCode::PartialData), [&said].into_iter()));
        assert_eq!(told.text, "cloudwatch:GetMetricData: its status is PartialData; ArchivedMetrics: too old");
        assert!(told.may_pass);
        let told = unanswered(incomplete(Some(&StatusCode::Forbidden), std::iter::empty()));
        assert_eq!(
            told.text,
            "cloudwatch:GetMetricData: its status is Forbidden; the credentials in use need cloudwatch:GetMetricData"
        );
        assert!(!told.may_pass);
    }
}
