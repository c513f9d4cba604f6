//! Deployment configurations: how production traffic moves, as increments with their times. Pure numbers.

use std::collections::BTreeMap;
use std::time::Duration;

/// How traffic moves to the replacement. Intervals are AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Everything at once.
    AllAtOnce,
    /// A part first, the rest after the interval.
    Canary { percentage: u32, minutes: u32 },
    /// Equal parts, one at once and then one an interval.
    Linear { percentage: u32, minutes: u32 },
}

/// A named deployment configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) id: String,
    pub(crate) traffic: Traffic,
}

/// The configuration of every rollback deployment, whatever the group's is.
pub(crate) const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// What AWS predefines for ECS.
pub(crate) const PREDEFINED: [(&str, Traffic); 5] = [
    (ALL_AT_ONCE, Traffic::AllAtOnce),
    ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", Traffic::Linear { percentage: 10, minutes: 1 }),
    ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", Traffic::Linear { percentage: 10, minutes: 3 }),
    ("CodeDeployDefault.ECSCanary10Percent5Minutes", Traffic::Canary { percentage: 10, minutes: 5 }),
    ("CodeDeployDefault.ECSCanary10Percent15Minutes", Traffic::Canary { percentage: 10, minutes: 15 }),
];

/// The predefined configurations, with ids in AWS's form.
pub(crate) fn predefined() -> BTreeMap<String, Configuration> {
    let configuration = |(number, (name, traffic)): (usize, (&str, Traffic))| {
        // Seen: ECSLinear10PercentEvery1Minutes has …15.
        let id = format!("00000000-0000-0000-0000-0000000000{}", 14 + number);
        (name.to_owned(), Configuration { id, traffic })
    };
    PREDEFINED.into_iter().enumerate().map(configuration).collect()
}

impl Traffic {
    /// The weights of the replacement in percent, each with its distance from the start of the shift.
    pub(crate) fn increments(self) -> Vec<(Duration, u32)> {
        let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
        match self {
            Self::AllAtOnce => vec![(Duration::ZERO, 100)],
            Self::Canary { percentage, minutes: interval } => {
                vec![(Duration::ZERO, percentage), (minutes(interval), 100)]
            }
            Self::Linear { percentage, minutes: interval } => (1..=100_u32.div_ceil(percentage))
                .map(|step| (minutes(interval * (step - 1)), (percentage * step).min(100)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes_and_weights(name: &str) -> Vec<(u64, u32)> {
        let traffic = PREDEFINED.iter().find(|(known, _)| *known == name).unwrap().1;
        traffic.increments().into_iter().map(|(offset, weight)| (offset.as_secs() / 60, weight)).collect()
    }

    #[test]
    fn facts_2_linear_begins_at_once_and_ends_after_nine_intervals() {
        let every = |interval: u64| (0..10).map(|step| (step * interval, (step as u32 + 1) * 10)).collect::<Vec<_>>();
        assert_eq!(minutes_and_weights("CodeDeployDefault.ECSLinear10PercentEvery1Minutes"), every(1));
        assert_eq!(minutes_and_weights("CodeDeployDefault.ECSLinear10PercentEvery3Minutes"), every(3));
    }

    #[test]
    fn canary_moves_in_two_steps_and_all_at_once_in_one() {
        assert_eq!(minutes_and_weights("CodeDeployDefault.ECSCanary10Percent5Minutes"), [(0, 10), (5, 100)]);
        assert_eq!(minutes_and_weights("CodeDeployDefault.ECSCanary10Percent15Minutes"), [(0, 10), (15, 100)]);
        assert_eq!(minutes_and_weights(ALL_AT_ONCE), [(0, 100)]);
    }

    #[test]
    fn a_linear_step_that_does_not_divide_a_hundred_ends_at_a_hundred() {
        let weights: Vec<_> = Traffic::Linear { percentage: 30, minutes: 1 }.increments();
        assert_eq!(weights.iter().map(|(_, weight)| *weight).collect::<Vec<_>>(), [30, 60, 90, 100]);
    }

    #[test]
    fn facts_10_the_linear_configuration_has_the_id_that_was_seen() {
        let seen = &predefined()["CodeDeployDefault.ECSLinear10PercentEvery1Minutes"];
        assert_eq!(seen.id, "00000000-0000-0000-0000-000000000015");
    }
}
