//! `/api/sessions`: list, create, state, snapshot, delete.

use axum::{
    Json,
    extract::{Path, State},
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    SessionId, Snapshot,
    api::{CreateSession, Deleted, SessionList, SessionReply},
};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{CallersSession, Keyed},
    state::AppState,
};

/// `GET /api/sessions`
pub async fn list(State(state): State<AppState>, Caller(owner): Caller) -> Json<SessionList> {
    Json(SessionList { ok: true, sessions: state.sessions.listed(&owner).await })
}

/// `POST /api/sessions`
pub async fn create(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Keyed { key, body }: Keyed<CreateSession>,
) -> Result<Json<SessionReply>, ApiError> {
    let session = state.sessions.create_once(&owner, body.unwrap_or_default(), key).await?;
    Ok(Json(session.state().await?))
}

/// `GET /api/sessions/{id}/state`
pub async fn state(CallersSession(session): CallersSession) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(session.state().await?))
}

/// `GET /api/sessions/{id}/snapshot`
pub async fn snapshot(CallersSession(session): CallersSession) -> Result<Json<Snapshot>, ApiError> {
    Ok(Json(session.snapshot().await?))
}

/// `DELETE /api/sessions/{id}`: the subprocess is gone when it answers.
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Result<Path<SessionId>, axum::extract::rejection::PathRejection>,
) -> Result<Json<Deleted>, ApiError> {
    let Path(session_id) = id.map_err(|_| SessionError::NotFound)?;
    state.sessions.delete(&owner, &session_id).await?;
    Ok(Json(Deleted { ok: true, session_id }))
}
