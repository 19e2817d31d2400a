//! The task that writes to a process's input.

use bytes::Bytes;
use tokio::{io::AsyncWriteExt, process::ChildStdin, sync::mpsc};
use tokio_util::sync::CancellationToken;

use crate::bridge::{Direction, Inbound};

/// A line to be written.
#[derive(Debug)]
pub(crate) struct OutgoingLine {
    pub bytes: Bytes,
    /// The line is left out of [`Inbound::Raw`].
    pub is_secret: bool,
}

/// Writes lines to a process's input until the bridge is closed, the process has exited or writing fails. Dropping
/// the input makes the process exit.
pub(crate) async fn writer_task(
    mut stdin: ChildStdin,
    mut lines: mpsc::Receiver<OutgoingLine>,
    closing: CancellationToken,
    exited: CancellationToken,
    debug: Option<mpsc::Sender<Inbound>>,
) {
    let mut batch = Vec::new();
    loop {
        let count = tokio::select! {
            count = lines.recv_many(&mut batch, 64) => count,
            () = closing.cancelled() => return,
            () = exited.cancelled() => return,
        };
        if count == 0 {
            return;
        }
        for OutgoingLine { bytes, is_secret } in batch.drain(..) {
            if let Some(inbox) = debug.as_ref().filter(|_| !is_secret) {
                // Only for debugging, so not worth waiting for.
                let _ = inbox.try_send(Inbound::Raw(Direction::Out, bytes.slice(..bytes.len() - 1)));
            }
            let written = tokio::select! {
                written = stdin.write_all(&bytes) => written,
                () = closing.cancelled() => return,
                () = exited.cancelled() => return,
            };
            if written.is_err() {
                return;
            }
        }
    }
}
