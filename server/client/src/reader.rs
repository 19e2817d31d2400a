//! The task that owns a process and reads its output.

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

use crate::{
    bridge::{Direction, Exit, Inbound, PendingRequests},
    codec::{Line, LineDecoder, MAX_LINE_BYTES},
    config_warning::ConfigWarning,
    error::BridgeError,
    message::{Incoming, id_of_long_reply},
    process::Process,
};

/// How many bytes of a malformed line are passed on.
const PREVIEW_BYTES: usize = 200;
/// The size of the read buffer, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;
/// How long the output is read after the process has exited. Limited, because a descendant may keep the pipe open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

type Lines = FramedRead<ChildStdout, LineDecoder>;

/// Reads lines until the process exits or is shut down, resolves replies, passes on all other messages, and reaps the
/// process.
pub(crate) struct Reader {
    pub pending: PendingRequests,
    pub inbox: mpsc::Sender<Inbound>,
    /// Counts the lines that were read.
    pub lines: Arc<AtomicU64>,
    /// Cancelled to start a graceful shutdown.
    pub closing: CancellationToken,
    /// Cancelled to kill the process at once.
    pub killing: CancellationToken,
    /// Cancelled by this task when the process has exited.
    pub exited: CancellationToken,
    pub debug: bool,
    pub config_warning: Arc<OnceLock<ConfigWarning>>,
}

impl Reader {
    pub(crate) async fn run(self, mut process: Process, stdout: ChildStdout) {
        let mut lines =
            FramedRead::with_capacity(stdout, LineDecoder::new(MAX_LINE_BYTES), READ_BUFFER_BYTES);
        {
            let drained = async {
                process.wait().await;
                sleep(DRAIN_TIMEOUT).await;
            };
            self.read(&mut lines, drained).await;
        }
        // Also makes the writer drop the process's input, which starts the shutdown.
        self.closing.cancel();
        let drain = async { while let Some(Ok(_)) = lines.next().await {} };
        let status = tokio::select! {
            status = process.shutdown(&self.killing) => status,
            // A process that is shutting down must not block on a full pipe.
            () = async { drain.await; std::future::pending().await } => None,
        };
        // The reason of the exit is usually the last line of standard error.
        let _ = timeout(DRAIN_TIMEOUT, process.stderr().closed()).await;
        let exit = Exit {
            status: status.map(|status| status.to_string()),
            last_line: process.stderr().last_line(),
            unresponsive: self.killing.is_cancelled(),
        };
        tracing::debug!(status = exit.status, "codex process ended");
        self.pending.clear();
        self.exited.cancel();
        let _ = self.inbox.send(Inbound::Exited(exit)).await;
    }

    /// Reads lines until the end of the output, until `drained` resolves, until the shutdown starts, or until the
    /// receiver is dropped.
    async fn read(&self, lines: &mut Lines, drained: impl Future<Output = ()>) {
        tokio::pin!(drained);
        loop {
            let line = tokio::select! {
                biased; // Lines that were written before the exit are read first.
                () = self.closing.cancelled() => return,
                line = lines.next() => line,
                () = &mut drained => return,
            };
            let Some(Ok(line)) = line else { return };
            self.lines.fetch_add(1, Ordering::Relaxed);
            let handled = tokio::select! {
                handled = self.handle(line) => handled,
                () = self.closing.cancelled() => return,
            };
            if handled.is_err() {
                return;
            }
        }
    }

    /// Resolves a reply, or passes another message on to the receiver.
    async fn handle(&self, line: Line) -> Result<(), mpsc::error::SendError<Inbound>> {
        let bytes = match line {
            Line::Complete(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => return Ok(()),
            Line::Complete(bytes) => bytes,
            Line::TooLong { prefix, length } => {
                if let Some(sender) = id_of_long_reply(&prefix).and_then(|id| self.pending.remove(id)) {
                    let _ = sender.send(Err(BridgeError::ReplyTooLong));
                }
                return self.inbox.send(Inbound::TooLong(length, preview(&prefix))).await;
            }
        };
        if self.debug {
            tracing::debug!(line = %String::from_utf8_lossy(&bytes), "from codex");
            self.inbox.send(Inbound::Raw(Direction::In, bytes.clone())).await?;
        }
        match serde_json::from_slice(&bytes).ok().and_then(classify) {
            Some(Message::Inbound(inbound)) => {
                if let Inbound::Notification { method, params } = &inbound
                    && method == "configWarning"
                    && let Ok(warning) = serde_json::from_str(params.get())
                {
                    // Only the first warning is about the configuration at the start of the process.
                    let _ = self.config_warning.set(warning);
                }
                self.inbox.send(inbound).await
            }
            Some(Message::Reply(id, reply)) => {
                // A reply that arrives after its deadline is no longer pending.
                if let Some(sender) = self.pending.remove(id) {
                    let _ = sender.send(reply);
                }
                Ok(())
            }
            None => self.inbox.send(Inbound::Malformed(preview(&bytes))).await,
        }
    }
}

enum Message {
    Inbound(Inbound),
    Reply(u64, Result<Box<RawValue>, BridgeError>),
}

/// Tells replies from other messages. `None` if the line is no message.
fn classify(line: Incoming<'_>) -> Option<Message> {
    let params = line.params.unwrap_or(RawValue::NULL).to_owned();
    Some(match (line.method, line.id) {
        (Some(method), None) => {
            Message::Inbound(Inbound::Notification { method: method.into_owned(), params })
        }
        (Some(method), Some(id)) => {
            Message::Inbound(Inbound::Request { id: id.into(), method: method.into_owned(), params })
        }
        (None, Some(id)) => {
            let reply = match line.error {
                Some(error) => Err(BridgeError::Refused { method: "", error }),
                None => Ok(line.result.unwrap_or(RawValue::NULL).to_owned()),
            };
            // The client's ids are positive numbers. Any other id becomes 0, which is never pending.
            Message::Reply(id.get().parse().unwrap_or_default(), reply)
        }
        (None, None) => return None,
    })
}

fn preview(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text[..text.floor_char_boundary(PREVIEW_BYTES)].to_owned()
}
