//! Bodies and replies of the HTTP API.

mod files;
mod info;
mod sessions;
mod state;
mod threads;

use serde::{Deserialize, Serialize};

pub use self::{files::*, info::*, sessions::*, state::*, threads::*};
pub use crate::turn::{
    ApprovalPolicy, EditQueueItem, InputPart, QueueChange, SandboxMode, Sent, StartTurn, TurnOutcome,
    WhenBusy,
};
use crate::{ids::SessionId, request::RequestResolved};

/// `GET /healthz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always true.
    pub ok: bool,
    /// How long the gateway has run, in seconds.
    pub uptime_seconds: u64,
}

/// `GET /readyz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether the codex executable can be run.
    pub ok: bool,
    /// How many sessions are live.
    pub active_sessions: usize,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The body of every error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    /// For people.
    pub error: String,
    /// For programs: a stable word.
    pub code: String,
    /// What the log calls the request.
    pub request_id: Option<String>,
    /// How a request to the user ended that does not wait any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<RequestResolved>,
    /// The session that is in the way, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}
