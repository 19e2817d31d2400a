//! `GET /api/sessions/{id}/diff`: file changes of a conversation.

use axum::{Json, extract::State};
use codex_gateway_wire::api::DiffReply;

use crate::{
    error::ApiError,
    extract::OwnedSession,
    openapi::{error_groups::ReadHistory, params::SessionPath},
    state::AppState,
};

/// List the file changes of the newest turn and of the whole conversation.
///
/// Files that commands wrote are not included.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/diff",
    operation_id = "getDiff",
    tag = "Files",
    params(SessionPath),
    responses((status = 200, description = "The changes.", body = DiffReply), ReadHistory),
)]
pub async fn read(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
) -> Result<Json<DiffReply>, ApiError> {
    Ok(Json(state.sessions.diff(&session).await?))
}
