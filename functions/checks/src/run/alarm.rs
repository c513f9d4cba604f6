//! One `alarm` check while it runs: a look, and further ones until the watch is over. The first red alarm ends it, and so
//! does one that does not exist; otherwise the last look decides.

use tokio::time::{sleep_until, timeout_at};

use super::cloudwatch::{not_started, to_be_asked, unreadable};
use super::ended;
use crate::clock;
use crate::cloudwatch::{Alarm, CloudWatch};
use crate::evidence::{CheckEvidence, Outcome};
use crate::judge::alarm as judge;
use crate::message::{Message, codes};
use crate::plan::{AlarmCheck, Check};
use crate::surroundings::Surroundings;

/// What was seen so far.
#[derive(Debug)]
struct Watch {
    looks: u32,
    last: (Outcome, Vec<Message>),
    /// What the last answer showed.
    seen: Option<Vec<Alarm>>,
}

pub(super) async fn execute(check: &Check, alarm: &AlarmCheck, surroundings: &Surroundings) -> CheckEvidence {
    let cloudwatch = match to_be_asked(check, surroundings) {
        Ok(cloudwatch) => cloudwatch,
        Err(evidence) => return *evidence,
    };
    let started = clock::now();
    let deadline = surroundings.limits.deadline;
    if let Some(evidence) = not_started(check, "watch_for", alarm.watch_for, deadline.duration_since(started)) {
        return evidence;
    }
    let mut watch = Watch { looks: 0, last: (Outcome::Errored, Vec::new()), seen: None };
    let in_time = timeout_at(deadline, watch.keep(check, alarm, cloudwatch, surroundings)).await.is_ok();
    let took = clock::now() - started;
    let (mut outcome, mut messages) = watch.last;
    if !in_time && outcome != Outcome::Failed {
        outcome = Outcome::Errored;
        let text = "not finished when the time for checks was over; lower watch_for, or raise budget.total and the function's timeout";
        messages.insert(0, Message::new(codes::OUT_OF_TIME, &check.id, text).at(&*check.place));
    }
    let looks = if watch.looks == 1 { "1 look".to_owned() } else { format!("{} looks", watch.looks) };
    let context = format!("{looks} at CloudWatch in {} s", took.as_secs());
    let messages = messages.into_iter().map(|message| message.with_context(context.clone())).collect();
    let mut numbers = judge::numbers(alarm, watch.seen.as_deref().unwrap_or_default());
    numbers.insert("looks".to_owned(), watch.looks.into());
    CheckEvidence {
        attempts: 1,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        numbers,
        expectations: judge::expectations(alarm, watch.seen.as_deref(), surroundings.deployment_began),
        messages,
        ..ended(check, outcome, Message::new(codes::SKIPPED, "", ""))
    }
}

impl Watch {
    async fn keep(
        &mut self,
        check: &Check,
        alarm: &AlarmCheck,
        cloudwatch: &dyn CloudWatch,
        surroundings: &Surroundings,
    ) {
        let until = clock::now() + alarm.watch_for;
        loop {
            let last_look = clock::now() >= until;
            let answer = cloudwatch.alarms(&alarm.names).await;
            self.looks += 1;
            let goes_on = match answer {
                Ok(seen) => {
                    self.last = judge::judge(check, alarm, &seen, surroundings.deployment_began);
                    self.seen = Some(seen);
                    matches!(self.last.0, Outcome::Passed | Outcome::Inconclusive)
                }
                Err(unanswered) => {
                    self.last = (Outcome::Errored, vec![unreadable(check, &unanswered)]);
                    unanswered.may_pass
                }
            };
            if last_look || !goes_on {
                return;
            }
            sleep_until((clock::now() + alarm.every).min(until)).await;
        }
    }
}
