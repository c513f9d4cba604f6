//! One `compare` check while it runs: both versions ready, then every pair, once.

use tokio::time::timeout_at;

use super::{ended, until_ready};
use crate::clock;
use crate::evidence::{self, CheckEvidence, Outcome, Sample};
use crate::judge::compare::{self as judge, Tally};
use crate::message::{Message, codes};
use crate::plan::{Check, CompareCheck, HttpRequest};
use crate::probe::compare::{End, Sides, Turn, schedule};
use crate::probe::http::Prober;
use crate::surroundings::Limits;

const NO_BLUE: &str = "there is no way to the version that serves, so there is nothing to compare with: once production has \
                       moved, no listener leads to blue any more, so run this check at AfterAllowTestTraffic or \
                       BeforeAllowTraffic, or name an address in endpoints.blue.url; with `greenlight check` give --blue URL";

pub(super) async fn execute(
    check: &Check,
    compare: &CompareCheck,
    green: &Prober,
    blue: Option<&Prober>,
    limits: &Limits,
) -> CheckEvidence {
    let Some(blue) = blue else {
        let message = Message::new(codes::NO_BASELINE, &check.id, NO_BLUE).at(&*check.place);
        return ended(check, Outcome::Errored, message);
    };
    let started = clock::now();
    let mut comparison = Comparison { check, compare, tally: Tally::of(compare), samples: None };
    let finished = timeout_at(limits.deadline, comparison.run(blue, green, limits)).await.is_ok();
    let Comparison { tally, samples, .. } = comparison;
    let ways = format!("green via {}, blue via {}", green.via(), blue.via());
    let (outcome, messages) = if finished {
        judge::judge(check, compare, &tally, &ways)
    } else {
        let all = u64::from(compare.pairs) * compare.requests.len() as u64;
        let text = format!(
            "not finished when the time for checks was over, after {} of {all} pairs; lower pairs or raise budget.total",
            tally.pairs()
        );
        let message = Message::new(codes::OUT_OF_TIME, &check.id, text).with_context(ways).at(&*check.place);
        (Outcome::Errored, vec![message])
    };
    CheckEvidence {
        attempts: 1,
        took_ms: u64::try_from((clock::now() - started).as_millis()).unwrap_or(u64::MAX),
        messages,
        samples: samples.map(|(pair, _)| pair).into_iter().flatten().collect(),
        numbers: judge::numbers(compare, &tally),
        expectations: judge::expectations(compare, Some(&tally)),
        ..ended(check, outcome, Message::new(codes::SKIPPED, "", ""))
    }
}

/// What is known at any time, so that whoever ends it early keeps what was seen until then.
struct Comparison<'a> {
    check: &'a Check,
    compare: &'a CompareCheck,
    tally: Tally,
    /// The first pair that speaks against green, or the last one; and which of both it is.
    samples: Option<([Sample; 2], bool)>,
}

impl Comparison<'_> {
    async fn run(&mut self, blue: &Prober, green: &Prober, limits: &Limits) {
        for request in self.compare.requests.iter().filter(|request| request.method.is_safe()) {
            until_ready(self.check, request, green, limits).await;
        }
        // Pairs measure requests and not handshakes.
        let (blue_kept, green_kept) = (blue.keeping_connections(1), green.keeping_connections(1));
        let sides = Sides {
            check: &self.check.id,
            timeout: self.check.timeout,
            control: blue,
            blue: &blue_kept,
            green: &green_kept,
        };
        for step in schedule(self.compare) {
            let request = &self.compare.requests[step.request];
            if step.turn != Turn::Control && !self.tally.has_baseline() {
                return;
            }
            let (first, second) = sides.ask(step, request).await;
            match step.turn {
                Turn::Control => self.tally.control(self.compare, step.request, &first, &second),
                Turn::WarmUp => {}
                Turn::Judged => {
                    let telling = self.tally.pair(self.compare, step.request, &first, &second);
                    if !self.samples.as_ref().is_some_and(|(_, telling)| *telling) {
                        let pair = [sample(request, &first, blue), sample(request, &second, green)];
                        self.samples = Some((pair, telling));
                    }
                }
            }
        }
    }
}

fn sample(request: &HttpRequest, end: &End, prober: &Prober) -> Sample {
    let took = end.as_ref().map_or_else(|(_, took)| *took, |answer| answer.took);
    Sample {
        request: format!("{} {}", request.method, request.path),
        via: prober.via().to_owned(),
        status: end.as_ref().ok().map(|answer| answer.status.as_u16()),
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        attempt: 1,
        body: end.as_ref().ok().and_then(|answer| evidence::kept_body(&answer.body, &request.secrets())),
        error: end.as_ref().err().map(|(error, _)| error.to_string()),
    }
}
