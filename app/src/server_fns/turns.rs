//! Server functions that start, queue and interrupt turns.
//!
//! Those that deliver a message are idempotent by the message's client id, so their client retries.

use codex_gateway_wire::{QueueItemId, SessionId, StartTurn, ThreadId, api::QueueChange};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use codex_gateway_wire::api::CreateSession;

#[cfg(feature = "ssr")]
use super::context::{ServerContext, message_key, to_api_error};
use super::{ApiError, GatewayClient, RetryingClient};

/// Creates a session with the options of a turn, and starts that turn. Returns the session's id.
///
/// # Errors
/// Those of the engine: `session_limit`, `codex_unavailable`, `empty_prompt`, `over_ceiling`, `bad_cwd`, ….
#[server(prefix = "/_fn", endpoint = "start", input = Json, output = Json, client = RetryingClient)]
pub async fn start_conversation(cwd: Option<String>, turn: StartTurn) -> Result<SessionId, ApiError> {
    create_and_start(CreateSession { cwd, ..CreateSession::default() }, turn).await
}

/// Resumes a thread that no session has open, and starts a turn in it. Returns the new session's id.
///
/// # Errors
/// `not_found`; those of the engine: `session_limit`, `codex_unavailable`, `turn_active`, ….
#[server(prefix = "/_fn", endpoint = "resume", input = Json, output = Json, client = RetryingClient)]
pub async fn resume_conversation(id: ThreadId, turn: StartTurn) -> Result<SessionId, ApiError> {
    create_and_start(CreateSession { resume_thread_id: Some(id), ..CreateSession::default() }, turn).await
}

/// Starts a turn in a session. While another turn runs, the message says what happens.
///
/// # Errors
/// `turn_active`; `queue_full`; `not_found`; errors of the engine.
#[server(prefix = "/_fn", endpoint = "send", input = Json, output = Json, client = RetryingClient)]
pub async fn send_message(id: SessionId, turn: StartTurn) -> Result<(), ApiError> {
    let context = ServerContext::current()?;
    let session = context.session(&id).await.map_err(to_api_error)?;
    let key = message_key(&turn, &["send", id.as_str()]);
    context.sessions.start_turn_idempotent(&session, turn, key).await.map_err(to_api_error)?;
    Ok(())
}

/// Forks a thread before the turn that the message replaces, and starts the message's turn in the fork.
///
/// Returns the id of the fork's session. The thread itself stays as it is.
///
/// # Errors
/// `not_found` if the reader has no such conversation or turn; errors of the engine. No fork remains after an error.
#[server(prefix = "/_fn", endpoint = "fork-and-send", input = Json, output = Json, client = RetryingClient)]
pub async fn fork_and_send(thread: ThreadId, turn: StartTurn) -> Result<SessionId, ApiError> {
    let context = ServerContext::current()?;
    let key = message_key(&turn, &["fork", thread.as_str()]);
    let (sessions, owner) = (context.sessions.clone(), context.owner.clone());
    let work = Box::pin(async move { context.fork_and_send(&thread, turn).await });
    sessions.run_idempotent(&owner, key, work).await.map_err(to_api_error)
}

/// Edits, removes or sends a queued message.
///
/// # Errors
/// `not_found` if the message is no longer queued; `queue_item_sending` while codex is receiving it; for a message to
/// send, those of a turn.
#[server(prefix = "/_fn", endpoint = "queue", input = Json, output = Json, client = GatewayClient)]
pub async fn change_queue(id: SessionId, item: QueueItemId, change: QueueChange) -> Result<(), ApiError> {
    let session = ServerContext::current()?.session(&id).await.map_err(to_api_error)?;
    match change {
        QueueChange::Edit(edit) => session.edit_queued(item, edit).await.map(drop),
        QueueChange::Remove => session.remove_queued(item).await.map(drop),
        QueueChange::Send => session.send_queued(item).await.map(drop),
    }
    .map_err(to_api_error)
}

/// Interrupts the running turn of a session.
///
/// # Errors
/// `no_active_turn`; `not_found`; errors of the engine.
#[server(prefix = "/_fn", endpoint = "interrupt", input = Json, output = Json, client = GatewayClient)]
pub async fn interrupt_turn(id: SessionId) -> Result<(), ApiError> {
    let session = ServerContext::current()?.session(&id).await.map_err(to_api_error)?;
    session.interrupt().await.map_err(to_api_error)?;
    Ok(())
}

/// Creates a session with the options of a turn and starts that turn, once for each message.
#[cfg(feature = "ssr")]
async fn create_and_start(request: CreateSession, turn: StartTurn) -> Result<SessionId, ApiError> {
    let context = ServerContext::current()?;
    // Checked first, so that an empty message creates no session.
    context.sessions.check_turn(&turn).map_err(to_api_error)?;
    let thread = request.resume_thread_id.as_ref().map_or("", |thread| thread.as_str());
    let key = message_key(&turn, &["begin", thread]);
    let request = CreateSession {
        model: turn.model.clone(),
        approvals: Some(context.sessions.config().approvals.web_default()),
        sandbox: turn.sandbox,
        approval_policy: turn.approval_policy,
        ..request
    };
    let (sessions, owner) = (context.sessions.clone(), context.owner.clone());
    let work = Box::pin(async move { context.create_and_start(request, turn).await });
    sessions.run_idempotent(&owner, key, work).await.map_err(to_api_error)
}
