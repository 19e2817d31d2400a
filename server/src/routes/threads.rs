//! `/api/threads`: which there are. `/api/sessions/{id}/thread`: another one for a session.

use std::num::NonZeroU32;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
};
use codex_gateway_engine::{SessionError, SortKey, ThreadQuery};
use codex_gateway_wire::api::{NewThread, ResumeThread, SessionReply, ThreadList, ThreadReply};
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
