//! `GET /api/info`: versions and limits of the gateway.

use axum::{Json, extract::State};
use codex_gateway_wire::api::{Info, InfoLimits};

use crate::{body::MAX_TURN_BYTES, openapi::error_groups::Authenticated, state::AppState, version};

/// Version of the API that `docs/api.md` describes.
const API_VERSION: u32 = 1;

/// Versions and limits of the gateway.
#[utoipa::path(
    get,
    path = "/api/info",
    operation_id = "getInfo",
    tag = "Gateway",
    responses((status = 200, description = "Versions, ceilings and limits.", body = Info), Authenticated),
)]
pub async fn info(State(state): State<AppState>) -> Json<Info> {
    let config = state.sessions.config();
    let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Json(Info {
        ok: true,
        api_version: API_VERSION,
        version: version::VERSION.to_owned(),
        commit: version::commit().map(str::to_owned),
        build_id: state.build_id.to_string(),
        codex_version: state.sessions.check_codex().await.ok(),
        demo: config.demo,
        sign_in: state.auth.is_enabled(),
        sandbox: config.sandbox.into(),
        approval_policy: config.approval_policy.into(),
        approvals: config.approvals.ceiling(),
        limits: InfoLimits {
            max_sessions: config.max_sessions,
            session_ttl_ms: config.session_ttl.map(milliseconds),
            park_after_ms: milliseconds(config.park_after),
            warm_processes: config.warm_processes,
            approval_timeout_ms: config.approval_timeout.map(milliseconds),
            max_body_bytes: MAX_TURN_BYTES,
        },
    })
}
