//! Bodies and replies of the HTTP API.

mod error;
mod files;
mod info;
mod projects;
mod sessions;
mod state;
mod summaries;
mod threads;

use serde::{Deserialize, Serialize};

pub use self::{error::*, files::*, info::*, projects::*, sessions::*, state::*, summaries::*, threads::*};
pub use crate::turn::{
    ApprovalPolicy, EditQueueItem, InputPart, QueueChange, SandboxMode, Sent, StartTurn, TurnOutcome,
    WhenBusy,
};

/// `GET /healthz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always true.
    pub ok: bool,
    /// How long the gateway has run, in seconds.
    pub uptime_seconds: u64,
    /// What the request had that this gateway does not know, and left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `GET /readyz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether the codex executable can be run.
    pub ok: bool,
    /// How many sessions are live.
    pub active_sessions: usize,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the request had that this gateway does not know, and left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
