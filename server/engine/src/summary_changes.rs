//! Wakes those who follow the summaries of sessions.

use tokio::sync::watch;

/// Signals that summaries of sessions may have changed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct SummaryChanges(watch::Sender<u64>);

impl SummaryChanges {
    /// A session may have changed.
    pub(crate) fn session_changed(&self) {
        self.0.send_modify(|_| {});
    }

    /// A session has ended, and is not in the store any more.
    pub(crate) fn session_ended(&self) {
        self.0.send_modify(|ended| *ended += 1);
    }

    /// A receiver of the signal. Its value is the number of times that sessions have ended.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
