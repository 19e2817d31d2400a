//! `/api/sessions`: list, create, read and delete sessions.

use std::num::NonZeroUsize;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    SessionId, Snapshot,
    api::{CreateSession, SessionDeleted, SessionDetails, SessionList, SessionReply},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{IdempotentJson, OwnedSession},
    openapi::{
        error_groups::{Authenticated, Create, EndSession, ReadSession},
        params::{IdempotencyHeader, PreferHeader, SessionPath, StateQuery},
    },
    reply::ReplyOptions,
    state::AppState,
    unknown_fields::Warnings,
};

/// Default page size, and the maximum of `limit`.
const PAGE_SIZE: usize = 50;
const MAX_PAGE_SIZE: usize = 100;

/// Query of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListSessionsQuery {
    /// `nextCursor` of the previous page. Valid until the gateway restarts.
    cursor: Option<String>,
    /// Maximum number of sessions (at most 100; default 50).
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<NonZeroUsize>,
}

/// List the caller's sessions, most recently used first, page by page.
///
/// A session that is used while the pages are read moves to the front of the list.
#[utoipa::path(
    get,
    path = "/api/sessions",
    operation_id = "listSessions",
    tag = "Sessions",
    params(ListSessionsQuery),
    responses((status = 200, description = "A page.", body = SessionList), Authenticated),
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(owner): Caller,
    query: Result<Query<ListSessionsQuery>, QueryRejection>,
) -> Result<Json<SessionList>, ApiError> {
    let Query(ListSessionsQuery { cursor, limit }) =
        query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let limit = limit.map_or(PAGE_SIZE, NonZeroUsize::get);
    if limit > MAX_PAGE_SIZE {
        return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MAX_PAGE_SIZE}")));
    }
    let cursor = cursor.as_deref().filter(|cursor| !cursor.is_empty());
    Ok(Json(state.sessions.list_sessions(&owner, cursor, limit).await?))
}

/// Read a session, without its conversation.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}",
    operation_id = "getSession",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "The session.", body = SessionDetails), ReadSession),
)]
pub async fn read(OwnedSession(session): OwnedSession) -> Json<SessionDetails> {
    Json(SessionDetails {
        ok: true,
        session_id: session.id().clone(),
        session: session.to_list_item(),
        last_event_id: session.log().last(),
    })
}

/// Create a session, in a new or an existing thread.
#[utoipa::path(
    post,
    path = "/api/sessions",
    operation_id = "createSession",
    tag = "Sessions",
    params(StateQuery, PreferHeader, IdempotencyHeader),
    request_body(content = Option<CreateSession>, description = "Optional settings."),
    responses((status = 200, description = "The new session.", body = SessionReply), Create),
)]
pub async fn create(
    State(state): State<AppState>,
    Caller(owner): Caller,
    options: ReplyOptions,
    IdempotentJson { key, body, permit }: IdempotentJson<CreateSession>,
) -> Result<Response, ApiError> {
    let session = state.sessions.create_idempotent(&owner, body.unwrap_or_default(), key).await?;
    drop(permit);
    Ok(options.json(session.state().await?))
}

/// Read the session's account, models, newest entries and newest events.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/state",
    operation_id = "getState",
    tag = "Sessions",
    params(SessionPath, StateQuery, PreferHeader),
    responses((status = 200, description = "The session.", body = SessionReply), ReadSession),
)]
pub async fn state(OwnedSession(session): OwnedSession, options: ReplyOptions) -> Result<Response, ApiError> {
    Ok(options.json(session.state().await?))
}

/// Read the newest 200 entries of the conversation, complete.
///
/// The event stream continues from there with `since` set to `at`.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/snapshot",
    operation_id = "getSnapshot",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "The conversation.", body = Snapshot), ReadSession),
)]
pub async fn snapshot(OwnedSession(session): OwnedSession) -> Result<Json<Snapshot>, ApiError> {
    Ok(Json(session.snapshot().await?))
}

/// End the session.
///
/// Its process has exited when the reply is sent. Its thread stays.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}",
    operation_id = "deleteSession",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "The session has ended.", body = SessionDeleted), EndSession),
)]
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    warnings: Warnings,
    id: Result<Path<SessionId>, axum::extract::rejection::PathRejection>,
) -> Result<Json<SessionDeleted>, ApiError> {
    let Path(session_id) = id.map_err(|_| SessionError::NotFound)?;
    state.sessions.delete(&owner, &session_id).await?;
    Ok(Json(SessionDeleted { ok: true, session_id, warnings: warnings.list() }))
}
