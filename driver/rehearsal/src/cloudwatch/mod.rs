//! CloudWatch: alarms that have a state, and the values of metrics. It keeps what it is told: an alarm's state changes by the
//! scenario and by SetAlarmState, and is not evaluated from metrics.

pub(crate) mod cbor;
mod metrics;
pub(crate) mod serve;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use metrics::Metrics;

use crate::clock::Pace;
pub(crate) use crate::scenario::AlarmState;
use crate::scenario::SeededAlarm;

/// A metric alarm.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alarm {
    /// As PutMetricAlarm sent it; nothing for an alarm of the scenario.
    pub(crate) document: Value,
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    pub(crate) configured: Timestamp,
    /// When the state was last set.
    pub(crate) updated: Timestamp,
    /// When it last became another one.
    pub(crate) transitioned: Timestamp,
}

impl Alarm {
    pub(crate) fn new(document: Value, state: AlarmState, reason: impl Into<String>, now: Timestamp) -> Self {
        Self { document, state, reason: reason.into(), configured: now, updated: now, transitioned: now }
    }

    pub(crate) fn set(&mut self, state: AlarmState, reason: String, now: Timestamp) {
        if self.state != state {
            self.transitioned = now;
        }
        self.state = state;
        self.reason = reason;
        self.updated = now;
    }
}

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloudWatch {
    pub(crate) alarms: BTreeMap<String, Alarm>,
    pub(crate) metrics: Metrics,
    /// What becomes of the scenario's alarms, and when.
    changes: Vec<(Timestamp, String, AlarmState)>,
}

impl CloudWatch {
    /// The alarms of a scenario, which begins now.
    pub(crate) fn seeded(alarms: &BTreeMap<String, SeededAlarm>, pace: Pace, now: Timestamp) -> Self {
        let alarm = |(name, seeded): (&String, &SeededAlarm)| {
            (name.clone(), Alarm::new(Value::Null, seeded.state, "The scenario says so.", now))
        };
        let change = |(name, seeded): (&String, &SeededAlarm)| {
            let (after, state) = seeded.then?;
            Some((now.checked_add(pace.compress(after)).ok()?, name.clone(), state))
        };
        Self {
            alarms: alarms.iter().map(alarm).collect(),
            metrics: Metrics::default(),
            changes: alarms.iter().filter_map(change).collect(),
        }
    }

    /// When [`CloudWatch::change`] is due next.
    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        self.changes.iter().map(|(at, ..)| *at).min()
    }

    /// Let happen what is due; what that was, in a few words each. An alarm that was deleted does not come back.
    pub(crate) fn change(&mut self, now: Timestamp) -> Vec<String> {
        let (due, later) = std::mem::take(&mut self.changes).into_iter().partition(|(at, ..)| *at <= now);
        self.changes = later;
        let mut happened = Vec::new();
        for (_, name, state) in due {
            if let Some(alarm) = self.alarms.get_mut(&name) {
                alarm.set(state, "The scenario says so.".to_owned(), now);
                happened.push(format!("{name} {}", state.name()));
            }
        }
        happened
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_seeded_alarm_changes_once_at_its_time_and_knows_since_when() {
        let seeded = SeededAlarm { state: AlarmState::Ok, then: Some((Duration::from_secs(60), AlarmState::Alarm)) };
        let began = Timestamp::from_second(1_000).unwrap();
        let pace = Pace::new(60.0).unwrap();
        let mut cloudwatch = CloudWatch::seeded(&BTreeMap::from([("shop-5xx".to_owned(), seeded)]), pace, began);
        let due = Timestamp::from_second(1_001).unwrap();
        assert_eq!(cloudwatch.next_change(), Some(due));
        assert_eq!(cloudwatch.change(began), [""; 0]);
        assert_eq!(cloudwatch.alarms["shop-5xx"].state, AlarmState::Ok);
        assert_eq!(cloudwatch.change(due), ["shop-5xx ALARM"]);
        let alarm = &cloudwatch.alarms["shop-5xx"];
        assert_eq!((alarm.state, alarm.transitioned), (AlarmState::Alarm, due));
        assert_eq!((cloudwatch.next_change(), cloudwatch.change(due).len()), (None, 0));
    }

    #[test]
    fn a_state_that_is_set_again_is_updated_and_has_not_changed() {
        let (first, later) = (Timestamp::from_second(1).unwrap(), Timestamp::from_second(2).unwrap());
        let mut alarm = Alarm::new(Value::Null, AlarmState::Alarm, "so", first);
        alarm.set(AlarmState::Alarm, "still".to_owned(), later);
        assert_eq!((alarm.transitioned, alarm.updated, alarm.reason.as_str()), (first, later, "still"));
    }
}
