//! How everything that the machine started is told to end, and how the machine knows that it has.
//!
//! Each background task holds a [`Life`]; when the last one is gone, nothing of the machine runs any more.

use std::convert::Infallible;
use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A share in the machine's life: says when to end, and counts as alive as long as it is held.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    ending: CancellationToken,
    alive: mpsc::Sender<Infallible>,
    runtime: Handle,
}

/// The other end: waits until every [`Life`] is gone.
#[derive(Debug)]
pub(crate) struct Afterlife(mpsc::Receiver<Infallible>);

impl Life {
    /// A new life on the current runtime.
    pub(crate) fn begin() -> (Life, Afterlife) {
        let (alive, gone) = mpsc::channel(1);
        (Life { ending: CancellationToken::new(), alive, runtime: Handle::current() }, Afterlife(gone))
    }

    /// Tell everybody to end.
    pub(crate) fn end(&self) {
        self.ending.cancel();
    }

    /// Ready when it is time to end.
    pub(crate) async fn ending(&self) {
        self.ending.cancelled().await;
    }

    /// A part that can be ended on its own, and ends with the whole.
    pub(crate) fn part(&self) -> Life {
        Life { ending: self.ending.child_token(), alive: self.alive.clone(), runtime: self.runtime.clone() }
    }

    /// Run a future to its own end; it must heed [`Life::ending`]. Callable outside the runtime.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let alive = self.alive.clone();
        self.runtime.spawn(async move {
            future.await;
            drop(alive);
        });
    }

    /// Run a future until its own end or the life's, whichever is first.
    pub(crate) fn spawn_until_end(&self, future: impl Future<Output = ()> + Send + 'static) {
        let ending = self.ending.clone();
        self.spawn(async move {
            ending.run_until_cancelled(future).await;
        });
    }

    /// The runtime, for what must be created inside one.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Afterlife {
    /// Wait until every share is gone.
    pub(crate) async fn come(mut self) {
        self.0.recv().await;
    }
}
