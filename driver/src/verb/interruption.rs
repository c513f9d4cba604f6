//! SIGINT and SIGTERM, as something that can be waited for anywhere and is remembered.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::Exit;
use crate::failure::Failure;

/// Hears the signals from its creation on.
#[derive(Clone, Debug)]
pub struct Interruption {
    heard: watch::Receiver<Option<Exit>>,
}

impl Interruption {
    /// Begins to listen.
    fn new() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (sender, heard) = watch::channel(None);
        tokio::spawn(async move {
            loop {
                let exit = tokio::select! {
                    _ = interrupt.recv() => Exit::Interrupted,
                    _ = terminate.recv() => Exit::Terminated,
                };
                sender.send_replace(Some(exit));
            }
        });
        Ok(Self { heard })
    }

    /// Waits for the first signal; returns at once when there was one.
    pub async fn wait(&mut self) -> Exit {
        match self.heard.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Interrupted),
            // The listening task lives as long as the runtime.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Begins to listen.
pub fn listen() -> Result<Interruption, Failure> {
    Interruption::new().map_err(|source| Failure::Signals { source })
}
