//! Alarms as one look shows them, held against what an `alarm` check demands. Pure: no clock, no network.
//!
//! An alarm that is past its threshold has failed, whatever else is wrong; one that does not exist could not be checked;
//! one of which CloudWatch does not know enough, or whose state is unknown here, proves nothing. What is left out because
//! it was red before the deployment began proves nothing either: at least one alarm must be OK.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::expected::{bounded, expectation};
use crate::cloudwatch::{Alarm, AlarmState};
use crate::evidence::{Expectation, Outcome};
use crate::message::{Message, codes};
use crate::plan::{AlarmCheck, AlreadyRed, Check};

/// What one look comes to, and why it is no pass, in the plan's order.
pub(crate) fn judge(
    check: &Check,
    alarm: &AlarmCheck,
    seen: &[Alarm],
    deployment_began: Option<Timestamp>,
) -> (Outcome, Vec<Message>) {
    let message = |code: &str, text: String| Message::new(code, &check.id, text).at(&*check.place);
    let (mut red, mut missing, mut unsettled, mut excused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for name in &alarm.names {
        let Some(found) = seen.iter().find(|alarm| alarm.name == *name) else {
            let text = format!(
                "{name} does not exist in this account and region; correct the name in the plan (upper and lower case count), or create the alarm"
            );
            missing.push(message(codes::ALARM_MISSING, text));
            continue;
        };
        match &found.state {
            AlarmState::Ok => {}
            AlarmState::Alarm if is_excused(alarm, found, deployment_began) => excused.push(name.as_str()),
            AlarmState::Alarm => {
                let text = format!("{}{}", told(found), about_before(alarm, found, deployment_began));
                red.push(message(codes::ALARM_RED, text));
            }
            AlarmState::InsufficientData => {
                let text = format!(
                    "{}; it has no data to judge by: watch it for longer (watch_for), or accept with on_inconclusive: warn",
                    told(found)
                );
                unsettled.push(message(codes::ALARM_UNSETTLED, text));
            }
            AlarmState::Other(_) => {
                let text = format!("{}, a state that this version does not know", told(found));
                unsettled.push(message(codes::ALARM_UNSETTLED, text));
            }
        }
    }
    if excused.len() == alarm.names.len() {
        let text = format!(
            "nothing was watched: {} red since before the deployment began, and already_red: ignore leaves that out; put it right, or watch another alarm beside it",
            if let [one] = excused.as_slice() { format!("{one} is") } else { format!("{} are", excused.join(", ")) }
        );
        unsettled.push(message(codes::ALARM_UNSETTLED, text));
    }
    let outcome = match (red.is_empty(), missing.is_empty(), unsettled.is_empty()) {
        (false, _, _) => Outcome::Failed,
        (true, false, _) => Outcome::Errored,
        (true, true, false) => Outcome::Inconclusive,
        (true, true, true) => Outcome::Passed,
    };
    red.append(&mut missing);
    red.append(&mut unsettled);
    (outcome, red)
}

/// What the check expects of each alarm, in the plan's order, and how the last look showed it.
pub(crate) fn expectations(
    alarm: &AlarmCheck,
    seen: Option<&[Alarm]>,
    deployment_began: Option<Timestamp>,
) -> Vec<Expectation> {
    let watched = match alarm.watch_for.as_secs() {
        0 => String::new(),
        seconds => format!(" for {seconds}s"),
    };
    bounded(alarm.names.iter().map(|name| {
        let standing = seen.map(|seen| match seen.iter().find(|alarm| alarm.name == *name) {
            None => "no such alarm".to_owned(),
            Some(found) => {
                let since = found.since.map(|since| format!(" since {}", to_the_second(since))).unwrap_or_default();
                let excused = found.state == AlarmState::Alarm && is_excused(alarm, found, deployment_began);
                let left_out = if excused { ", left out (already_red: ignore)" } else { "" };
                format!("{}{since}{left_out}", found.state)
            }
        });
        expectation(format!("{name} OK{watched}"), standing)
    }))
}

/// The figures for the evidence.
#[expect(clippy::cast_precision_loss, reason = "a plan of 256 KiB names fewer alarms than 2^52")]
pub(crate) fn numbers(alarm: &AlarmCheck, seen: &[Alarm]) -> BTreeMap<String, f64> {
    let count = |state: &AlarmState| seen.iter().filter(|alarm| alarm.state == *state).count();
    [
        ("alarms", alarm.names.len()),
        ("ok", count(&AlarmState::Ok)),
        ("red", count(&AlarmState::Alarm)),
        ("insufficient_data", count(&AlarmState::InsufficientData)),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count as f64))
    .collect()
}

/// `shop-5xx expected OK, got ALARM since 2026-02-08T12:00:00Z: Threshold Crossed: …`
fn told(alarm: &Alarm) -> String {
    let since = alarm.since.map(|since| format!(" since {}", to_the_second(since))).unwrap_or_default();
    let reason = alarm.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{} expected OK, got {}{since}{reason}", alarm.name, alarm.state)
}

fn is_excused(check: &AlarmCheck, alarm: &Alarm, deployment_began: Option<Timestamp>) -> bool {
    check.already_red == AlreadyRed::Ignore && was_red_before(alarm, deployment_began) == Some(true)
}

/// Nothing where a time is not known.
fn was_red_before(alarm: &Alarm, deployment_began: Option<Timestamp>) -> Option<bool> {
    Some(alarm.since? < deployment_began?)
}

/// What being red has to do with the deployment.
fn about_before(check: &AlarmCheck, alarm: &Alarm, deployment_began: Option<Timestamp>) -> String {
    match (was_red_before(alarm, deployment_began), check.already_red) {
        (Some(true), _) => {
            let began = deployment_began.map(to_the_second).unwrap_or_default();
            format!(
                "; it was red before the deployment began ({began}), so this version is not its cause: put it right first, or leave it out with already_red: ignore"
            )
        }
        (None, AlreadyRed::Ignore) if deployment_began.is_none() => {
            "; when the deployment began is not known here, so already_red: ignore leaves nothing out".to_owned()
        }
        (None, AlreadyRed::Ignore) => {
            "; since when it is red is not known, so already_red: ignore does not leave it out".to_owned()
        }
        (Some(false) | None, AlreadyRed::Ignore | AlreadyRed::Fail) => String::new(),
    }
}

fn to_the_second(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

#[cfg(test)]
#[path = "alarm_tests.rs"]
pub(crate) mod tests;
