//! How long a denied read is tried again: a new role's permissions need up to a minute to be known everywhere (IAM is
//! eventually consistent). Nothing else is waited for here; the SDK itself retries throttling, 5xx and lost connections.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::ReadError;
use crate::clock;

/// Long enough for most new permissions, and short enough that a missing one is told of soon.
const NEW_PERMISSION: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The window in which a denial is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    until: Instant,
}

impl Patience {
    /// The window that starts now: the plan's stabilise window where that is shorter, and never past the end of the work.
    pub(crate) fn starts(now: Instant, stabilise: Option<Duration>, ends: Instant) -> Self {
        let window = stabilise.map_or(NEW_PERMISSION, |stabilise| stabilise.min(NEW_PERMISSION));
        Self { until: ends.min(now + window) }
    }

    /// Reads, and reads again while it is denied and the window lasts.
    pub(crate) async fn read<T, F>(&self, read: impl Fn() -> F) -> Result<T, ReadError>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match read().await {
                Err(error) if error.is_denial() && clock::now() + pause < self.until => {
                    tracing::warn!(%error, pause_s = pause.as_secs_f64(), "read denied; the permission may be new");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answer => return answer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do as the origin")]
    fn the_shortest_of_half_a_minute_the_stabilise_window_and_the_end_bounds_it() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        for (stabilise, ends, until) in
            [(Some(90), 300, 30), (Some(5), 300, 5), (None, 300, 30), (Some(90), 20, 20), (Some(0), 300, 0)]
        {
            let patience = Patience::starts(now, stabilise.map(seconds), now + seconds(ends));
            assert_eq!(patience.until, now + seconds(until), "{stabilise:?} {ends}");
        }
    }
}
