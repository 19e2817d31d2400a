//! `/api/threads`: which there are, and what becomes of one. `/api/sessions/{id}/thread`: another one for a session,
//! and what is done with the one that it is in.

use std::num::NonZeroU32;

use axum::{
    Json,
    extract::{
        FromRequest, Path, Query, Request, State, rejection::PathRejection, rejection::QueryRejection,
    },
    response::Response,
};
use codex_gateway_engine::{RequestKey, Session, SessionError, ThreadQuery};
use codex_gateway_wire::api::{
    ForkThread, NameThread, NewThread, ResumeThread, RevertThread, ReviewThread, SessionReply, SortKey,
    ThreadDone, ThreadList, ThreadReply,
};
use futures::TryFutureExt;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{CallersSession, JsonBody, Keyed, NoBody},
    openapi::{
        params::{OnceHeader, PreferHeader, SessionPath, StateQuery, ThreadPath},
        refusals::{ListThreads, NewInThread, ReadThread, ThreadAction, ThreadChange, WriteThread},
    },
    reply::ReplyOptions,
    state::AppState,
    unknown_fields::Warnings,
};

/// How many threads a list has without a limit, and how many it may have with one.
const USUAL: u32 = 50;
const MOST: u32 = 100;

/// What may be asked of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Where the list goes on.
    cursor: Option<String>,
    /// How many threads, at most 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<NonZeroU32>,
    /// `created_at`, `updated_at` or `recency_at`.
    #[param(inline)]
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

/// The threads on disk, page by page.
#[utoipa::path(
    get,
    path = "/api/threads",
    operation_id = "listThreads",
    tag = "Threads",
    params(Asked),
    responses((status = 200, description = "A page.", body = ThreadList), ListThreads),
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(owner): Caller,
    warnings: Warnings,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<ThreadList>, ApiError> {
    let Query(asked) = asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let list = state.sessions.list_threads(&owner, asked.query()?).await?;
    Ok(Json(ThreadList { warnings: warnings.list(), ..list }))
}

/// A thread, with its turns.
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
    // Whatever cannot be an id is the id of nothing.
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread = state.sessions.read_thread(&owner, &id).await?;
    Ok(Json(ThreadReply { warnings: warnings.list(), ..thread }))
}

type Id = Result<Path<String>, PathRejection>;

/// Delete a thread for good. The session that is in it ends first.
#[utoipa::path(
    delete,
    path = "/api/threads/{id}",
    operation_id = "deleteThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "It is gone.", body = ThreadDone), WriteThread),
)]
pub async fn delete(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Id,
) -> Result<Json<ThreadDone>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let thread_id = state.sessions.delete_thread(&owner, &id).await?;
    Ok(Json(ThreadDone { ok: true, thread_id }))
}

/// Put a thread out of the way. The session that is in it ends first.
#[utoipa::path(
    post,
    path = "/api/threads/{id}/archive",
    operation_id = "archiveThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "It is archived.", body = ThreadDone), WriteThread),
)]
pub async fn archive(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Id,
    request: Request,
) -> Result<Json<ThreadDone>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    state.sessions.check_thread(&owner, &id).await?;
    // Only now: whether there is such a thread is answered before a body is taken in.
    NoBody::from_request(request, &state).await?;
    let thread_id = state.sessions.archive_thread(&owner, &id).await?;
    Ok(Json(ThreadDone { ok: true, thread_id }))
}

/// Bring a thread back.
#[utoipa::path(
    post,
    path = "/api/threads/{id}/unarchive",
    operation_id = "unarchiveThread",
    tag = "Threads",
    params(ThreadPath),
    responses((status = 200, description = "It is back.", body = ThreadDone), WriteThread),
)]
pub async fn unarchive(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Id,
    request: Request,
) -> Result<Json<ThreadDone>, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    state.sessions.check_thread(&owner, &id).await?;
    // Only now: whether there is such a thread is answered before a body is taken in.
    NoBody::from_request(request, &state).await?;
    let thread_id = state.sessions.unarchive_thread(&owner, &id).await?;
    Ok(Json(ThreadDone { ok: true, thread_id }))
}

/// Make another session, in a new thread that begins like this one.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/fork",
    operation_id = "forkThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, OnceHeader),
    request_body(content = Option<ForkThread>, description = "Nothing, or where it ends."),
    responses((status = 200, description = "The new session.", body = SessionReply), NewInThread),
)]
pub async fn fork(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    Keyed { key, body, permit: _permit }: Keyed<ForkThread>,
) -> Result<Response, ApiError> {
    let ForkThread { last_turn_id } = body.unwrap_or_default();
    let thread = session.summary().thread_id.ok_or(SessionError::ThreadNotFound)?;
    let forked = state.sessions.fork_once(session.owner(), thread, last_turn_id, key).await?;
    Ok(options.json(forked.state().await?))
}

/// Take back a turn, and all that came later. Files stay as they are.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/revert",
    operation_id = "revertThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, OnceHeader),
    request_body= RevertThread,
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), NewInThread),
)]
pub async fn revert(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    Keyed { key, body, permit: _permit }: Keyed<RevertThread>,
) -> Result<Response, ApiError> {
    let RevertThread { before_turn_id } = body.ok_or_else(ApiError::empty_body)?;
    let acting = session.clone();
    once(&state, &session, key, options, async move { acting.revert(before_turn_id).await }).await
}

/// Shorten the history for the model, in a turn.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/compact",
    operation_id = "compactThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, OnceHeader),
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), NewInThread),
)]
pub async fn compact(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    NoBody { key }: NoBody,
) -> Result<Response, ApiError> {
    let acting = session.clone();
    once(&state, &session, key, options, async move { acting.compact().await }).await
}

/// Look at what was changed, in a turn.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/review",
    operation_id = "reviewThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, OnceHeader),
    request_body= ReviewThread,
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), NewInThread),
)]
pub async fn review(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    Keyed { key, body, permit: _permit }: Keyed<ReviewThread>,
) -> Result<Response, ApiError> {
    let ReviewThread { target } = body.ok_or_else(ApiError::empty_body)?;
    let acting = session.clone();
    once(&state, &session, key, options, async move { acting.review(target).await }).await
}

/// Give the thread a name.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/name",
    operation_id = "nameThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader),
    request_body= NameThread,
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), ThreadAction),
)]
pub async fn name(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    JsonBody(NameThread { name }): JsonBody<NameThread>,
) -> Result<Response, ApiError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ApiError::BadBody("name: it is empty".to_owned()));
    }
    Ok(options.json(state.sessions.name_thread_of(&session, name.to_owned()).await?))
}

/// Begin a new thread in the same session.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/new",
    operation_id = "newThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader, OnceHeader),
    request_body(content = Option<NewThread>, description = "Nothing, or its model."),
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), NewInThread),
)]
pub async fn new(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    Keyed { key, body, permit: _permit }: Keyed<NewThread>,
) -> Result<Response, ApiError> {
    let request = body.unwrap_or_default();
    let acting = session.clone();
    once(&state, &session, key, options, async move { acting.new_thread(request).await }).await
}

/// Go on with a thread, its history included.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/thread/resume",
    operation_id = "resumeThread",
    tag = "Thread",
    params(SessionPath, StateQuery, PreferHeader),
    request_body= ResumeThread,
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), ThreadChange),
)]
pub async fn resume(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    JsonBody(request): JsonBody<ResumeThread>,
) -> Result<Response, ApiError> {
    Ok(options.json(state.sessions.resume_thread(&session, &request).await?))
}

/// Does something in a session, once for each key, and answers with how the session stands then.
async fn once(
    state: &AppState,
    session: &Session,
    key: Option<RequestKey>,
    options: ReplyOptions,
    action: impl Future<Output = Result<SessionReply, SessionError>> + Send + 'static,
) -> Result<Response, ApiError> {
    if key.is_none() {
        return Ok(options.json(action.await?));
    }
    state.sessions.do_once(session.owner(), key, action.map_ok(drop)).await?;
    Ok(options.json(session.state().await?))
}
