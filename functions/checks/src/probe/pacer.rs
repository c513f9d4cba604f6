//! Says when the next request of a schedule is due, to a fraction of a millisecond. The runtime's own timers round up to
//! whole milliseconds, which would be added to every latency that counts from the scheduled arrival; so a thread waits here,
//! and ends with its pacer. It sends nothing.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::clock;

/// Ticks are no closer than this: what is due in between is sent with the next one, and no core is spent on ticking.
const SPACING: Duration = Duration::from_micros(250);

/// Ticks until it is dropped.
#[derive(Debug)]
pub(crate) struct Pacer {
    due: Arc<Notify>,
    /// Dropping it ends the thread's wait.
    _alive: mpsc::Sender<()>,
}

impl Pacer {
    /// A pacer for `total` requests, each of which is due so long after the start.
    pub(crate) fn start(start: Instant, total: u64, due: impl Fn(u64) -> Duration + Send + 'static) -> Self {
        let (alive, ended) = mpsc::channel();
        let tick = Arc::new(Notify::new());
        let ticking = Arc::clone(&tick);
        spawn_blocking(move || {
            let mut next = 0;
            let mut at = start;
            while next < total {
                at = at.max(start + due(next));
                let wait = at.saturating_duration_since(clock::now());
                if ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                ticking.notify_one();
                let now = clock::now();
                while next < total && start + due(next) <= now {
                    next += 1;
                }
                at = now + SPACING;
            }
        });
        Self { due: tick, _alive: alive }
    }

    /// Waits until something is due that was not at the last tick. It may say so once too often.
    pub(crate) async fn tick(&self) {
        self.due.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_that_is_due_is_told_and_nothing_ticks_without_need() {
        let start = clock::now();
        let due = |request: u64| Duration::from_millis(request * 20);
        let pacer = Pacer::start(start, 6, due);
        let (mut next, mut ticks) = (0, 0);
        while next < 6 {
            tokio::time::timeout(Duration::from_secs(20), pacer.tick()).await.unwrap();
            ticks += 1;
            while next < 6 && start + due(next) <= clock::now() {
                next += 1;
            }
        }
        assert!(ticks <= 7, "{ticks}");
    }

    #[tokio::test]
    async fn the_thread_ends_with_its_pacer() {
        let pacer = Pacer::start(clock::now(), 2, |request| Duration::from_secs(request * 3_600));
        let watched = Arc::downgrade(&pacer.due);
        pacer.tick().await;
        drop(pacer);
        let gone = async {
            while watched.upgrade().is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    }
}
