//! Version, settings and limits of a gateway.

use serde::Serialize;

use crate::{
    request::ApprovalMode,
    turn::{ApprovalPolicy, SandboxMode},
};

/// `GET /api/info`: version, settings and limits of this gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Always true.
    pub ok: bool,
    /// The version of the API. It changes when something is renamed, retyped or removed.
    pub api_version: u32,
    /// The gateway's version.
    pub version: String,
    /// The commit of the build. `null` if unknown, as in development builds.
    pub commit: Option<String>,
    /// The id of the build, derived from its version and its browser files.
    pub build_id: String,
    /// The version of codex. `null` if codex cannot be started.
    pub codex_version: Option<String>,
    /// Whether the model is a stand-in.
    pub demo: bool,
    /// Whether a token is required.
    pub sign_in: bool,
    /// What commands may access: default and ceiling of sessions.
    pub sandbox: SandboxMode,
    /// When codex asks for approval: default and ceiling of sessions.
    pub approval_policy: ApprovalPolicy,
    /// The most permissive approval mode that the operator allows, if limited.
    pub approvals: Option<ApprovalMode>,
    /// The limits.
    pub limits: InfoLimits,
}

/// Limits of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InfoLimits {
    /// The maximum number of sessions with a process.
    pub max_sessions: usize,
    /// The time to live of an idle session, in milliseconds. `null`: sessions do not expire.
    pub session_ttl_ms: Option<u64>,
    /// How long a process may be idle before its session is parked, in milliseconds.
    pub park_after_ms: u64,
    /// The size of the process pool.
    pub warm_processes: usize,
    /// How long a request to the user waits for its answer, in milliseconds. `null`: without limit.
    pub approval_timeout_ms: Option<u64>,
    /// The maximum size of a request body, in bytes. Images have a limit of their own.
    pub max_body_bytes: usize,
}
