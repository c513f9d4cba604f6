//! What ECS, the load balancer and CloudWatch say of a deployment that failed, as lines of text. What was not asked is not
//! mentioned; what could not be asked is.

use greenlight_checks::cloudwatch::Alarm;

use super::paint::Paint;
use super::words;
use crate::decide::why::{Counted, Gathered, MOST_TOLD, Why};

/// The lines, after what CodeDeploy and the hook say.
pub(super) fn lines(why: &Why, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let mut section = |head: &str, told: &Gathered<Vec<Counted>>| match told {
        Gathered::Known(told) if !told.is_empty() => {
            lines.push(format!("  {head}"));
            lines.extend(told.iter().take(MOST_TOLD).map(|one| format!("    {} x {}", one.count, one.what)));
            if told.len() > MOST_TOLD {
                lines.push(paint.dim(&format!("    and {} in other ways", told.len() - MOST_TOLD)));
            }
        }
        Gathered::Known(_) | Gathered::NotAsked => {}
        Gathered::Unreadable(error) => lines.push(format!("  {head} could not be read: {error}")),
    };
    section("how the replacement's tasks ended before that", &why.task_ends);
    section("its targets that are not healthy", &why.targets);
    section("what ECS said of its targets", &why.service_events);
    match &why.alarms {
        Gathered::Known(alarms) => lines.extend(alarms.iter().map(|red| alarm(red, paint))),
        Gathered::NotAsked => {}
        Gathered::Unreadable(error) => lines.push(format!("  the alarms that watched it could not be read: {error}")),
    }
    lines
}

fn alarm(alarm: &Alarm, paint: Paint) -> String {
    let since = alarm.since.map(|since| format!(" since {} UTC", since.strftime("%H:%M:%S"))).unwrap_or_default();
    let reason = alarm.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("  alarm {} is in {}{since}{reason}", paint.bold(&alarm.name), alarm.state)
}

/// The same for a single line: the first end of a task, or the first state of a target.
pub(super) fn first(why: &Why) -> Option<String> {
    let one = |told: &Gathered<Vec<Counted>>| told.known()?.first().cloned();
    let tasks = one(&why.task_ends).map(|end| format!("{} ended: {}", words::count(end.count, "task"), end.what));
    tasks.or_else(|| one(&why.targets).map(|state| format!("{}: {}", words::count(state.count, "target"), state.what)))
}
