//! The status of an item or a turn.

use crate::string_enum::string_enum;

string_enum! {
    /// The status of a command, a patch or a tool call.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum ItemStatus {
        /// Running.
        #[default]
        InProgress = "inProgress",
        /// Succeeded.
        Completed = "completed",
        /// Failed.
        Failed = "failed",
        /// Declined by the user, or by the session's approval mode.
        Declined = "declined",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}

string_enum! {
    /// The status of a turn.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum TurnStatus {
        /// Running.
        #[default]
        InProgress = "inProgress",
        /// Completed.
        Completed = "completed",
        /// Stopped before its end.
        Interrupted = "interrupted",
        /// Failed.
        Failed = "failed",
        /// A value that this version does not know. The turn has ended.
        Other = "other",
    }
    other = Other
}
