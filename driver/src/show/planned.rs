//! What a deployment would do, for people and as NDJSON.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::paint::Paint;
use super::{json, words};
use crate::decide::difference::Difference;
use crate::decide::plan::{Compared, Forecast, Plan, Revision};
use crate::decide::task_definition::revision_name;

/// A value longer than this is not worth a line of a terminal.
const LONGEST: usize = 100;

/// Everything, a paragraph each.
pub fn lines(plan: &Plan, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.bold(&format!("{}  {}", plan.service, plan.group)), revision(plan)];
    lines.extend(plan.differences.iter().map(|one| difference(one, paint)));
    lines.push(String::new());
    lines.push(compared(&plan.compared));
    if let Compared::With { differences, .. } = &plan.compared {
        lines.extend(differences.iter().map(|one| difference(one, paint)));
    }
    lines.extend(plan.appspec.to_yaml().lines().map(|line| paint.dim(&format!("    {line}")).trim_end().to_owned()));
    lines.push(String::new());
    lines.extend(schedule(plan));
    lines.push(String::new());
    lines.push(conclusion(plan));
    lines
}

fn revision(plan: &Plan) -> String {
    let serving = plan.live.as_deref().map_or("nothing that can be read", revision_name);
    match &plan.revision {
        Revision::Serving(arn) => {
            format!("task definition  {} serves already; nothing would be registered", revision_name(arn))
        }
        Revision::Reused(arn) => {
            format!("task definition  {serving} -> {}, which is equal and would be used again", revision_name(arn))
        }
        Revision::New(family) => {
            format!("task definition  {serving} -> a new revision of {family}, which would be registered")
        }
    }
}

fn compared(compared: &Compared) -> String {
    match compared {
        Compared::With { id, differences } if differences.is_empty() => {
            format!("appspec  as {id} had it, the last that succeeded")
        }
        Compared::With { id, .. } => format!("appspec  differs from that of {id}, the last that succeeded"),
        Compared::Unknown(reason) => format!("appspec  not compared: {reason}"),
    }
}

fn difference(one: &Difference, paint: Paint) -> String {
    match (&one.from, &one.to) {
        (Some(from), Some(to)) => paint.yellow(&format!("  ~ {}: {} -> {}", one.at, short(from), short(to))),
        (None, Some(to)) => paint.green(&format!("  + {}: {}", one.at, short(to))),
        (Some(from), None) => paint.red(&format!("  - {}: {}", one.at, short(from))),
        (None, None) => format!("    {}", one.at),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    format!("{}… ({} characters)", text.chars().take(LONGEST).collect::<String>(), text.chars().count())
}

fn schedule(plan: &Plan) -> Vec<String> {
    let forecast = &plan.forecast;
    let shift = words::shift(&plan.shift);
    let shift = shift.unwrap_or_else(|| "its deployment configuration could not be read".to_owned());
    let mut lines = vec![match (&forecast.basis, forecast.shift_begins) {
        (Some(id), Some(_)) => format!("traffic  {shift}; if it begins now and goes like {id}:"),
        (Some(_), None) => format!("traffic  {shift}; measured from its beginning, which waits for a person:"),
        (None, _) => {
            format!("traffic  {shift}; measured from its beginning, as nothing tells how long the way there is:")
        }
    }];
    for (after, percent) in &forecast.steps {
        let when = moment(forecast, SignedDuration::try_from(*after).unwrap_or(SignedDuration::MAX));
        lines.push(format!("  {when}  {} to the replacement", words::percent(*percent)));
    }
    if !forecast.ready_wait.is_zero() {
        let wait = words::duration(forecast.ready_wait);
        lines.push(format!("before it, a person has {wait} for: greenlight continue"));
    }
    if !forecast.termination_wait.is_zero() {
        let wait = words::duration(forecast.termination_wait);
        lines.push(format!("after it, the original task set is kept for {wait}"));
    }
    if let Some(ends) = forecast.ends {
        lines.push(format!("ends  about {} UTC", clock(ends)));
    }
    lines.push(format!("deadline  {} UTC, if every hook takes its hour", clock(forecast.deadline)));
    lines
}

fn moment(forecast: &Forecast, after: SignedDuration) -> String {
    match forecast.shift_begins {
        Some(begins) => format!("{} UTC", clock(begins + after)),
        None => {
            let text = words::duration(after.unsigned_abs());
            format!("+{:>7}", if after.is_zero() { "0s" } else { &text })
        }
    }
}

fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}

fn conclusion(plan: &Plan) -> String {
    if plan.changes_nothing() {
        return "nothing to do: what serves is what would be deployed".to_owned();
    }
    "there are changes; greenlight deploy makes them".to_owned()
}

/// One line of type `plan`.
pub(super) fn write(plan: &Plan, now: Timestamp) {
    let revision = match &plan.revision {
        Revision::Serving(arn) => json!({"is": "serving", "arn": arn}),
        Revision::Reused(arn) => json!({"is": "reused", "arn": arn}),
        Revision::New(family) => json!({"is": "new", "family": family}),
    };
    let (last, appspec_differences, not_compared) = match &plan.compared {
        Compared::With { id, differences } => (Some(id), Some(told(differences)), None),
        Compared::Unknown(reason) => (None, None, Some(reason)),
    };
    let forecast = &plan.forecast;
    let steps: Vec<Value> = forecast
        .steps
        .iter()
        .map(|(after, percent)| {
            let at = forecast.shift_begins.map(|begins| begins + SignedDuration::try_from(*after).unwrap_or_default());
            json!({"after_s": after.as_secs(), "at": at, "replacement_percent": percent})
        })
        .collect();
    let members = json!({
        "service": plan.service,
        "deployment_group": plan.group,
        "serving_task_definition": plan.live,
        "revision": revision,
        "task_definition_differences": told(&plan.differences),
        "appspec": plan.appspec.document(),
        "last_succeeded_deployment_id": last,
        "appspec_differences": appspec_differences,
        "appspec_not_compared": not_compared,
        "traffic": steps,
        "forecast_from_deployment_id": forecast.basis,
        "ready_wait_s": forecast.ready_wait.as_secs(),
        "termination_wait_s": forecast.termination_wait.as_secs(),
        "ends_at": forecast.ends,
        "deadline": forecast.deadline,
        "changes": !plan.changes_nothing(),
    });
    json::write("plan", now, members);
}

/// For the last line of NDJSON.
pub(super) fn reason(plan: &Plan) -> String {
    conclusion(plan)
}

fn told(differences: &[Difference]) -> Vec<Value> {
    differences.iter().map(|one| json!({"at": one.at, "from": one.from, "to": one.to})).collect()
}
