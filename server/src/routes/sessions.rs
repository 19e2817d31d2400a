//! `/api/sessions`: list, create, read, state, snapshot, delete.

use std::num::NonZeroUsize;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use codex_gateway_engine::SessionError;
use codex_gateway_wire::{
    SessionId, Snapshot,
    api::{CreateSession, Deleted, SessionDetails, SessionList, SessionReply},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{CallersSession, Keyed},
    openapi::{
        params::{OnceHeader, PreferHeader, SessionPath, StateQuery},
        refusals::{Call, Create, EndSession, ReadSession},
    },
    reply::ReplyOptions,
    state::AppState,
    unknown_fields::Warnings,
};

/// How many sessions a page has without a limit, and how many it may have with one.
const PAGE_SIZE: usize = 50;
const MAX_PAGE_SIZE: usize = 100;

/// Which page of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Where the page begins: `nextCursor` of the page before. It holds until the gateway is restarted.
    cursor: Option<String>,
    /// How many sessions, at most 100; 50 without.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<NonZeroUsize>,
}

/// The caller's own sessions, the last used first, page by page.
///
/// A session that is used while the pages are read moves to the front of the list.
#[utoipa::path(
    get,
    path = "/api/sessions",
    operation_id = "listSessions",
    tag = "Sessions",
    params(ListQuery),
    responses((status = 200, description = "A page.", body = SessionList), Call),
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(owner): Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<SessionList>, ApiError> {
    let Query(ListQuery { cursor, limit }) =
        query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let limit = limit.map_or(PAGE_SIZE, NonZeroUsize::get);
    if limit > MAX_PAGE_SIZE {
        return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MAX_PAGE_SIZE}")));
    }
    let cursor = cursor.as_deref().filter(|cursor| !cursor.is_empty());
    Ok(Json(state.sessions.list_sessions(&owner, cursor, limit).await?))
}

/// A session, without its conversation.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}",
    operation_id = "getSession",
    tag = "Sessions",
    params(SessionPath),
    responses((status = 200, description = "The session.", body = SessionDetails), ReadSession),
)]
pub async fn read(CallersSession(session): CallersSession) -> Json<SessionDetails> {
    Json(SessionDetails {
        ok: true,
        session_id: session.id().clone(),
        session: session.listed(),
        last_event_id: session.log().last(),
    })
}

/// Make a session: in a new thread, or in one that is there already.
#[utoipa::path(
    post,
    path = "/api/sessions",
    operation_id = "createSession",
    tag = "Sessions",
    params(StateQuery, PreferHeader, OnceHeader),
    request_body(content = Option<CreateSession>, description = "Nothing, or any of it."),
    responses((status = 200, description = "The new session.", body = SessionReply), Create),
)]
pub async fn create(
    State(state): State<AppState>,
    Caller(owner): Caller,
    options: ReplyOptions,
    Keyed { key, body, permit }: Keyed<CreateSession>,
) -> Result<Response, ApiError> {
    let session = state.sessions.create_once(&owner, body.unwrap_or_default(), key).await?;
    drop(permit);
    Ok(options.json(session.state().await?))
}

/// The session as text: account, models, the newest entries of the conversation, the newest events.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/state",
    operation_id = "getState",
    tag = "Sessions",
    params(SessionPath, StateQuery, PreferHeader),
    responses((status = 200, description = "The session.", body = SessionReply), ReadSession),
)]
pub async fn state(
    CallersSession(session): CallersSession,
    options: ReplyOptions,
) -> Result<Response, ApiError> {
    Ok(options.json(session.state().await?))
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
    warnings: Warnings,
    id: Result<Path<SessionId>, axum::extract::rejection::PathRejection>,
) -> Result<Json<Deleted>, ApiError> {
    let Path(session_id) = id.map_err(|_| SessionError::NotFound)?;
    state.sessions.delete(&owner, &session_id).await?;
    Ok(Json(Deleted { ok: true, session_id, warnings: warnings.list() }))
}
