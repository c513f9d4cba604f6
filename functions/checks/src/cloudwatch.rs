//! CloudWatch as the checks see it: alarms and metric values, asked for through whoever can reach AWS. There is no AWS in
//! this crate; the hook and the driver bring the other side.

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

/// The answer to a question that takes a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Answers questions about alarms and metrics. An error is a text for people: what failed, and why.
pub trait CloudWatch: Send + Sync {
    /// The alarms with these names; one that does not exist is missing from the answer.
    fn alarms(&self, names: &[String]) -> Answer<'_, Vec<Alarm>>;

    /// The values of a metric from `from` (inclusive) to `to` (exclusive), oldest first; a period without data is missing.
    fn metric(&self, query: &MetricQuery, from: Timestamp, to: Timestamp) -> Answer<'_, Vec<Datapoint>>;
}

/// One alarm, metric or composite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: AlarmState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// CloudWatch's own reason.
    pub reason: Option<String>,
}

/// How an alarm stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// Within its threshold.
    Ok,
    /// Past its threshold.
    Alarm,
    /// Not known to CloudWatch.
    InsufficientData,
    /// A state that this version does not know. It is never a pass.
    Other(String),
}

/// Which metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricQuery {
    /// `AWS/ApplicationELB`.
    pub namespace: String,
    /// `HTTPCode_Target_5XX_Count`.
    pub name: String,
    /// Name and value.
    pub dimensions: Vec<(String, String)>,
    /// `Sum`, `Average`, `p99`, ….
    pub statistic: String,
    /// Length of a period, in seconds.
    pub period_seconds: u32,
}

/// One period's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datapoint {
    /// The period's beginning.
    pub at: Timestamp,
    /// The statistic's value in it.
    pub value: f64,
}
