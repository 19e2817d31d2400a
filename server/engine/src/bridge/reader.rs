//! The task that owns a process and its output.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use serde_json::value::RawValue;
use tokio::{
    process::ChildStdout,
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::{codec::FramedRead, sync::CancellationToken};

use super::{
    BridgeError, ConfigWarning, Direction, Exit, Inbound, Pending,
    codec::{Line, LineDecoder, MAX_LINE},
    message::{Incoming, id_of_long_reply},
    process::Process,
};

/// How much of a line that is no message is shown, in bytes.
const PREVIEW: usize = 200;
/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// How long to read on once the process has ended: a process that it left behind may hold its output open.
const LAST_WORDS: Duration = Duration::from_millis(200);

type Lines = FramedRead<ChildStdout, LineDecoder>;

/// Reads lines until the process ends or shall end, resolves replies, passes on the rest, and sees the
/// process to its grave.
pub(super) struct Reader {
    pub pending: Pending,
    pub inbox: mpsc::Sender<Inbound>,
    /// Counts the lines that were read.
    pub lines: Arc<AtomicU64>,
    pub closing: CancellationToken,
    /// The process is to be killed at once.
    pub killing: CancellationToken,
    pub gone: CancellationToken,
    pub debug: bool,
    pub config_warning: Arc<OnceLock<ConfigWarning>>,
}

impl Reader {
    pub(super) async fn run(self, mut process: Process, stdout: ChildStdout) {
        let mut lines = FramedRead::with_capacity(stdout, LineDecoder::new(MAX_LINE), CHUNK);
        {
            let ended = async {
                process.ended().await;
                sleep(LAST_WORDS).await;
            };
            self.read(&mut lines, ended).await;
        }
        // The writer sees this too and drops the process's input, which ends it.
        self.closing.cancel();
        let drain = async { while let Some(Ok(_)) = lines.next().await {} };
        let status = tokio::select! {
            status = process.end(&self.killing) => status,
            // A process that is ending must not block on a full pipe.
            () = async { drain.await; std::future::pending().await } => None,
        };
        // Why it ended it may have said just before, on another pipe.
        let _ = timeout(LAST_WORDS, process.stderr().over()).await;
        let exit = Exit {
            status: status.map(|status| status.to_string()),
            last_line: process.stderr().last_line(),
            unresponsive: self.killing.is_cancelled(),
        };
        tracing::debug!(status = exit.status, "codex process ended");
        self.pending.clear();
        self.gone.cancel();
        let _ = self.inbox.send(Inbound::Exited(exit)).await;
    }

    /// Reads until there is no more, the process has ended or shall end, or nobody listens.
    async fn read(&self, lines: &mut Lines, ended: impl Future<Output = ()>) {
        tokio::pin!(ended);
        loop {
            let line = tokio::select! {
                biased; // What it said before its end comes before its end.
                () = self.closing.cancelled() => return,
                line = lines.next() => line,
                () = &mut ended => return,
            };
            let Some(Ok(line)) = line else { return };
            self.lines.fetch_add(1, Ordering::Relaxed);
            let passed = tokio::select! {
                passed = self.line(line) => passed,
                () = self.closing.cancelled() => return,
            };
            if passed.is_err() {
                return;
            }
        }
    }

    async fn line(&self, line: Line) -> Result<(), mpsc::error::SendError<Inbound>> {
        let bytes = match line {
            Line::Whole(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => return Ok(()),
            Line::Whole(bytes) => bytes,
            Line::TooLong { prefix, length } => {
                if let Some(waiting) = id_of_long_reply(&prefix).and_then(|id| self.pending.remove(id)) {
                    let _ = waiting.send(Err(BridgeError::ReplyTooLong));
                }
                return self.inbox.send(Inbound::TooLong(length, preview(&prefix))).await;
            }
        };
        if self.debug {
            tracing::debug!(line = %String::from_utf8_lossy(&bytes), "from codex");
            self.inbox.send(Inbound::Raw(Direction::In, bytes.clone())).await?;
        }
        match serde_json::from_slice(&bytes).ok().and_then(message) {
            Some(Message::Unasked(inbound)) => {
                if let Inbound::Notification { method, params } = &inbound
                    && method == "configWarning"
                    && let Ok(warning) = serde_json::from_str(params.get())
                {
                    // The first one tells of what the process has started with.
                    let _ = self.config_warning.set(warning);
                }
                self.inbox.send(inbound).await
            }
            Some(Message::Reply(id, reply)) => {
                // A reply that came after its deadline has nobody waiting.
                if let Some(waiting) = self.pending.remove(id) {
                    let _ = waiting.send(reply);
                }
                Ok(())
            }
            None => self.inbox.send(Inbound::Malformed(preview(&bytes))).await,
        }
    }
}

enum Message {
    Unasked(Inbound),
    Reply(u64, Result<Box<RawValue>, BridgeError>),
}

/// What a line says. `None` if it is no message.
fn message(line: Incoming<'_>) -> Option<Message> {
    let params = line.params.unwrap_or(RawValue::NULL).to_owned();
    Some(match (line.method, line.id) {
        (Some(method), None) => {
            Message::Unasked(Inbound::Notification { method: method.into_owned(), params })
        }
        (Some(method), Some(id)) => {
            Message::Unasked(Inbound::Request { id: id.into(), method: method.into_owned(), params })
        }
        (None, Some(id)) => {
            let reply = match line.error {
                Some(error) => Err(BridgeError::Refused { method: "", error }),
                None => Ok(line.result.unwrap_or(RawValue::NULL).to_owned()),
            };
            // Our ids are numbers; a reply to anything else is to nobody.
            Message::Reply(id.get().parse().unwrap_or_default(), reply)
        }
        (None, None) => return None,
    })
}

fn preview(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text[..text.floor_char_boundary(PREVIEW)].to_owned()
}
