//! How far an item or a turn has come.

use serde::{Deserialize, Serialize};

/// The status of a command, a patch or a tool call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemStatus {
    /// Still at work.
    #[default]
    InProgress,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// The user, or who answers for them, did not allow it.
    Declined,
    /// A word that this version does not know.
    #[serde(other)]
    Other,
}

impl ItemStatus {
    /// Codex's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "inProgress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Declined => "declined",
            Self::Other => "other",
        }
    }
}

/// The status of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TurnStatus {
    /// The agent is at work.
    #[default]
    InProgress,
    /// It ended by itself.
    Completed,
    /// Somebody stopped it.
    Interrupted,
    /// It could not go on.
    Failed,
    /// A word that this version does not know; the turn has ended.
    #[serde(other)]
    Other,
}

impl TurnStatus {
    /// Codex's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "inProgress",
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }
}
