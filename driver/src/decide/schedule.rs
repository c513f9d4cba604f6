//! When traffic is expected to move, and how long a deployment may take at most. It predicts; it never claims: what is shown
//! as the split always comes from a snapshot.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How production traffic shifts.
#[derive(Clone, Debug, PartialEq)]
pub enum Shift {
    /// At once.
    AllAtOnce,
    /// A share first, the rest after a wait.
    Canary {
        /// The first share, in percent.
        percent: f64,
        /// The wait.
        interval: Duration,
    },
    /// Equal steps.
    Linear {
        /// One step, in percent.
        percent: f64,
        /// Between two steps.
        interval: Duration,
    },
    /// The configuration could not be read.
    Unknown,
}

impl Shift {
    /// The five predefined configurations for ECS (CodeDeploy user guide, "Deployment configurations").
    pub fn predefined(config: &str) -> Option<Self> {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        match config.strip_prefix("CodeDeployDefault.")? {
            "ECSAllAtOnce" => Some(Self::AllAtOnce),
            "ECSCanary10Percent5Minutes" => Some(Self::Canary { percent: 10.0, interval: minutes(5) }),
            "ECSCanary10Percent15Minutes" => Some(Self::Canary { percent: 10.0, interval: minutes(15) }),
            "ECSLinear10PercentEvery1Minutes" => Some(Self::Linear { percent: 10.0, interval: minutes(1) }),
            "ECSLinear10PercentEvery3Minutes" => Some(Self::Linear { percent: 10.0, interval: minutes(3) }),
            _ => None,
        }
    }

    /// From the first share to the last. The first is moved at once, so N steps take N − 1 waits (aws-facts §2).
    pub fn duration(&self) -> Duration {
        match self {
            Self::AllAtOnce | Self::Unknown => Duration::ZERO,
            Self::Canary { interval, .. } => *interval,
            Self::Linear { percent, interval } => interval.mul_f64(((100.0 / percent).ceil() - 1.0).max(0.0)),
        }
    }

    /// Every share of production that the replacement will have, and when, measured from the first one.
    pub fn steps(&self) -> Vec<(Duration, f64)> {
        match self {
            Self::AllAtOnce => vec![(Duration::ZERO, 100.0)],
            Self::Canary { percent, interval } => vec![(Duration::ZERO, *percent), (*interval, 100.0)],
            Self::Linear { percent, interval } => {
                let count = (100.0 / percent).ceil().max(1.0) as u32;
                (0..count).map(|step| (*interval * step, (percent * f64::from(step + 1)).min(100.0))).collect()
            }
            Self::Unknown => Vec::new(),
        }
    }

    /// The next step: how much more, and how long until then, measured from the start of AllowTraffic.
    pub fn next_step(&self, weight: f64, started: Timestamp, now: Timestamp, pace: f64) -> Option<(f64, Duration)> {
        let (more, after) = match self {
            Self::AllAtOnce | Self::Unknown => return None,
            Self::Canary { .. } | Self::Linear { .. } if weight >= 100.0 || weight <= 0.0 => return None,
            Self::Canary { interval, .. } => (100.0 - weight, *interval),
            Self::Linear { percent, interval } => {
                let steps_done = (weight / percent).round();
                (percent.min(100.0 - weight), interval.mul_f64(steps_done))
            }
        };
        let due = after.div_f64(pace);
        let gone = Duration::try_from(now.duration_since(started)).unwrap_or(Duration::ZERO);
        Some((more, due.saturating_sub(gone)))
    }
}

/// What bounds a deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The shift.
    pub shift: Shift,
    /// The wait for a person.
    pub ready_wait: Duration,
    /// The wait before the original task set ends.
    pub termination_wait: Duration,
    /// Functions that may each take their hour.
    pub hooks: u32,
    /// How much faster than AWS its waits pass.
    pub pace: f64,
}

impl Bounds {
    /// CodeDeploy's own limit on a hook's report, and on the replacement's becoming steady (aws-facts §2, §3).
    const HOUR: Duration = Duration::from_secs(3600);
    /// Gaps between events, starts, and the rollback.
    const MARGIN: Duration = Duration::from_secs(15 * 60);
    /// Whatever the pace, processes start and requests take their own time.
    const FLOOR: Duration = Duration::from_secs(5 * 60);

    /// The time by which the deployment has ended in any case that CodeDeploy knows.
    pub fn deadline(&self, created: Timestamp) -> Timestamp {
        let whole = Self::HOUR
            + Self::HOUR * self.hooks
            + self.ready_wait
            + self.shift.duration()
            + self.termination_wait
            + Self::MARGIN;
        let bounded = whole.div_f64(self.pace).max(Self::FLOOR);
        created + SignedDuration::try_from(bounded).expect("some days fit into a signed duration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn predefined(name: &str) -> Shift {
        Shift::predefined(&format!("CodeDeployDefault.{name}")).unwrap()
    }

    #[test]
    fn the_five_predefined_configurations_take_as_long_as_documented() {
        for (name, minutes) in [
            ("ECSAllAtOnce", 0),
            ("ECSCanary10Percent5Minutes", 5),
            ("ECSCanary10Percent15Minutes", 15),
            ("ECSLinear10PercentEvery1Minutes", 9),
            ("ECSLinear10PercentEvery3Minutes", 27),
        ] {
            assert_eq!(predefined(name).duration(), Duration::from_secs(60 * minutes), "{name}");
        }
        assert_eq!(Shift::predefined("mine"), None);
    }

    #[test]
    fn a_canary_moves_the_rest_after_its_interval() {
        let shift = predefined("ECSCanary10Percent5Minutes");
        assert_eq!(shift.next_step(10.0, at(0), at(130), 1.0), Some((90.0, Duration::from_secs(170))));
        assert_eq!(shift.next_step(100.0, at(0), at(301), 1.0), None);
        assert_eq!(
            shift.next_step(10.0, at(0), at(400), 1.0),
            Some((90.0, Duration::ZERO)),
            "late is due, not negative"
        );
    }

    #[test]
    fn a_linear_shift_steps_from_what_is_seen_and_not_from_the_clock() {
        let shift = predefined("ECSLinear10PercentEvery1Minutes");
        assert_eq!(shift.next_step(30.0, at(0), at(125), 1.0), Some((10.0, Duration::from_secs(55))));
        let odd = Shift::Linear { percent: 30.0, interval: Duration::from_secs(60) };
        assert_eq!(odd.duration(), Duration::from_secs(180));
        assert_eq!(odd.next_step(90.0, at(0), at(125), 1.0), Some((10.0, Duration::from_secs(55))));
    }

    #[test]
    fn the_steps_end_with_everything() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(Shift::AllAtOnce.steps(), [(Duration::ZERO, 100.0)]);
        assert_eq!(predefined("ECSCanary10Percent5Minutes").steps(), [(minutes(0), 10.0), (minutes(5), 100.0)]);
        let odd = Shift::Linear { percent: 30.0, interval: minutes(1) };
        assert_eq!(odd.steps(), [(minutes(0), 30.0), (minutes(1), 60.0), (minutes(2), 90.0), (minutes(3), 100.0)]);
        assert_eq!(odd.steps().last().unwrap().0, odd.duration());
    }

    #[test]
    fn a_pace_shortens_the_prediction() {
        let shift = predefined("ECSCanary10Percent5Minutes");
        assert_eq!(shift.next_step(10.0, at(0), at(1), 200.0), Some((90.0, Duration::from_millis(500))));
    }

    #[test]
    fn before_the_first_share_nothing_is_predicted() {
        assert_eq!(predefined("ECSCanary10Percent5Minutes").next_step(0.0, at(0), at(1), 1.0), None);
    }

    #[test]
    fn the_deadline_leaves_room_for_every_hook_to_take_its_hour() {
        let bounds = Bounds {
            shift: predefined("ECSCanary10Percent5Minutes"),
            ready_wait: Duration::ZERO,
            termination_wait: Duration::from_secs(300),
            hooks: 2,
            pace: 1.0,
        };
        assert_eq!(bounds.deadline(at(0)), at(3 * 3600 + 300 + 300 + 900));
        assert_eq!(Bounds { pace: 200.0, ..bounds }.deadline(at(0)), at(300));
    }
}
