//! Threads: actions, lists and exports.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ThreadId, TurnId},
    json::Json,
    string_enum::string_enum,
};

/// `POST /api/sessions/{id}/thread/new`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NewThread {
    /// The model. Default: the session's.
    pub model: Option<String>,
}

/// `POST /api/sessions/{id}/thread/resume`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResumeThread {
    /// The thread to resume.
    pub thread_id: ThreadId,
}

/// `POST /api/sessions/{id}/thread/fork`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ForkThread {
    /// The last turn of the new thread. Default: the last one of this thread.
    pub last_turn_id: Option<TurnId>,
}

/// `POST /api/sessions/{id}/thread/revert`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevertThread {
    /// The first turn to remove. All later turns are removed as well.
    pub before_turn_id: TurnId,
}

/// `POST /api/sessions/{id}/thread/review`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewThread {
    /// What to review.
    pub target: ReviewTarget,
}

/// The target of a review, in codex's format.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ReviewTarget {
    /// Uncommitted changes in the working directory.
    UncommittedChanges,
    /// The differences from a branch.
    BaseBranch {
        /// The branch.
        branch: String,
    },
    /// A commit.
    Commit {
        /// The commit's hash.
        sha: String,
        /// The commit's title, to display.
        #[serde(default)]
        title: Option<String>,
    },
    /// Custom instructions.
    Custom {
        /// The instructions.
        instructions: String,
    },
}

/// `POST /api/sessions/{id}/thread/name`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NameThread {
    /// The thread's name. Not empty.
    pub name: String,
}

string_enum! {
    /// An action on a thread.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ThreadAction {
        /// Starts another thread with the history up to a turn.
        Fork = "fork",
        /// Summarizes the history, to make room in the model's context window.
        Compact = "compact",
        /// Reviews changes.
        Review = "review",
        /// Archives the thread.
        Archive = "archive",
        /// Restores the thread from the archive.
        Unarchive = "unarchive",
    }
}

string_enum! {
    /// The sort key of a list of threads, in codex's format.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SortKey {
        /// The time of creation.
        CreatedAt = "created_at",
        /// The time of the last change.
        UpdatedAt = "updated_at",
        /// The time of the last use.
        RecencyAt = "recency_at",
    }
}

string_enum! {
    /// The format of an exported thread.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum ExportFormat {
        /// Markdown, for people.
        #[default]
        Markdown = "markdown",
        /// `{"thread": …, "turns": […]}`, in codex's format.
        Json = "json",
    }
}

/// The reply to an action on a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ThreadDone))]
#[serde(rename_all = "camelCase")]
pub struct ThreadActionReply {
    /// Always true.
    pub ok: bool,
    /// The thread.
    pub thread_id: ThreadId,
}

/// `GET /api/threads`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadList {
    /// Always true.
    pub ok: bool,
    /// A page of the caller's threads, in codex's format.
    pub threads: Vec<Json>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
    /// Codex's reply, without the threads of other owners.
    pub raw: Json,
    /// The names in the request that this gateway does not know and ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `GET /api/threads/{threadId}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadReply {
    /// Always true.
    pub ok: bool,
    /// The thread's id.
    pub thread_id: ThreadId,
    /// The thread with its turns, in codex's format.
    pub thread: Json,
    /// Codex's reply.
    pub raw: Json,
    /// The names in the request that this gateway does not know and ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
