//! What a child writes, line by line, on its way to a log group. It keeps nothing and interprets nothing.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{mpsc, oneshot};

use crate::clock;
use crate::effect::Observation;

/// CloudWatch Logs takes events of up to 256 KiB; a longer line arrives in pieces.
const LONGEST_LINE: usize = 256 * 1024;

/// How long a flush waits for a child that never stops writing.
const FLUSH: Duration = Duration::from_millis(500);

/// A stream in a log group.
#[derive(Clone, Debug)]
pub(crate) struct LogStream {
    /// `/aws/lambda/<name>` or `/ecs/<cluster>`.
    pub(crate) group: String,
    /// The stream's name.
    pub(crate) stream: String,
    /// Where lines go.
    pub(crate) observations: UnboundedSender<Observation>,
}

impl LogStream {
    /// Log a line now.
    pub(crate) fn line(&self, message: String) {
        let Self { group, stream, observations } = self;
        let logged =
            Observation::Logged { group: group.clone(), stream: stream.clone(), at: clock::timestamp(), message };
        // Nobody listens any more when the stand-in is going down.
        observations.send(logged).ok();
    }
}

/// A handle on the task that forwards a child's lines.
#[derive(Debug)]
pub(crate) struct Output(mpsc::Sender<oneshot::Sender<()>>);

impl Output {
    /// Forward both streams until both have ended. The future must be spawned.
    pub(crate) fn forward(
        standard: impl AsyncRead + Unpin,
        error: impl AsyncRead + Unpin,
        log: LogStream,
    ) -> (Output, impl Future<Output = ()>) {
        let (flushes, mut flushed) = mpsc::channel::<oneshot::Sender<()>>(1);
        let forwarding = async move {
            let (mut standard, mut error) = (Lines::new(standard), Lines::new(error));
            // Without its handle it is over: a process that left its group may keep the pipe for ever.
            while (standard.open || error.open) && !flushed.is_closed() {
                // Biased: a flush is answered only when there is nothing to read.
                tokio::select! {
                    biased;
                    line = standard.next(), if standard.open => line.into_iter().for_each(|line| log.line(line)),
                    line = error.next(), if error.open => line.into_iter().for_each(|line| log.line(line)),
                    done = flushed.recv() => match done {
                        Some(done) => { done.send(()).ok(); }
                        None => break,
                    },
                }
            }
        };
        (Output(flushes), forwarding)
    }

    /// Returns when all that the child has written until now is logged.
    pub(crate) async fn flush(&self) {
        let (done, answer) = oneshot::channel();
        let flush = async {
            if self.0.send(done).await.is_ok() {
                answer.await.ok();
            }
        };
        tokio::time::timeout(FLUSH, flush).await.ok();
    }

    /// Returns when both streams have ended: at once after the last process of the group has.
    pub(crate) async fn ended(&self) {
        // A process that left its group may keep the pipe; it is not waited for.
        tokio::time::timeout(FLUSH, self.0.closed()).await.ok();
    }
}

struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    open: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(reader: R) -> Self {
        Lines { reader: BufReader::new(reader), line: Vec::new(), open: true }
    }

    /// The next line without its end, or nothing at the end. May be cancelled: what was read is kept.
    async fn next(&mut self) -> Option<String> {
        loop {
            let read: io::Result<&[u8]> = self.reader.fill_buf().await;
            let buffer = read.unwrap_or_default();
            if buffer.is_empty() {
                self.open = false;
                return (!self.line.is_empty()).then(|| self.take());
            }
            let room = LONGEST_LINE - self.line.len();
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let (taken, whole) = match end {
                Some(end) if end <= room => (end, true),
                Some(_) | None => (buffer.len().min(room), false),
            };
            self.line.extend_from_slice(&buffer[..taken]);
            self.reader.consume(taken + usize::from(whole));
            if whole || self.line.len() == LONGEST_LINE {
                return Some(self.take());
            }
        }
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &[u8]) -> Vec<String> {
        let (observations, mut seen) = mpsc::unbounded_channel();
        let log = LogStream { group: "/ecs/demo".into(), stream: "one".into(), observations };
        let (_output, forwarding) = Output::forward(text, tokio::io::empty(), log);
        forwarding.await;
        let mut lines = Vec::new();
        while let Ok(Observation::Logged { message, .. }) = seen.try_recv() {
            lines.push(message);
        }
        lines
    }

    #[tokio::test]
    async fn lines_are_cut_at_their_ends_and_the_last_needs_none() {
        assert_eq!(lines(b"one\r\n\ntwo").await, ["one", "", "two"]);
        assert_eq!(lines(b"").await, [""; 0]);
    }

    #[tokio::test]
    async fn a_line_longer_than_a_log_event_arrives_in_pieces() {
        let text = vec![b'x'; LONGEST_LINE + 7];
        let lengths: Vec<usize> = lines(&text).await.iter().map(String::len).collect();
        assert_eq!(lengths, [LONGEST_LINE, 7]);
    }
}
