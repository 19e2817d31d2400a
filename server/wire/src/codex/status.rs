//! How far an item or a turn has come.

use crate::words::words;

words! {
    /// The status of a command, a patch or a tool call.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum ItemStatus {
        /// Still at work.
        #[default]
        InProgress = "inProgress",
        /// Ended well.
        Completed = "completed",
        /// Ended badly.
        Failed = "failed",
        /// The user, or who answers for them, did not allow it.
        Declined = "declined",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

words! {
    /// The status of a turn.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum TurnStatus {
        /// The agent is at work.
        #[default]
        InProgress = "inProgress",
        /// It ended by itself.
        Completed = "completed",
        /// Somebody stopped it.
        Interrupted = "interrupted",
        /// It could not go on.
        Failed = "failed",
        /// A word that this version does not know; the turn has ended.
        Other = "other",
    }
    other = Other
}
