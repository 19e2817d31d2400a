//! `/api/threads`: which there are, and what becomes of one. `/api/sessions/{id}/thread`: another one for a session,
//! and what is done with the one that it is in.

use std::num::NonZeroU32;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
};
use codex_gateway_engine::{SessionError, SortKey, ThreadQuery};
use codex_gateway_wire::api::{
    CreateSession, ForkThread, NameThread, NewThread, ResumeThread, RevertThread, ReviewThread, SessionReply,
    ThreadDone, ThreadList, ThreadReply,
};
use serde::Deserialize;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{CallersSession, JsonBody},
    state::AppState,
};

/// How many threads a list has without a limit, and how many it may have with one.
const USUAL: u32 = 50;
const MOST: u32 = 100;

/// What may be asked of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Asked {
    /// Where the list goes on.
    cursor: Option<String>,
    /// How many threads, at most 100.
    limit: Option<NonZeroU32>,
    /// `created_at`, `updated_at` or `recency_at`.
    sort_key: Option<SortKey>,
    /// `true`: only those that are archived; else only those that are not.
    archived: bool,
    /// Only those of this directory.
    cwd: Option<String>,
    /// Only those with this in their title.
    search_term: Option<String>,
}

impl Asked {
    fn query(self) -> Result<ThreadQuery, ApiError> {
        let limit = self.limit.map_or(USUAL, NonZeroU32::get);
        if limit > MOST {
            return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MOST}")));
        }
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(ThreadQuery {
            cursor: said(self.cursor),
            limit,
            sort_key: self.sort_key,
            archived: self.archived,
            cwd: said(self.cwd),
            search_term: said(self.search_term),
        })
    }
}

/// `GET /api/threads`
pub async fn list(
    State(state): State<AppState>,
    Caller(owner): Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<ThreadList>, ApiError> {
    let Query(asked) = asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    Ok(Json(state.sessions.list_threads(&owner, asked.query()?).await?))
}

/// `GET /api/threads/{id}`
pub async fn read(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ThreadReply>, ApiError> {
    // Whatever cannot be an id is the id of nothing.
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    Ok(Json(state.sessions.read_thread(&owner, &id).await?))
}

type Id = Result<Path<String>, PathRejection>;

/// `DELETE /api/threads/{id}`
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Id,
) -> Result<Json<ThreadDone>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread_id = state.sessions.delete_thread(&owner, &id).await?;
    Ok(Json(ThreadDone { ok: true, thread_id }))
}

/// `POST /api/threads/{id}/archive`
pub async fn archive(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Id,
) -> Result<Json<ThreadDone>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread_id = state.sessions.archive_thread(&owner, &id).await?;
    Ok(Json(ThreadDone { ok: true, thread_id }))
}

/// `POST /api/threads/{id}/unarchive`
pub async fn unarchive(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Id,
) -> Result<Json<ThreadDone>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread_id = state.sessions.unarchive_thread(&owner, &id).await?;
    Ok(Json(ThreadDone { ok: true, thread_id }))
}

/// `POST /api/sessions/{id}/thread/fork`: another session, in a new thread.
pub async fn fork(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    body: Option<JsonBody<ForkThread>>,
) -> Result<Json<SessionReply>, ApiError> {
    let ForkThread { last_turn_id } = body.map(|JsonBody(body)| body).unwrap_or_default();
    let thread = session.summary().thread_id.ok_or(SessionError::ThreadNotFound)?;
    let settings = CreateSession::default();
    let forked = state.sessions.fork(session.owner(), &thread, last_turn_id, settings).await?;
    Ok(Json(forked.state().await?))
}

/// `POST /api/sessions/{id}/thread/revert`
pub async fn revert(
    CallersSession(session): CallersSession,
    JsonBody(request): JsonBody<RevertThread>,
) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(session.revert(request.before_turn_id).await?))
}

/// `POST /api/sessions/{id}/thread/compact`
pub async fn compact(CallersSession(session): CallersSession) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(session.compact().await?))
}

/// `POST /api/sessions/{id}/thread/review`
pub async fn review(
    CallersSession(session): CallersSession,
    JsonBody(request): JsonBody<ReviewThread>,
) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(session.review(request.target).await?))
}

/// `POST /api/sessions/{id}/thread/name`
pub async fn name(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    JsonBody(NameThread { name }): JsonBody<NameThread>,
) -> Result<Json<SessionReply>, ApiError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ApiError::BadBody("name: it is empty".to_owned()));
    }
    Ok(Json(state.sessions.name_thread_of(&session, name.to_owned()).await?))
}

/// `POST /api/sessions/{id}/thread/new`
pub async fn new(
    CallersSession(session): CallersSession,
    body: Option<JsonBody<NewThread>>,
) -> Result<Json<SessionReply>, ApiError> {
    let request = body.map(|JsonBody(body)| body).unwrap_or_default();
    Ok(Json(session.new_thread(request).await?))
}

/// `POST /api/sessions/{id}/thread/resume`
pub async fn resume(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    JsonBody(request): JsonBody<ResumeThread>,
) -> Result<Json<SessionReply>, ApiError> {
    Ok(Json(state.sessions.resume_thread(&session, &request).await?))
}
