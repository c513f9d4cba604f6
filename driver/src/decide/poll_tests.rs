//! Whole deployments in simulated time: how many calls following them takes, and how late their end is seen, beside the peer that
//! asks every 15 seconds.

use super::*;
use crate::decide::schedule::Shift;
use crate::decide::testing::{at, set_event, set_weight, snapshot};
use crate::decide::until::EVENTS;
use crate::decide::watch::{Next, Watch};
use crate::snapshot::RollbackEvent;

/// A deployment that goes as AWS was seen to go (aws-facts §2), with these lengths.
#[derive(Clone)]
struct Play {
    config: &'static str,
    install: f64,
    /// Of the two hooks before production moves.
    hooks: [f64; 2],
    termination_minutes: u64,
    /// Fails at the end of this event.
    fails_at: Option<&'static str>,
}

/// When each event begins and ends, and the deployment.
struct Course {
    events: Vec<(f64, f64)>,
    end: f64,
    play: Play,
    shift: Shift,
}

impl Play {
    fn course(self) -> Course {
        let shift = Shift::predefined(&format!("CodeDeployDefault.{}", self.config)).unwrap();
        // In progress a few seconds after the call, and half a second between events.
        let mut clock = 2.5;
        let mut events = Vec::new();
        for name in EVENTS {
            let length = match name {
                "Install" => self.install,
                "AfterAllowTestTraffic" => self.hooks[0],
                "BeforeAllowTraffic" => self.hooks[1],
                "AllowTraffic" => shift.duration().as_secs_f64() + 0.7,
                _ => 0.4,
            };
            events.push((clock, clock + length));
            clock += length;
            if self.fails_at == Some(name) {
                break;
            }
            clock += 0.5;
        }
        let wait = if self.fails_at.is_some() { 0.0 } else { 60.0 * self.termination_minutes as f64 };
        Course { end: clock + wait + 0.8, events, play: self, shift }
    }
}

impl Course {
    /// What AWS answers at this time.
    fn seen(&self, now: f64) -> Snapshot {
        let failed = self.play.fails_at.is_some();
        let status = match now {
            now if now >= self.end && failed => "Failed",
            now if now >= self.end => "Succeeded",
            now if now < 2.5 => "Created",
            _ => "InProgress",
        };
        let mut seen = snapshot(status);
        seen.deployment.rollback_on = Vec::<RollbackEvent>::new();
        seen.deployment.termination_wait = Duration::from_secs(60 * self.play.termination_minutes);
        let events = &mut seen.target.as_mut().unwrap().events;
        for (index, event) in events.iter_mut().enumerate() {
            let Some((begins, ends)) = self.events.get(index).copied() else {
                if now >= self.end {
                    event.status = EventStatus::Skipped;
                }
                continue;
            };
            let last = failed && index + 1 == self.events.len();
            event.started = (now >= begins).then(|| moment(begins));
            event.ended = (now >= ends).then(|| moment(ends));
            event.status = match now {
                now if now < begins => EventStatus::Pending,
                now if now < ends => EventStatus::InProgress,
                _ if last => EventStatus::Failed,
                _ => EventStatus::Succeeded,
            };
        }
        if let Some((begins, _)) = self.events.get(6).filter(|(begins, _)| now >= *begins) {
            let gone = Duration::from_secs_f64(now - begins);
            let weight = match &self.shift {
                Shift::AllAtOnce | Shift::Unknown => 100.0,
                Shift::Canary { percent, interval } => {
                    if gone >= *interval {
                        100.0
                    } else {
                        *percent
                    }
                }
                Shift::Linear { percent, interval } => {
                    let steps = (gone.as_secs_f64() / interval.as_secs_f64()).floor() + 1.0;
                    (percent * steps).min(100.0)
                }
            };
            set_weight(&mut seen, weight);
        }
        seen
    }

    /// Follows it with the looks of this file: calls, and how late the end was seen.
    fn followed(&self) -> Seen {
        let patience =
            Patience { floor: Duration::from_secs(1), pace: 1.0, shift: self.shift.clone(), deadline: at(200_000) };
        let mut watch = Watch::new(patience, at(0));
        let mut now = 0.0;
        loop {
            let answer = self.seen(now);
            let before = watch.deployment.clone();
            let due = watch.asks();
            watch.asked(due, moment(now));
            let mut seen = Snapshot {
                deployment: before.as_ref().filter(|_| !due.deployment).unwrap_or(&answer).deployment.clone(),
                target: before.as_ref().and_then(|before| before.target.clone()),
            };
            if due.target {
                seen.target.clone_from(&answer.target);
            }
            let more = also(before.as_ref(), &seen, due);
            watch.asked(more, moment(now));
            if more.deployment {
                seen.deployment = answer.deployment.clone();
            }
            if more.target {
                seen.target = answer.target;
            }
            match watch.saw_deployment(seen, moment(now)).next {
                Next::Wait(pause) => now += pause.as_secs_f64(),
                Next::Ended => return Seen { calls: watch.calls(), late: now - self.end },
                other @ (Next::DeadlinePassed | Next::Unreachable) => panic!("{other:?} at {now}"),
            }
        }
    }

    fn peer(&self) -> Seen {
        let looks = (self.end / 15.0).ceil();
        Seen { calls: looks as u32 + 1, late: looks * 15.0 - self.end }
    }
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    calls: u32,
    late: f64,
}

fn moment(seconds: f64) -> Timestamp {
    at(0) + SignedDuration::from_millis((seconds * 1000.0).round() as i64)
}

/// The same deployment, forty times with slightly other lengths, so that no look hits by luck: mean of both sides' lateness, and
/// the worst balance of calls.
fn forty(play: &Play) -> (f64, f64, i64) {
    let mut sums = (0.0, 0.0);
    let mut worst = i64::MIN;
    for number in 0..40 {
        let more = f64::from(number) * 0.77;
        let lengths = [play.hooks[0] * (1.0 + more / 100.0), play.hooks[1] * (1.0 + more / 70.0)];
        let course = Play { install: play.install + more, hooks: lengths, ..play.clone() }.course();
        let (ours, peer) = (course.followed(), course.peer());
        sums = (sums.0 + ours.late / 40.0, sums.1 + peer.late / 40.0);
        worst = worst.max(i64::from(ours.calls) - i64::from(peer.calls));
    }
    (sums.0, sums.1, worst)
}

const CANARY: &str = "ECSCanary10Percent5Minutes";
const LINEAR: &str = "ECSLinear10PercentEvery1Minutes";
const AT_ONCE: &str = "ECSAllAtOnce";

fn play(config: &'static str, hooks: [f64; 2], termination_minutes: u64) -> Play {
    Play { config, install: 75.0, hooks, termination_minutes, fails_at: None }
}

const HOOKS: [[f64; 2]; 5] = [[0.4, 0.4], [5.0, 5.0], [12.0, 3.0], [30.0, 12.0], [300.0, 5.0]];

#[test]
fn whoever_asks_for_shorter_times_gets_all_of_them_shorter() {
    let (began, later) = (at(0), at(22));
    let mut seen = snapshot("InProgress");
    set_event(&mut seen, "BeforeInstall", EventStatus::Succeeded);
    set_event(&mut seen, "Install", EventStatus::InProgress);
    let after = |floor| {
        let patience = Patience { floor, pace: 1.0, shift: Shift::AllAtOnce, deadline: at(9_999) };
        turn(&patience, &Spending::new(began), &seen, began, later).after
    };
    assert_eq!(after(Duration::from_secs(1)), Duration::from_secs(6), "half as long again as Install has taken");
    assert_eq!(after(Duration::from_millis(100)), INSTALL / 10);
    assert_eq!(after(Duration::from_secs(5)), Duration::from_secs(6));
}

#[test]
fn with_some_minutes_of_known_waits_there_are_no_more_calls_than_the_peers_and_the_end_is_seen_within_two_seconds() {
    for (config, termination) in [(AT_ONCE, 5), (AT_ONCE, 60), (CANARY, 5), (CANARY, 60), (LINEAR, 0), (LINEAR, 5)] {
        for hooks in HOOKS {
            let (late, peer_late, more) = forty(&play(config, hooks, termination));
            let what = format!(
                "{config}, hooks {hooks:?}, termination {termination} min: {late:.2} s late (peer {peer_late:.1}), {more} calls more"
            );
            assert!(more <= 0, "{what}");
            assert!(late <= 2.0, "{what}");
        }
    }
}

#[test]
fn a_canary_without_a_termination_wait_saves_most_of_what_was_spent_before_it() {
    for hooks in HOOKS {
        let (late, _, more) = forty(&play(CANARY, hooks, 0));
        assert!(late <= 2.0 && more <= 4, "hooks {hooks:?}: {late:.2} s late, {more} calls more");
    }
}

#[test]
fn without_any_wait_both_goals_cannot_hold_and_calls_and_lateness_stay_bounded() {
    for hooks in HOOKS {
        let (late, _, more) = forty(&play(AT_ONCE, hooks, 0));
        let what = format!("hooks {hooks:?}: {late:.2} s late, {more} calls more");
        assert!(late <= 8.5 && more <= i64::from(AHEAD) + ONE_LOOK, "{what}");
    }
}

/// The look that spends the last call ahead may be at both halves, as every eighth one after it is.
const ONE_LOOK: i64 = 5;

#[test]
fn a_hook_that_fails_soon_is_seen_soon_and_one_that_fails_after_minutes_no_later_than_the_peer_sees_it() {
    for (length, most) in [(0.4, 4.0), (5.0, 2.0), (12.0, 3.0), (30.0, 7.0), (300.0, 7.7)] {
        let failing = Play { fails_at: Some("AfterAllowTestTraffic"), ..play(CANARY, [length, 0.4], 5) };
        let (late, _, more) = forty(&failing);
        assert!(late <= most, "a hook of {length} s: {late:.2} s late");
        assert!(more <= i64::from(AHEAD) + ONE_LOOK, "a hook of {length} s: {more} calls more");
    }
}

#[test]
fn an_install_that_never_becomes_steady_costs_fewer_calls_than_the_peers_hour() {
    let stuck = Play { install: 3600.0, fails_at: Some("Install"), ..play(CANARY, [1.0, 1.0], 5) };
    let (_, _, more) = forty(&stuck);
    assert!(more <= 0, "{more} calls more");
}

#[test]
fn a_look_is_at_the_half_that_can_have_changed() {
    let seen = play(CANARY, [12.0, 3.0], 5).course();
    let patience =
        Patience { floor: Duration::from_secs(1), pace: 1.0, shift: seen.shift.clone(), deadline: at(9_999) };
    let turn =
        |now: f64| turn(&patience, &Spending::new(moment(now - 1.0)), &seen.seen(now), moment(now), moment(now)).ask;
    assert_eq!(turn(1.0), Ask::DEPLOYMENT, "before it has begun");
    assert_eq!(turn(30.0), Ask::TARGET, "while the replacement starts");
    assert_eq!(turn(150.0), Ask::TARGET, "while production shifts");
    assert_eq!(turn(500.0), Ask::DEPLOYMENT, "in the termination wait");
}

#[test]
fn what_shows_that_the_other_half_has_changed_asks_for_it_at_once() {
    let course = Play { fails_at: Some("AfterAllowTestTraffic"), ..play(CANARY, [12.0, 3.0], 5) }.course();
    let (running, failed) = (course.seen(80.0), course.seen(500.0));
    assert_eq!(also(Some(&running), &failed, Ask::TARGET), Ask::DEPLOYMENT);
    assert_eq!(also(Some(&running), &running, Ask::TARGET), Ask::NOTHING);
    assert_eq!(also(Some(&running), &failed, Ask::DEPLOYMENT), Ask::TARGET);
    assert_eq!(also(Some(&running), &failed, Ask::BOTH), Ask::NOTHING);
    let unstarted = Snapshot { target: None, ..course.seen(1.0) };
    assert_eq!(also(None, &unstarted, Ask::DEPLOYMENT), Ask::NOTHING);
    let begun = Snapshot { target: None, ..running };
    assert_eq!(also(None, &begun, Ask::DEPLOYMENT), Ask::TARGET);
}

#[test]
fn a_wait_for_a_person_is_seen_by_the_deployments_status_because_the_target_does_not_show_it() {
    let course = play(CANARY, [12.0, 3.0], 5).course();
    let gate = course.events[5].0 - 0.2;
    let mut before = course.seen(gate - 3.0);
    let mut seen = course.seen(gate);
    assert_eq!(also(Some(&before), &seen, Ask::TARGET), Ask::NOTHING, "none is configured");
    for snapshot in [&mut before, &mut seen] {
        snapshot.deployment.ready_wait = Duration::from_secs(600);
    }
    assert_eq!(also(Some(&before), &seen, Ask::TARGET), Ask::DEPLOYMENT);
}

#[test]
fn behind_a_wait_for_a_person_both_halves_are_looked_at_because_the_target_has_stood_still() {
    let course = play(CANARY, [12.0, 3.0], 5).course();
    let gate = course.events[5].0 - 0.2;
    let mut seen = course.seen(gate);
    seen.deployment.ready_wait = Duration::from_secs(600);
    let patience =
        Patience { floor: Duration::from_secs(1), pace: 1.0, shift: course.shift.clone(), deadline: at(9_999) };
    let ask = |seen: &Snapshot| turn(&patience, &Spending::new(moment(gate)), seen, moment(gate), moment(gate)).ask;
    seen.deployment.status = DeploymentStatus::Ready;
    assert_eq!(ask(&seen), Ask::DEPLOYMENT);
    seen.deployment.status = DeploymentStatus::InProgress;
    assert_eq!(ask(&seen), Ask::BOTH);
}
