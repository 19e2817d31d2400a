//! Sessions: creation, state, turns and lists.

use serde::{Deserialize, Serialize};

use super::state::SessionState;
use crate::{
    codex::{TokenUsageBreakdown, TurnError, TurnStatus},
    ids::{EventId, SessionId, ThreadId, TurnId},
    lenient_deserialize,
    request::ApprovalMode,
    transcript::TurnRecord,
    turn::{ApprovalPolicy, Delivery, QueueItem, SandboxMode},
};

/// A session's id, times and approval mode.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// When the session was created (RFC 3339, UTC).
    pub created_at: String,
    /// When the session was last used (RFC 3339, UTC).
    pub last_access_at: String,
    /// When the session expires if it is not used again (RFC 3339, UTC). `null` if it never expires.
    pub expires_at: Option<String>,
    /// Who answers requests to the user.
    pub approvals: ApprovalMode,
}
lenient_deserialize!(SessionInfo { id, created_at, last_access_at, expires_at, approvals });

/// `POST /api/sessions`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CreateSession {
    /// The model. Default: codex's.
    pub model: Option<String>,
    /// The reasoning effort: one of those that the model's entry in `models` lists. Default: the model's.
    pub effort: Option<String>,
    /// The thread to resume. Default: a new thread.
    pub resume_thread_id: Option<ThreadId>,
    /// The thread's name. Default: the first line of its first message.
    pub title: Option<String>,
    /// Who answers requests to the user. Default: the operator's.
    pub approvals: Option<ApprovalMode>,
    /// The working directory, inside one that the operator allows. Default: the operator's.
    pub cwd: Option<String>,
    /// What commands may access. Default: the maximum that the operator allows.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval. Default: the operator's.
    pub approval_policy: Option<ApprovalPolicy>,
    /// Whether codex may use the settings in the directory (`.codex`: MCP servers, hooks, rules). The decision is
    /// stored for this directory, as by `POST /api/projects/trust`. Default: the stored decision.
    pub trust_project: Option<bool>,
}

/// A session with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionReply {
    /// Always true.
    pub ok: bool,
    /// The session's id.
    pub session_id: SessionId,
    /// The session.
    pub session: SessionInfo,
    /// The session's state.
    pub state: SessionState,
    /// The newest event that the state includes.
    pub last_event_id: EventId,
    /// The names in the request that this gateway does not know and ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The reply to a message: how it was delivered, and the session's state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnReply {
    /// The session with its state.
    #[serde(flatten)]
    pub session: SessionReply,
    /// How the message was delivered.
    #[serde(flatten)]
    pub delivery: Delivery,
}

/// The reply to a message with `wait`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitedReply {
    /// How the message was delivered, and the session's state after the wait.
    #[serde(flatten)]
    pub reply: TurnReply,
    /// The turn and the agent's answer.
    #[serde(flatten)]
    pub end: TurnReport,
}

/// `turn`: the last event of a stream that `POST …/turn` returns.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TurnEnded))]
pub struct TurnStreamEnd {
    /// How the message was delivered.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// The turn and the agent's answer.
    #[serde(flatten)]
    pub end: TurnReport,
}

/// A turn and the agent's answer, after a wait for its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TurnEnd))]
pub struct TurnReport {
    /// The turn. `null` if the message is still queued, because the wait timed out or the turn before failed.
    /// Also `null` if the message was removed from the queue, and if the session does not know the turn any more: it is
    /// too old, was removed, or belongs to another thread.
    pub turn: Option<TurnSummary>,
    /// The text of the agent's last message in the turn, as far as it was streamed.
    pub text: Option<String>,
}

/// The result of a turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TurnResult))]
#[serde(rename_all = "camelCase")]
pub struct TurnSummary {
    /// The turn's id.
    pub id: TurnId,
    /// The turn's status. `inProgress` if the wait timed out.
    pub status: TurnStatus,
    /// The turn's duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// The tokens that the turn used.
    pub usage: TokenUsageBreakdown,
    /// Why the turn failed.
    pub error: Option<TurnError>,
}

impl From<TurnRecord> for TurnSummary {
    fn from(turn: TurnRecord) -> Self {
        let TurnRecord { id, status, duration_ms, tokens, error, .. } = turn;
        Self { id, status, duration_ms, usage: tokens, error }
    }
}

/// `GET /api/sessions/{id}/queue`, and the reply to every change of the queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueReply {
    /// Always true.
    pub ok: bool,
    /// The queued messages, the next one first.
    pub queue: Vec<QueueItem>,
    /// The newest event that the reply includes.
    pub last_event_id: EventId,
}

/// `DELETE /api/sessions/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Deleted))]
#[serde(rename_all = "camelCase")]
pub struct SessionDeleted {
    /// Always true.
    pub ok: bool,
    /// The deleted session.
    pub session_id: SessionId,
    /// The names in the request that this gateway does not know and ignored.
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
    /// A page of the caller's sessions, the most recently used first.
    pub sessions: Vec<ListedSession>,
    /// The cursor of the next page. `null` on the last page.
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
    /// The session, as in the list.
    pub session: ListedSession,
    /// The newest event of the session's log.
    pub last_event_id: EventId,
}

/// A session without its transcript.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    /// The session's id, times and approval mode.
    #[serde(flatten)]
    pub session: SessionInfo,
    /// The thread's title.
    pub title: Option<String>,
    /// The session's thread.
    pub thread_id: Option<ThreadId>,
    /// The thread's working directory, absolute.
    pub cwd: Option<String>,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether a request waits for the user.
    pub waiting: bool,
}

/// A directory that new sessions can work in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// The absolute path.
    pub path: String,
    /// The checked-out git branch.
    pub branch: Option<String>,
}
lenient_deserialize!(Workspace { path, branch });
