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
    openapi::{
        params::{OnceHeader, SessionPath},
        refusals::{Call, Create, EndSession, ReadSession},
    },
    state::AppState,
};

/// The caller's own sessions, the last used first.
#[utoipa::path(
    get,
    path = "/api/sessions",
    operation_id = "listSessions",
    tag = "Sessions",
    responses((status = 200, description = "The sessions.", body = SessionList), Call),
)]
pub async fn list(State(state): State<AppState>, Caller(owner): Caller) -> Json<SessionList> {
    Json(SessionList { ok: true, sessions: state.sessions.listed(&owner).await })
}

/// Make a session: in a new thread, or in one that is there already.
#[utoipa::path(
    post,
    path = "/api/sessions",
    operation_id = "createSession",
    tag = "Sessions",
    params(OnceHeader),
    request_body(content = Option<CreateSession>, description = "Nothing, or any of it."),
    responses((status = 200, description = "The new session.", body = SessionReply), Create),
)]
pub async fn create(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Keyed { key, body, permit }: Keyed<CreateSession>,
) -> Result<Json<SessionReply>, ApiError> {
    let session = state.sessions.create_once(&owner, body.unwrap_or_default(), key).await?;
    drop(permit);
    Ok(Json(session.state().await?))
}

/// The session as text: account, models, the newest entries of the conversation, the newest events.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/state",
    operation_id = "getState",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "The session.", body = SessionReply), ReadSession),
)]
pub async fn state(CallersSession(session): CallersSession) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(session.state().await?))
}

/// The newest 200 entries of the conversation, whole. The event stream with `since` of its `at` goes on from there.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/snapshot",
    operation_id = "getSnapshot",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "The conversation.", body = Snapshot), ReadSession),
)]
pub async fn snapshot(CallersSession(session): CallersSession) -> Result<Json<Snapshot>, ApiError> {
    Ok(Json(session.snapshot().await?))
}

/// End the session. Its process is gone when this answers; its thread stays.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}",
    operation_id = "deleteSession",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "It is gone.", body = Deleted), EndSession),
)]
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Result<Path<SessionId>, axum::extract::rejection::PathRejection>,
) -> Result<Json<Deleted>, ApiError> {
    let Path(session_id) = id.map_err(|_| SessionError::NotFound)?;
    state.sessions.delete(&owner, &session_id).await?;
    Ok(Json(Deleted { ok: true, session_id }))
}
