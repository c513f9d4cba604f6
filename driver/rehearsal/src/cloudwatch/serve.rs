//! Answers CloudWatch's API: alarms to be read and set, values to be put and got.

use std::collections::BTreeMap;

use ciborium::Value as Cbor;
use jiff::Timestamp;
use serde_json::Value;

use super::cbor::{from_json, map, time};
use super::metrics::{Key, Statistic};
use super::{Alarm, AlarmState};
use crate::names::{ACCOUNT, REGION};
use crate::refusal::Refusal;
use crate::world::World;

/// The service in a request in JSON.
pub(crate) const TARGET: &str = "GraniteServiceVersion20100801";

/// Before every operation's name in the path of a request in CBOR.
pub(crate) const PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

/// What there is.
pub(crate) const OPERATIONS: [&str; 6] =
    ["DeleteAlarms", "DescribeAlarms", "GetMetricData", "PutMetricAlarm", "PutMetricData", "SetAlarmState"];

/// Answer one call; nothing is an answer without a body's members.
pub(crate) fn answer(world: &mut World, operation: &str, body: &Value, now: Timestamp) -> Result<Cbor, Refusal> {
    match operation {
        "DescribeAlarms" => describe_alarms(world, body),
        "PutMetricAlarm" => put_metric_alarm(world, body, now),
        "SetAlarmState" => set_alarm_state(world, body, now),
        "DeleteAlarms" => delete_alarms(world, body, now),
        "PutMetricData" => put_metric_data(world, body, now),
        "GetMetricData" => get_metric_data(world, body),
        _ => Err(Refusal::not_implemented("InvalidAction", "CloudWatch", operation, &OPERATIONS)),
    }
}

fn nothing() -> Cbor {
    map([])
}

fn required<'a>(body: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new("MissingParameter", format!("The parameter {member} is required."));
    body[member].as_str().filter(|text| !text.is_empty()).ok_or_else(missing)
}

fn describe_alarms(world: &World, body: &Value) -> Result<Cbor, Refusal> {
    const MOST_NAMES: usize = 100;
    let names: Option<Vec<&str>> =
        body["AlarmNames"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect());
    if names.as_ref().is_some_and(|names| names.len() > MOST_NAMES) {
        return Err(Refusal::new("InvalidParameterValue", "AlarmNames has more than 100 members"));
    }
    let prefix = body["AlarmNamePrefix"].as_str().unwrap_or_default();
    let state = body["StateValue"].as_str();
    let types = body["AlarmTypes"].as_array();
    // There are no composite alarms here.
    let metric_alarms = types.is_none_or(|types| types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm"));
    let most = usize::try_from(body["MaxRecords"].as_u64().unwrap_or(50).clamp(1, 100)).unwrap_or(50);
    let after = body["NextToken"].as_str();
    let mut found = world.cloudwatch.alarms.iter().filter(|(name, alarm)| {
        metric_alarms
            && names.as_ref().is_none_or(|names| names.contains(&name.as_str()))
            && name.starts_with(prefix)
            && state.is_none_or(|state| state == alarm.state.name())
            && after.is_none_or(|after| name.as_str() > after)
    });
    let page: Vec<_> = found.by_ref().take(most).collect();
    let wire = page.iter().map(|(name, alarm)| wire(name, alarm)).collect();
    let mut members = vec![("MetricAlarms", Cbor::Array(wire)), ("CompositeAlarms", Cbor::Array(Vec::new()))];
    if let (Some(_), Some((last, _))) = (found.next(), page.last()) {
        members.push(("NextToken", Cbor::from(last.as_str())));
    }
    Ok(map(members))
}

fn wire(name: &str, alarm: &Alarm) -> Cbor {
    let arn = format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}");
    let own = [
        ("AlarmName", Cbor::from(name)),
        ("AlarmArn", Cbor::from(arn)),
        ("StateValue", Cbor::from(alarm.state.name())),
        ("StateReason", Cbor::from(alarm.reason.as_str())),
        ("StateUpdatedTimestamp", time(alarm.updated)),
        ("StateTransitionedTimestamp", time(alarm.transitioned)),
        ("AlarmConfigurationUpdatedTimestamp", time(alarm.configured)),
    ];
    let mut members: Vec<(Cbor, Cbor)> = own.map(|(name, value)| (Cbor::from(name), value)).into();
    for (member, value) in alarm.document.as_object().into_iter().flatten() {
        if member != "AlarmName" && member != "Tags" {
            members.push((Cbor::from(member.as_str()), from_json(value)));
        }
    }
    Cbor::Map(members)
}

fn put_metric_alarm(world: &mut World, body: &Value, now: Timestamp) -> Result<Cbor, Refusal> {
    let name = required(body, "AlarmName")?.to_owned();
    match world.cloudwatch.alarms.get_mut(&name) {
        Some(alarm) => {
            alarm.document = body.clone();
            alarm.configured = now;
        }
        None => {
            let reason = "Unchecked: Initial alarm creation";
            let alarm = Alarm::new(body.clone(), AlarmState::InsufficientData, reason, now);
            world.cloudwatch.alarms.insert(name.clone(), alarm);
        }
    }
    world.note(now, "cloudwatch", "alarm put", name);
    Ok(nothing())
}

fn set_alarm_state(world: &mut World, body: &Value, now: Timestamp) -> Result<Cbor, Refusal> {
    let name = required(body, "AlarmName")?;
    let given = required(body, "StateValue")?;
    let reason = required(body, "StateReason")?.to_owned();
    let state = AlarmState::ALL.into_iter().find(|state| state.name() == given).ok_or_else(|| {
        Refusal::new("InvalidParameterValue", format!("{given:?} is none of OK, ALARM, INSUFFICIENT_DATA"))
    })?;
    let alarm = world.cloudwatch.alarms.get_mut(name).ok_or_else(not_found)?;
    alarm.set(state, reason, now);
    world.note(now, "cloudwatch", "alarm state set", format!("{name} {given}"));
    // A deployment may be waiting for nothing else.
    world.settle(now);
    Ok(nothing())
}

fn not_found() -> Refusal {
    Refusal { code: "ResourceNotFound", message: "Unknown".into(), status: 404 }
}

/// All or none.
fn delete_alarms(world: &mut World, body: &Value, now: Timestamp) -> Result<Cbor, Refusal> {
    let names: Vec<&str> = body["AlarmNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !names.iter().all(|name| world.cloudwatch.alarms.contains_key(*name)) {
        return Err(not_found());
    }
    for name in names {
        world.cloudwatch.alarms.remove(name);
        world.note(now, "cloudwatch", "alarm deleted", name);
    }
    Ok(nothing())
}

fn put_metric_data(world: &mut World, body: &Value, now: Timestamp) -> Result<Cbor, Refusal> {
    let namespace = required(body, "Namespace")?;
    let mut samples = Vec::new();
    for datum in body["MetricData"].as_array().into_iter().flatten() {
        let key = key(namespace, required(datum, "MetricName")?, &datum["Dimensions"]);
        let at = datum["Timestamp"].as_f64().map_or(Some(now), moment);
        let at = at.ok_or_else(|| Refusal::new("InvalidParameterValue", "a Timestamp is out of range"))?;
        let value = datum["Value"].as_f64().ok_or_else(|| {
            let message = "the rehearsal takes data with a Value; it does not implement Values and StatisticValues";
            Refusal::new("InvalidParameterCombination", message)
        })?;
        samples.push((key, at, value));
    }
    for (key, at, value) in samples {
        world.cloudwatch.metrics.put(key, at, value);
    }
    Ok(nothing())
}

fn get_metric_data(world: &World, body: &Value) -> Result<Cbor, Refusal> {
    let invalid = |message: String| Refusal::new("InvalidParameterValue", message);
    let second = |member: &str| {
        let at = body[member].as_f64().and_then(moment).map(Timestamp::as_second);
        at.ok_or_else(|| Refusal::new("MissingParameter", format!("The parameter {member} is required.")))
    };
    let (start, end) = (second("StartTime")?, second("EndTime")?);
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime.".into()));
    }
    let descending = body["ScanBy"] != "TimestampAscending";
    let mut results = Vec::new();
    for query in body["MetricDataQueries"].as_array().into_iter().flatten() {
        let stat = &query["MetricStat"];
        if !stat.is_object() {
            return Err(invalid("the rehearsal implements queries with a MetricStat only".into()));
        }
        let metric = &stat["Metric"];
        let name = required(metric, "MetricName")?;
        let key = key(required(metric, "Namespace")?, name, &metric["Dimensions"]);
        let given = required(stat, "Stat")?;
        let statistic = Statistic::ALL.into_iter().find(|(known, _)| *known == given).map(|(_, statistic)| statistic);
        let statistic = statistic.ok_or_else(|| {
            let known = Statistic::ALL.map(|(name, _)| name).join(", ");
            invalid(format!("the rehearsal does not implement the statistic {given}; it implements {known}"))
        })?;
        let period = stat["Period"].as_i64().filter(|period| *period > 0);
        let period = period.ok_or_else(|| invalid("Period must be a positive number of seconds".into()))?;
        // The start is rounded down to a period's beginning.
        let from = start.div_euclid(period) * period;
        let mut values = world.cloudwatch.metrics.values(&key, statistic, period, from, end);
        if descending {
            values.reverse();
        }
        let at = |second: &i64| time(Timestamp::from_second(*second).unwrap_or_default());
        results.push(map([
            ("Id", Cbor::from(required(query, "Id")?)),
            ("Label", Cbor::from(query["Label"].as_str().unwrap_or(name))),
            ("Timestamps", Cbor::Array(values.iter().map(|(second, _)| at(second)).collect())),
            ("Values", Cbor::Array(values.iter().map(|(_, value)| Cbor::Float(*value)).collect())),
            ("StatusCode", Cbor::from("Complete")),
        ]));
    }
    Ok(map([("MetricDataResults", Cbor::Array(results)), ("Messages", Cbor::Array(Vec::new()))]))
}

fn key(namespace: &str, name: &str, dimensions: &Value) -> Key {
    let dimension =
        |dimension: &Value| Some((dimension["Name"].as_str()?.to_owned(), dimension["Value"].as_str()?.to_owned()));
    let dimensions: BTreeMap<String, String> =
        dimensions.as_array().into_iter().flatten().filter_map(dimension).collect();
    (namespace.to_owned(), name.to_owned(), dimensions)
}

#[expect(clippy::cast_possible_truncation, reason = "a time beyond is none, and is refused")]
fn moment(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).ok()
}
