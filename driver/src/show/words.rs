//! Every word that a person reads while a deployment runs and when it ends, in one place. Plain text: marks, colours and
//! places on the screen are the printers' affair.

use std::time::Duration;

use greenlight_checks::evidence::Standing;
pub use greenlight_checks::gate::asked;

use crate::decide::report::Split;
use crate::decide::schedule::Shift;
use crate::decide::view::{Fact, Heading, Mark};

/// `3ms`, `0.4s`, `12.1s`, `2m 10s`, `1h 05m`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_secs() {
        _ if seconds < 0.05 => format!("{}ms", duration.as_millis()),
        _ if seconds < 59.95 => format!("{seconds:.1}s"),
        whole @ ..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        whole => format!("{}h {:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// `10 %`; a share that is no whole number keeps one digit.
pub fn percent(percent: f64) -> String {
    if (percent - percent.round()).abs() < 0.05 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// `[##........] 10 %`.
pub fn bar(share: f64) -> String {
    // Rounded up, so that a small share is seen, and a full bar only for everything.
    let filled = if share >= 100.0 { 10 } else { ((share / 10.0).ceil() as usize).min(9) };
    format!("[{}{}] {}", "#".repeat(filled), ".".repeat(10 - filled), percent(share))
}

/// The mark of a row.
pub fn mark(mark: &Mark) -> &'static str {
    match mark {
        Mark::Done => "ok",
        Mark::Running => ">>",
        Mark::Pending => "..",
        Mark::Failed => "!!",
        Mark::Skipped => "--",
        Mark::Unknown(_) => "??",
    }
}

/// `canary 10 %, 5 min`.
pub fn shift(shift: &Shift) -> Option<String> {
    let minutes = |interval: &Duration| interval.as_secs() / 60;
    match shift {
        Shift::AllAtOnce => Some("all at once".to_owned()),
        Shift::Canary { percent: share, interval } => {
            Some(format!("canary {}, {} min", percent(*share), minutes(interval)))
        }
        Shift::Linear { percent: share, interval } => {
            Some(format!("linear {} every {} min", percent(*share), minutes(interval)))
        }
        Shift::Unknown => None,
    }
}

/// `shop  d-1NNWZG91L  ecs-demo-dg  web 1.4.2 -> 1.5.0  canary 10 %, 5 min  deadline 15:02 UTC`.
pub fn heading(heading: &Heading) -> String {
    let mut parts = vec![heading.service.clone(), heading.deployment_id.clone(), heading.group.clone()];
    if let Some(versions) = &heading.versions {
        parts.push(versions.to_string());
    }
    parts.extend(shift(&heading.shift));
    parts.extend(heading.deadline.map(|deadline| format!("deadline {} UTC", deadline.strftime("%H:%M"))));
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

/// What is said behind a row.
pub fn fact(fact: &Fact, mark: &Mark) -> String {
    if let Mark::Unknown(status) = mark {
        return format!("status {status:?} is unknown to this greenlight");
    }
    match fact {
        Fact::Nothing => String::new(),
        // Its task set is being taken away.
        Fact::Tasks { desired: 0, .. } => "replacement ended".to_owned(),
        Fact::Tasks { running, desired } => format!("replacement {running}/{desired} running"),
        Fact::TestTraffic => "test listener -> replacement".to_owned(),
        Fact::Function(function) => function.clone(),
        Fact::Checked { passed, of, routing, would_have_failed } => {
            let observed = if *would_have_failed { "; WOULD HAVE FAILED (mode: observe)" } else { "" };
            format!("{}{observed}", checked(*passed, *of, *routing))
        }
        Fact::Traffic { percent: share, next: None } => bar(*share),
        Fact::Traffic { percent: share, next: Some((more, due)) } => {
            format!("{}   {} more {}", bar(*share), percent(*more), due_in(*due))
        }
        Fact::OriginalEndsIn(left) if left.is_zero() => "the original task set is ending".to_owned(),
        Fact::OriginalEndsIn(left) => format!("the original task set ends in {}", duration(*left)),
        Fact::WaitsForApproval { from, until, deployment_id } => format!(
            "waiting for approval by {}; greenlight approve {deployment_id} before {} UTC",
            asked(from),
            until.strftime("%H:%M")
        ),
        Fact::WaitsForPerson => "waits for a person: greenlight continue".to_owned(),
    }
}

fn due_in(due: Duration) -> String {
    if due.is_zero() { "due now".to_owned() } else { format!("in {}", duration(due)) }
}

fn checked(passed: usize, of: usize, routing: Standing) -> String {
    let checks = if of == 0 {
        "no check ran".to_owned()
    } else if passed == of {
        format!("{} passed", count(of, "check"))
    } else {
        format!("{passed} of {} passed", count(of, "check"))
    };
    match routing {
        Standing::Proven => format!("{checks}, routing proven"),
        Standing::NotRequired => format!("{checks}, routing not looked at"),
        Standing::Contradicted => format!("{checks}, routing contradicted"),
        Standing::Unknown | Standing::NotAttestable => format!("{checks}, routing not proven"),
    }
}

/// `1 check`, `2 checks`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `100 % original`, `90 % original, 10 % replacement`.
pub fn split(split: &Split) -> String {
    match (split.original > 0.0, split.replacement > 0.0) {
        (true, false) => format!("{} to the original task set", percent(split.original)),
        (false, true) => format!("{} to the replacement", percent(split.replacement)),
        (true, true) => {
            format!(
                "{} to the original task set, {} to the replacement",
                percent(split.original),
                percent(split.replacement)
            )
        }
        (false, false) => "to neither task set".to_owned(),
    }
}

/// How to attach again.
pub fn attach(id: &str, region: Option<&str>) -> String {
    in_region(format!("greenlight watch {id}"), region)
}

/// How to attach to the group's active deployment.
pub fn attach_to_active(region: Option<&str>) -> String {
    in_region("greenlight watch".to_owned(), region)
}

fn in_region(command: String, region: Option<&str>) -> String {
    match region {
        Some(region) => format!("{command} --region {region}"),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_long_as_they_need_to_be() {
        for (millis, expected) in [
            (3, "3ms"),
            (400, "0.4s"),
            (12_100, "12.1s"),
            (59_960, "0m 59s"),
            (130_000, "2m 10s"),
            (3_900_000, "1h 05m"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn what_an_observing_plan_would_have_failed_is_told_behind_its_checks() {
        let seen = Fact::Checked { passed: 1, of: 2, routing: Standing::Proven, would_have_failed: true };
        assert_eq!(fact(&seen, &Mark::Done), "1 of 2 checks passed, routing proven; WOULD HAVE FAILED (mode: observe)");
    }

    #[test]
    fn a_bar_is_full_only_for_everything_and_empty_only_for_nothing() {
        for (share, expected) in [
            (0.0, "[..........] 0 %"),
            (1.0, "[#.........] 1 %"),
            (10.0, "[#.........] 10 %"),
            (95.0, "[#########.] 95 %"),
            (99.9, "[#########.] 99.9 %"),
            (100.0, "[##########] 100 %"),
        ] {
            assert_eq!(bar(share), expected);
        }
    }
}
