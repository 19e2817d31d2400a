//! Request and response bodies of the HTTP API.

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
    ApprovalPolicy, Delivery, DeliveryOutcome, EditQueueItem, InputPart, QueueChange, SandboxMode, StartTurn,
    WhenBusy,
};

/// `GET /healthz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always true.
    pub ok: bool,
    /// The time since the gateway started, in seconds.
    pub uptime_seconds: u64,
    /// The names in the request that this gateway does not know and ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `GET /readyz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether the codex executable can be started.
    pub ok: bool,
    /// The number of live sessions.
    pub active_sessions: usize,
    /// Why the gateway is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The names in the request that this gateway does not know and ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
