//! CloudWatch as the checks see it: alarms and metric values, asked for through whoever can reach AWS. There is no AWS in
//! this crate; the hook and the driver bring the other side.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

/// The answer to a question that takes a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unanswered>> + Send + 'a>>;

/// Answers questions about alarms and metrics. Whoever implements it has its own patience with a network and with a
/// permission that is new; what it gives up on is an error here.
pub trait CloudWatch: Send + Sync {
    /// The alarms with these names, metric and composite; one that does not exist is missing from the answer.
    fn alarms<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Alarm>>;

    /// The values of a metric from `from` (inclusive) to `to` (exclusive), oldest first; a period without data is missing.
    fn metric<'a>(&'a self, query: &'a MetricQuery, from: Timestamp, to: Timestamp) -> Answer<'a, Vec<Datapoint>>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// For people: what failed, why, and what to do.
    pub text: String,
    /// Whether a later question may be answered: throttled, no network, a server's fault.
    pub may_pass: bool,
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

impl From<&str> for AlarmState {
    fn from(wire: &str) -> Self {
        match wire {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Other(other) => other,
        })
    }
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

impl fmt::Display for MetricQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {}", self.statistic, self.namespace, self.name)?;
        if self.dimensions.is_empty() {
            return Ok(());
        }
        let dimensions: Vec<_> = self.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(f, " ({})", dimensions.join(", "))
    }
}

/// One period's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datapoint {
    /// The period's beginning.
    pub at: Timestamp,
    /// The statistic's value in it.
    pub value: f64,
}
