//! What a gateway says of itself.

use serde::Serialize;

use crate::{
    request::ApprovalMode,
    turn::{ApprovalPolicy, SandboxMode},
};

/// `GET /api/info`: what this gateway is, and what it allows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Always true.
    pub ok: bool,
    /// The version of the API. It changes when something is renamed, retyped or dropped.
    pub api_version: u32,
    /// The gateway's version.
    pub version: String,
    /// The commit that it was made of; none if that is not known, as in a build for developing.
    pub commit: Option<String>,
    /// Names this build, by its version and its browser files.
    pub build_id: String,
    /// The version of codex; none if it cannot be run.
    pub codex_version: Option<String>,
    /// Whether the model is a stand-in.
    pub demo: bool,
    /// Whether a token is needed.
    pub sign_in: bool,
    /// What commands may touch: default and ceiling of sessions.
    pub sandbox: SandboxMode,
    /// When codex asks: default and ceiling of sessions.
    pub approval_policy: ApprovalPolicy,
    /// The laxest of who may answer what codex asks, if the operator has said so.
    pub approvals: Option<ApprovalMode>,
    /// How much there can be of it.
    pub limits: InfoLimits,
}

/// How much there can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InfoLimits {
    /// How many sessions may have a process at the same time.
    pub max_sessions: usize,
    /// How long an unused session lives, in milliseconds; none: for ever.
    pub session_ttl_ms: Option<u64>,
    /// How long a process may have nothing to do before it ends, in milliseconds.
    pub park_after_ms: u64,
    /// How many processes wait for sessions.
    pub warm_processes: usize,
    /// How long a question waits for its answer, in milliseconds; none: for ever.
    pub approval_timeout_ms: Option<u64>,
    /// The largest body that is read, in bytes. (An image may be larger.)
    pub max_body_bytes: usize,
}
