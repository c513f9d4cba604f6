//! CloudWatch as one hook sees it, in the protocol that the SDK speaks to it: CBOR, one path an operation (Smithy RPC v2).
//! The values are written by hand from the service's model; no type is shared with the hook.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ciborium::Value;

use super::aws::{Fault, State, fault};

/// Before every operation's name.
pub(crate) const OPERATIONS: &str = "/service/GraniteServiceVersion20100801/operation/";
/// A page of the answer to `DescribeAlarms`.
const PAGE: usize = 50;

/// What is so, until a test changes it.
#[derive(Default)]
pub(crate) struct CloudWatch {
    pub(crate) alarms: Vec<Alarm>,
    /// Values from the newest period backwards; every further one has none.
    pub(crate) newest: Vec<f64>,
    /// `StatusCode` of the values.
    pub(crate) status: Option<&'static str>,
}

/// One alarm.
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(crate) composite: bool,
    pub(crate) state: &'static str,
    /// When it got into this state; seconds since the epoch.
    pub(crate) since: f64,
}

impl Alarm {
    /// A metric alarm that has been in this state since a time, in seconds since the epoch.
    pub(crate) fn new(name: &str, state: &'static str, since: f64) -> Self {
        Self { name: name.to_owned(), composite: false, state, since }
    }

    fn wire(&self) -> Value {
        let time = |seconds: f64| Value::Tag(1, Box::new(Value::Float(seconds)));
        map([
            ("AlarmName", Value::from(self.name.as_str())),
            ("StateValue", Value::from(self.state)),
            ("StateReason", Value::from("Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).")),
            // It moves on with every evaluation that has news of its own.
            ("StateUpdatedTimestamp", time(self.since + 3_600.0)),
            ("StateTransitionedTimestamp", time(self.since)),
        ])
    }
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.map(|(name, value)| (Value::from(name), value)).into())
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_map()?.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_text).collect()
}

pub(crate) fn answer(state: &mut State, operation: &str, body: &[u8]) -> Response {
    if let Some(Fault(status, code)) = fault(state, operation) {
        return refused(status, code, operation);
    }
    let input: Value = ciborium::from_reader(body).unwrap();
    match operation {
        "DescribeAlarms" => cbor(200, &alarms(&state.cloudwatch, &input)),
        "GetMetricData" => cbor(200, &values(&state.cloudwatch, &input)),
        other => {
            state.unexpected.push(other.to_owned());
            refused(400, "InvalidAction", operation)
        }
    }
}

/// As AWS has it for clients that grew up with the Query protocol: the code they know is in a header.
fn refused(status: u16, code: &str, operation: &str) -> Response {
    let kind = format!("com.amazonaws.cloudwatch#{code}");
    let body = map([("__type", Value::from(kind)), ("message", Value::from(format!("switched on for {operation}")))]);
    let mut response = cbor(status, &body);
    let header = format!("{code};Sender");
    response.headers_mut().insert("x-amzn-query-error", header.parse().unwrap());
    response
}

fn cbor(status: u16, value: &Value) -> Response {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    let headers = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")];
    (StatusCode::from_u16(status).unwrap(), headers, bytes).into_response()
}

fn alarms(cloudwatch: &CloudWatch, input: &Value) -> Value {
    let names = texts(member(input, "AlarmNames"));
    assert!(names.len() <= 100, "AWS refuses more than 100 names, and got {}", names.len());
    let types = texts(member(input, "AlarmTypes"));
    // Without the parameter, AWS leaves composite alarms out.
    let wanted = |alarm: &&Alarm| {
        let kind = if alarm.composite { "CompositeAlarm" } else { "MetricAlarm" };
        names.contains(&alarm.name.as_str()) && (types.contains(&kind) || (types.is_empty() && !alarm.composite))
    };
    let start = member(input, "NextToken").and_then(Value::as_text).map_or(0, |token| token.parse().unwrap());
    let found: Vec<&Alarm> = cloudwatch.alarms.iter().filter(wanted).collect();
    let page = || found.iter().skip(start).take(PAGE);
    let of = |composite| {
        Value::Array(page().filter(|alarm| alarm.composite == composite).map(|alarm| alarm.wire()).collect())
    };
    let mut answer = vec![(Value::from("MetricAlarms"), of(false)), (Value::from("CompositeAlarms"), of(true))];
    if found.len() > start + PAGE {
        answer.push((Value::from("NextToken"), Value::from((start + PAGE).to_string())));
    }
    Value::Map(answer)
}

/// One value a page, oldest first, as it was asked for.
fn values(cloudwatch: &CloudWatch, input: &Value) -> Value {
    let time = |name: &str| match member(input, name) {
        Some(Value::Tag(1, seconds)) => seconds
            .as_integer()
            .map_or_else(|| seconds.as_float().unwrap() as i64, |whole| i64::try_from(whole).unwrap()),
        other => panic!("{name} is no time: {other:?}"),
    };
    assert_eq!(member(input, "ScanBy").and_then(Value::as_text), Some("TimestampAscending"));
    let query = &member(input, "MetricDataQueries").and_then(Value::as_array).unwrap()[0];
    let statistic = member(query, "MetricStat").unwrap();
    let period = i64::try_from(member(statistic, "Period").and_then(Value::as_integer).unwrap()).unwrap();
    let (from, to) = (time("StartTime"), time("EndTime"));
    let periods: Vec<i64> = (from..to).step_by(usize::try_from(period).unwrap()).collect();
    let there = cloudwatch.newest.len().min(periods.len());
    let values: Vec<(i64, f64)> = periods[periods.len() - there..]
        .iter()
        .copied()
        .zip(cloudwatch.newest.iter().take(there).rev().copied())
        .collect();
    let start: usize = member(input, "NextToken").and_then(Value::as_text).map_or(0, |token| token.parse().unwrap());
    let page = || values.iter().skip(start).take(1);
    let more = values.len() > start + 1;
    let status = cloudwatch.status.unwrap_or(if more { "PartialData" } else { "Complete" });
    let result = map([
        ("Id", member(query, "Id").unwrap().clone()),
        ("Label", Value::from("Errors")),
        ("Timestamps", page().map(|(at, _)| Value::Tag(1, Box::new(Value::from(*at)))).collect::<Vec<_>>().into()),
        ("Values", page().map(|(_, value)| Value::Float(*value)).collect::<Vec<_>>().into()),
        ("StatusCode", Value::from(status)),
    ]);
    let mut answer = vec![
        (Value::from("MetricDataResults"), Value::Array(vec![result])),
        (Value::from("Messages"), Value::Array(Vec::new())),
    ];
    if more {
        answer.push((Value::from("NextToken"), Value::from((start + 1).to_string())));
    }
    Value::Map(answer)
}
