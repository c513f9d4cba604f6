//! Standard output, written by a thread of its own: whoever reads it may be slow or not read at all, and neither the work
//! nor the report waits for that. Lines come out whole and in their order. Nothing here knows what they say.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing_subscriber::fmt::MakeWriter;

/// What waits to be written. Where nobody reads, what comes after that many is given up, and not the function's memory.
const LINES: usize = 1000;

/// What the end of the process waits for a reader.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

enum Job {
    Line(Vec<u8>),
    /// Everything before this was written.
    Mark(oneshot::Sender<()>),
    LastMark(SyncSender<()>),
}

/// The way to the thread; none where the system has no thread to give.
fn queue() -> Option<&'static SyncSender<Job>> {
    static QUEUE: OnceLock<Option<SyncSender<Job>>> = OnceLock::new();
    let begun = QUEUE.get_or_init(|| {
        let (jobs, queued) = sync_channel(LINES);
        thread::Builder::new().name("output".to_owned()).spawn(move || write(&queued)).ok().map(|_| jobs)
    });
    begun.as_ref()
}

fn write(queued: &Receiver<Job>) {
    for job in queued {
        match job {
            Job::Line(line) => {
                let mut out = io::stdout().lock();
                // Where this fails there is no log left to say so in.
                let _ = out.write_all(&line).and_then(|()| out.flush());
            }
            Job::Mark(written) => drop(written.send(())),
            Job::LastMark(written) => drop(written.try_send(())),
        }
    }
}

/// Writes a line, with its end, as soon as there is a reader.
pub(crate) fn line(line: Vec<u8>) {
    if let Some(queue) = queue() {
        let _ = queue.try_send(Job::Line(line));
    }
}

/// Waits until every line so far was written, at most this long.
pub(crate) async fn written(within: Duration) {
    let (mark, written) = oneshot::channel();
    if queue().is_some_and(|queue| queue.try_send(Job::Mark(mark)).is_ok()) {
        let _ = tokio::time::timeout(within, written).await;
    }
}

/// The same at the end of the process, which would take the lines with it.
pub(crate) fn last_words() {
    let (mark, written) = sync_channel(1);
    if queue().is_some_and(|queue| queue.try_send(Job::LastMark(mark)).is_ok()) {
        let _ = written.recv_timeout(LAST_WORDS_WITHIN);
    }
}

/// For tracing, which hands over each event whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        line(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}
