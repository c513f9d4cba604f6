//! SIGINT and SIGTERM, as something that can be waited for anywhere and is remembered.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::Exit;
use crate::failure::Failure;

/// Hears the signals from its creation on.
#[derive(Clone, Debug)]
pub struct Interruption {
    heard: watch::Receiver<Heard>,
    /// Signals that were acted upon; only a further one counts.
    answered: u32,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    signals: u32,
    last: Exit,
}

impl Interruption {
    /// Begins to listen.
    fn new() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (sender, heard) = watch::channel(Heard { signals: 0, last: Exit::Interrupted });
        tokio::spawn(async move {
            loop {
                let exit = tokio::select! {
                    _ = interrupt.recv() => Exit::Interrupted,
                    _ = terminate.recv() => Exit::Terminated,
                };
                sender.send_modify(|heard| *heard = Heard { signals: heard.signals + 1, last: exit });
            }
        });
        Ok(Self { heard, answered: 0 })
    }

    /// Waits for a signal that was not answered yet; returns at once when there was one.
    pub async fn wait(&mut self) -> Exit {
        let answered = self.answered;
        match self.heard.wait_for(|heard| heard.signals > answered).await {
            Ok(heard) => heard.last,
            // The listening task lives as long as the runtime.
            Err(_) => std::future::pending().await,
        }
    }

    /// One signal was acted upon: from here on the next one is waited for.
    pub fn answer(&mut self) {
        self.answered += 1;
    }
}

/// Begins to listen.
pub fn listen() -> Result<Interruption, Failure> {
    Interruption::new().map_err(|source| Failure::Signals { source })
}
