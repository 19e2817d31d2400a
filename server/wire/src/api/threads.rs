//! Threads: what is done with them, and what is told of them.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ThreadId, TurnId},
    json::Json,
    words::words,
};

/// `POST /api/sessions/{id}/thread/new`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NewThread {
    /// The model; the session's preferred one without.
    pub model: Option<String>,
}

/// `POST /api/sessions/{id}/thread/resume`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResumeThread {
    /// The thread to go on with.
    pub thread_id: ThreadId,
}

/// `POST /api/sessions/{id}/thread/fork`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ForkThread {
    /// The last turn that the new thread has; all of them without.
    pub last_turn_id: Option<TurnId>,
}

/// `POST /api/sessions/{id}/thread/revert`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevertThread {
    /// The first turn that is taken back; all later ones are, too.
    pub before_turn_id: TurnId,
}

/// `POST /api/sessions/{id}/thread/review`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewThread {
    /// What is looked at.
    pub target: ReviewTarget,
}

/// What a review looks at, in codex's words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ReviewTarget {
    /// What is changed in the working directory and not committed.
    UncommittedChanges,
    /// What differs from a branch.
    BaseBranch {
        /// The branch.
        branch: String,
    },
    /// A commit.
    Commit {
        /// Which.
        sha: String,
        /// Its title, for people.
        #[serde(default)]
        title: Option<String>,
    },
    /// What somebody says.
    Custom {
        /// What they say.
        instructions: String,
    },
}

/// `POST /api/sessions/{id}/thread/name`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NameThread {
    /// What people call the thread; not empty.
    pub name: String,
}

words! {
    /// What can be done with a conversation, beside talking in it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ThreadAction {
        /// Begin another one with what was said until the end of a turn.
        Fork = "fork",
        /// Make its history shorter, for the model.
        Compact = "compact",
        /// Look at what was changed.
        Review = "review",
        /// Put it out of the way.
        Archive = "archive",
        /// Bring it back.
        Unarchive = "unarchive",
    }
}

words! {
    /// What threads are sorted by, in codex's words.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SortKey {
        /// When they were begun.
        CreatedAt = "created_at",
        /// When they last changed.
        UpdatedAt = "updated_at",
        /// When somebody last had to do with them.
        RecencyAt = "recency_at",
    }
}

words! {
    /// What a thread is written as.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum ExportFormat {
        /// For people.
        #[default]
        Markdown = "markdown",
        /// `{"thread": …, "turns": […]}`, as codex tells them.
        Json = "json",
    }
}

/// The reply of a request that is about a thread, and is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadDone {
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
    /// A page of the caller's threads, as codex describes them.
    pub threads: Vec<Json>,
    /// Where the next page begins; none after the last one.
    pub next_cursor: Option<String>,
    /// Codex's reply, without what is not the caller's.
    pub raw: Json,
    /// What the request had that this gateway does not know, and left out.
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
    /// The thread with its turns, as codex describes it.
    pub thread: Json,
    /// Codex's reply.
    pub raw: Json,
    /// What the request had that this gateway does not know, and left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
