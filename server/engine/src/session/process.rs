//! The process that serves a session, and the messages that it has sent.

use codex_app_server_client::{Bridge, Inbound, InboundReceiver};

/// Maximum number of messages that are taken from the process at once. Readers are woken once per
/// batch.
const BATCH_SIZE: usize = 128;

/// The process that serves the session.
pub(super) struct Process {
    bridge: Bridge,
    inbox: InboundReceiver,
    started_ms: i64,
    /// Number of lines from the process that were no messages.
    malformed: u64,
}

impl Process {
    pub(super) fn new(bridge: Bridge, inbox: InboundReceiver, started_ms: i64) -> Self {
        Self { bridge, inbox, started_ms, malformed: 0 }
    }

    /// Returns the connection to the process.
    pub(super) fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// Returns the time at which the process was started, in Unix milliseconds.
    pub(super) fn started_ms(&self) -> i64 {
        self.started_ms
    }

    /// Returns `true` if every message of the process was handled.
    pub(super) fn is_read(&self) -> bool {
        self.inbox.is_empty()
    }

    /// Waits for the next messages and adds them to `batch`. Returns how many there were. 0 if the
    /// process is gone. Cancel safe.
    pub(super) async fn receive(&mut self, batch: &mut Vec<Inbound>) -> usize {
        self.inbox.recv_many(batch, BATCH_SIZE).await
    }

    /// Takes all messages that the process has sent so far.
    pub(super) fn take_received(&mut self) -> Vec<Inbound> {
        (0..self.inbox.len()).map_while(|_| self.inbox.try_recv().ok()).collect()
    }

    /// Counts a line that was no message, and returns the number of such lines.
    pub(super) fn count_malformed(&mut self) -> u64 {
        self.malformed += 1;
        self.malformed
    }
}
