//! Signals changes of session summaries to those who follow them.

use tokio::sync::watch;

/// Signals that summaries of sessions may have changed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct SummaryChanges(watch::Sender<u64>);

impl SummaryChanges {
    /// Signals that a session may have changed.
    pub(crate) fn session_changed(&self) {
        self.0.send_modify(|_| {});
    }

    /// Signals that a session has ended and its row in the store is deleted.
    pub(crate) fn session_ended(&self) {
        self.0.send_modify(|ended| *ended += 1);
    }

    /// Returns a receiver of the signal. Its value counts [`SummaryChanges::session_ended`].
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
