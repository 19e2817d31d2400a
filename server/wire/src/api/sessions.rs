//! Sessions: made, told of, listed.

use serde::{Deserialize, Serialize};

use super::state::SessionState;
use crate::{
    codex::{TokenUsageBreakdown, TurnError, TurnStatus},
    ids::{EventId, SessionId, ThreadId, TurnId},
    read_fields,
    request::ApprovalMode,
    transcript::TurnRecord,
    turn::{ApprovalPolicy, QueueItem, SandboxMode, Sent},
};

/// What every session reply says of the session.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// When it was made (RFC 3339, UTC).
    pub created_at: String,
    /// When it was last used (RFC 3339, UTC).
    pub last_access_at: String,
    /// When it expires if it is not used again (RFC 3339, UTC); none if it never does.
    pub expires_at: Option<String>,
    /// Who answers what codex asks.
    pub approvals: ApprovalMode,
}
read_fields!(SessionInfo { id, created_at, last_access_at, expires_at, approvals });

/// `POST /api/sessions`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CreateSession {
    /// The model; codex's own default without one.
    pub model: Option<String>,
    /// How hard the model shall think: one of the words that its entry in `models` lists; as it does by itself without.
    pub effort: Option<String>,
    /// A thread to go on with.
    pub resume_thread_id: Option<ThreadId>,
    /// What people call the thread; by the first line that is said in it without.
    pub title: Option<String>,
    /// Who answers what codex asks; the operator's default without.
    pub approvals: Option<ApprovalMode>,
    /// The directory to work in; the operator's without one. It must be inside one that the operator allows.
    pub cwd: Option<String>,
    /// What commands may touch; what the operator allows at most without.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks; as the operator has it without.
    pub approval_policy: Option<ApprovalPolicy>,
    /// Whether codex may use the settings that the directory brings along (`.codex`: MCP servers, hooks, rules). The
    /// decision is kept for this directory, as by `POST /api/projects/trust`. An earlier decision counts without.
    pub trust_project: Option<bool>,
}

/// The reply of every request that a session answers with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionReply {
    /// Always true.
    pub ok: bool,
    /// The session.
    pub session_id: SessionId,
    /// The session, its times included.
    pub session: SessionInfo,
    /// Its state.
    pub state: SessionState,
    /// The newest event that the state includes.
    pub last_event_id: EventId,
    /// What the request had that this gateway does not know, and left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The reply to a message: what became of it, and the session's state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnReply {
    /// The session.
    #[serde(flatten)]
    pub session: SessionReply,
    /// What became of it.
    #[serde(flatten)]
    pub sent: Sent,
}

/// The reply to a message that waited for the end of its turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitedReply {
    /// What became of it, and the session's state after that.
    #[serde(flatten)]
    pub reply: TurnReply,
    /// The turn, and what was answered.
    #[serde(flatten)]
    pub end: TurnEnd,
}

/// The data of the event `turn`, with which the stream of a message's turn ends.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnEnded {
    /// What became of the message.
    #[serde(flatten)]
    pub sent: Sent,
    /// The turn, and what was answered.
    #[serde(flatten)]
    pub end: TurnEnd,
}

/// How a turn ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnEnd {
    /// The turn; none if the message still waits in the queue: until the time was over, or because the turn before it did
    /// not end well. (And if the message was taken out of the queue, or its turn is not known any more: it was so long ago that
    /// the session does not keep it, was taken back, or was in another thread.)
    pub turn: Option<TurnResult>,
    /// The last message of the agent in that turn, as far as it has come.
    pub text: Option<String>,
}

/// A turn, as scripts want it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnResult {
    /// Its id.
    pub id: TurnId,
    /// How far it has come: `inProgress` if the time was over before its end.
    pub status: TurnStatus,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// How many tokens it has used.
    pub usage: TokenUsageBreakdown,
    /// Why it failed.
    pub error: Option<TurnError>,
}

impl From<TurnRecord> for TurnResult {
    fn from(turn: TurnRecord) -> Self {
        let TurnRecord { id, status, duration_ms, tokens, error, .. } = turn;
        Self { id, status, duration_ms, usage: tokens, error }
    }
}

/// `GET /api/sessions/{id}/queue`, and the reply to every change of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueReply {
    /// Always true.
    pub ok: bool,
    /// What waits for its turn, the next one first.
    pub queue: Vec<QueueItem>,
    /// The newest event that this includes.
    pub last_event_id: EventId,
}

/// `DELETE /api/sessions/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// Always true.
    pub ok: bool,
    /// The session that is gone.
    pub session_id: SessionId,
    /// What the request had that this gateway does not know, and left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `GET /api/sessions`
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionList {
    /// Always true.
    pub ok: bool,
    /// A page of the caller's own sessions, the last used first.
    pub sessions: Vec<ListedSession>,
    /// Where the next page begins. `null` after the last one.
    pub next_cursor: Option<String>,
}

/// `GET /api/sessions/{id}`
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionDetails {
    /// Always true.
    pub ok: bool,
    /// The session's id.
    pub session_id: SessionId,
    /// The session, as the list has it.
    pub session: ListedSession,
    /// The newest event of its log.
    pub last_event_id: EventId,
}

/// A session, without its conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    /// What every reply says of it.
    #[serde(flatten)]
    pub session: SessionInfo,
    /// What it is about.
    pub title: Option<String>,
    /// The thread that it is in.
    pub thread_id: Option<ThreadId>,
    /// The directory that the thread works in, absolute.
    pub cwd: Option<String>,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether something waits for the user.
    pub waiting: bool,
}

/// A directory that is offered to work in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Its path, absolute.
    pub path: String,
    /// The git branch that is checked out there.
    pub branch: Option<String>,
}
read_fields!(Workspace { path, branch });
