//! `/api/threads`: threads on disk. `/api/sessions/{id}/thread`: the thread of a session.

use std::num::NonZeroU32;

use axum::{
    Json,
    extract::{
        FromRequest, Path, Query, Request, State, rejection::PathRejection, rejection::QueryRejection,
    },
    response::Response,
};
use codex_gateway_engine::{IdempotencyKey, Session, SessionError, ThreadQuery};
use codex_gateway_wire::api::{
    ForkThread, NameThread, NewThread, ResumeThread, RevertThread, ReviewThread, SessionReply, SortKey,
    ThreadActionReply, ThreadList, ThreadReply,
};
use futures::TryFutureExt;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{IdempotentJson, JsonBody, NoBody, OwnedSession},
    openapi::{
        error_groups::{ListThreads, NewInThread, ReadThread, ThreadAction, ThreadChange, WriteThread},
        params::{IdempotencyHeader, PreferHeader, SessionPath, StateQuery, ThreadPath},
    },
    reply::ReplyOptions,
    state::AppState,
    unknown_fields::Warnings,
};

/// Default page size, and the maximum of `limit`.
const PAGE_SIZE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 100;

/// Query of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListThreadsQuery {
    /// Cursor of the next page, from the previous one.
    cursor: Option<String>,
    /// Maximum number of threads (at most 100).
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<NonZeroU32>,
    /// `created_at`, `updated_at` or `recency_at`.
    #[param(inline)]
    sort_key: Option<SortKey>,
    /// `true`: only archived threads; otherwise only threads that are not archived.
    archived: bool,
    /// Only threads of this directory.
    cwd: Option<String>,
    /// Only threads with this text in their title.
    search_term: Option<String>,
}

impl ListThreadsQuery {
    fn into_query(self) -> Result<ThreadQuery, ApiError> {
        let limit = self.limit.map_or(PAGE_SIZE, NonZeroU32::get);
        if limit > MAX_PAGE_SIZE {
            return Err(ApiError::BadQuery(format!("limit: it takes a number from 1 to {MAX_PAGE_SIZE}")));
        }
        let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(ThreadQuery {
            cursor: non_empty(self.cursor),
            limit,
            sort_key: self.sort_key,
            archived: self.archived,
            cwd: non_empty(self.cwd),
            search_term: non_empty(self.search_term),
        })
    }
}

/// List the threads on disk, page by page.
#[utoipa::path(
    get,
    path = "/api/threads",
    operation_id = "listThreads",
    tag = "Threads",
    params(ListThreadsQuery),
    responses((status = 200, description = "A page.", body = ThreadList), ListThreads),
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(owner): Caller,
    warnings: Warnings,
    query: Result<Query<ListThreadsQuery>, QueryRejection>,
) -> Result<Json<ThreadList>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let list = state.sessions.list_threads(&owner, query.into_query()?).await?;
    Ok(Json(ThreadList { warnings: warnings.list(), ..list }))
}

/// Read a thread with its turns.
#[utoipa::path(
    get,
    path = "/api/threads/{id}",
    operation_id = "getThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "The thread.", body = ThreadReply), ReadThread),
)]
pub async fn read(
    State(state): State<AppState>,
    Caller(owner): Caller,
    warnings: Warnings,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ThreadReply>, ApiError> {
    // A path that cannot be parsed names no thread.
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread = state.sessions.read_thread(&owner, &id).await?;
    Ok(Json(ThreadReply { warnings: warnings.list(), ..thread }))
}

type ThreadIdPath = Result<Path<String>, PathRejection>;

/// Delete a thread permanently. A session in it ends first.
#[utoipa::path(
    delete,
    path = "/api/threads/{id}",
    operation_id = "deleteThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "The thread is deleted.", body = ThreadActionReply), WriteThread),
)]
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: ThreadIdPath,
) -> Result<Json<ThreadActionReply>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread_id = state.sessions.delete_thread(&owner, &id).await?;
    Ok(Json(ThreadActionReply { ok: true, thread_id }))
}

/// Archive a thread. A session in it ends first.
#[utoipa::path(
    post,
    path = "/api/threads/{id}/archive",
    operation_id = "archiveThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "The thread is archived.", body = ThreadActionReply), WriteThread),
)]
pub async fn archive(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: ThreadIdPath,
    request: Request,
) -> Result<Json<ThreadActionReply>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    state.sessions.check_thread(&owner, &id).await?;
    // An unknown thread is reported before the body is read.
    NoBody::from_request(request, &state).await?;
    let thread_id = state.sessions.archive_thread(&owner, &id).await?;
    Ok(Json(ThreadActionReply { ok: true, thread_id }))
}

/// Restore an archived thread.
#[utoipa::path(
    post,
    path = "/api/threads/{id}/unarchive",
    operation_id = "unarchiveThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "The thread is restored.", body = ThreadActionReply), WriteThread),
)]
pub async fn unarchive(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: ThreadIdPath,
    request: Request,
) -> Result<Json<ThreadActionReply>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    state.sessions.check_thread(&owner, &id).await?;
    // An unknown thread is reported before the body is read.
    NoBody::from_request(request, &state).await?;
    let thread_id = state.sessions.unarchive_thread(&owner, &id).await?;
    Ok(Json(ThreadActionReply { ok: true, thread_id }))
}

/// Create another session, in a copy of this session's thread.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/fork",
    operation_id = "forkThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, IdempotencyHeader),
    request_body(content = Option<ForkThread>, description = "Optional: where the copy ends."),
    responses((status = 200, description = "The new session.", body = SessionReply), NewInThread),
)]
pub async fn fork(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    IdempotentJson { key, body, permit: _permit }: IdempotentJson<ForkThread>,
) -> Result<Response, ApiError> {
    let ForkThread { last_turn_id } = body.unwrap_or_default();
    let thread = session.summary().thread_id.ok_or(SessionError::ThreadNotFound)?;
    let forked = state.sessions.fork_idempotent(session.owner(), thread, last_turn_id, key).await?;
    Ok(options.json(forked.state().await?))
}

/// Remove a turn and all later ones from the thread. Files are not changed.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/revert",
    operation_id = "revertThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, IdempotencyHeader),
    request_body= RevertThread,
    responses((status = 200, description = "The session afterwards.", body = SessionReply), NewInThread),
)]
pub async fn revert(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    IdempotentJson { key, body, permit: _permit }: IdempotentJson<RevertThread>,
) -> Result<Response, ApiError> {
    let RevertThread { before_turn_id } = body.ok_or_else(ApiError::empty_body)?;
    let handle = session.clone();
    run_idempotent(&state, &session, key, options, async move { handle.revert(before_turn_id).await }).await
}

/// Compact the history for the model, in a turn.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/compact",
    operation_id = "compactThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, IdempotencyHeader),
    responses((status = 200, description = "The session afterwards.", body = SessionReply), NewInThread),
)]
pub async fn compact(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    NoBody { key }: NoBody,
) -> Result<Response, ApiError> {
    let handle = session.clone();
    run_idempotent(&state, &session, key, options, async move { handle.compact().await }).await
}

/// Review changes, in a turn.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/review",
    operation_id = "reviewThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, IdempotencyHeader),
    request_body= ReviewThread,
    responses((status = 200, description = "The session afterwards.", body = SessionReply), NewInThread),
)]
pub async fn review(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    IdempotentJson { key, body, permit: _permit }: IdempotentJson<ReviewThread>,
) -> Result<Response, ApiError> {
    let ReviewThread { target } = body.ok_or_else(ApiError::empty_body)?;
    let handle = session.clone();
    run_idempotent(&state, &session, key, options, async move { handle.review(target).await }).await
}

/// Name the thread.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/name",
    operation_id = "nameThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader),
    request_body= NameThread,
    responses((status = 200, description = "The session afterwards.", body = SessionReply), ThreadAction),
)]
pub async fn name(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    JsonBody(NameThread { name }): JsonBody<NameThread>,
) -> Result<Response, ApiError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ApiError::BadBody("name: it is empty".to_owned()));
    }
    Ok(options.json(state.sessions.name_thread_of(&session, name.to_owned()).await?))
}

/// Start a new thread in the same session.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/new",
    operation_id = "newThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, IdempotencyHeader),
    request_body(content = Option<NewThread>, description = "Optional: the model."),
    responses((status = 200, description = "The session afterwards.", body = SessionReply), NewInThread),
)]
pub async fn new(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    IdempotentJson { key, body, permit: _permit }: IdempotentJson<NewThread>,
) -> Result<Response, ApiError> {
    let request = body.unwrap_or_default();
    let handle = session.clone();
    run_idempotent(&state, &session, key, options, async move { handle.new_thread(request).await }).await
}

/// Resume another thread in the same session, with its history.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/resume",
    operation_id = "resumeThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader),
    request_body= ResumeThread,
    responses((status = 200, description = "The session afterwards.", body = SessionReply), ThreadChange),
)]
pub async fn resume(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    JsonBody(request): JsonBody<ResumeThread>,
) -> Result<Response, ApiError> {
    Ok(options.json(state.sessions.resume_thread(&session, &request).await?))
}

/// Runs an action once per idempotency key, and replies with the current state of the session.
async fn run_idempotent(
    state: &AppState,
    session: &Session,
    key: Option<IdempotencyKey>,
    options: ReplyOptions,
    action: impl Future<Output = Result<SessionReply, SessionError>> + Send + 'static,
) -> Result<Response, ApiError> {
    if key.is_none() {
        return Ok(options.json(action.await?));
    }
    state.sessions.run_idempotent(session.owner(), key, action.map_ok(drop)).await?;
    Ok(options.json(session.state().await?))
}
