//! `/api/sessions/{id}/turn`: start, wait for, follow and interrupt turns.

use std::time::Duration;

use async_stream::stream;
use axum::{Extension, extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use codex_gateway_engine::{Session, SessionError};
use codex_gateway_wire::{
    EventName,
    api::{SessionReply, StartTurn, TurnReply, TurnStreamEnd, WaitedReply},
    turn::Wait,
};
use futures::{FutureExt, Stream};

use crate::{
    auth::Expiry,
    error::ApiError,
    extract::{IdempotentJson, NoBody, OwnedSession},
    limits::{CallerKey, StreamPermit},
    openapi::{
        error_groups::{InterruptTurn, SendMessage},
        events::{ServerSentEvent, TurnAnswer},
        params::{IdempotencyHeader, PreferHeader, SessionPath, StateQuery},
    },
    reply::ReplyOptions,
    sse::{self, Chunk, EventFilter, StreamReader, json_frame},
    state::AppState,
};

/// Send a message to the agent.
///
/// With `wait` the reply is sent when the turn has ended. A client that accepts an event stream gets the events
/// until then, and the result. Both end with the token or sign-in of the request: a `wait` with 401, a stream
/// without the result. The turn continues.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/turn",
    operation_id = "startTurn",
    tag = "Turns",
    params(SessionPath, StateQuery, PreferHeader, IdempotencyHeader),
    request_body= StartTurn,
    responses((status = 200, description = "How the message was delivered.", content((TurnAnswer = "application/json"), (ServerSentEvent = "text/event-stream"))), SendMessage),
)]
pub async fn start(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    Extension(expiry): Extension<Expiry>,
    Extension(caller): Extension<CallerKey>,
    headers: HeaderMap,
    options: ReplyOptions,
    IdempotentJson { key, body, permit }: IdempotentJson<StartTurn>,
) -> Result<Response, ApiError> {
    let turn = body.ok_or_else(ApiError::empty_body)?;
    let timeout = match turn.wait {
        Wait::Seconds(seconds) => Some(Duration::from_secs(seconds.into())),
        Wait::No | Wait::UntilEnd => None,
    };
    let client_id = turn.client_message_id.clone();
    if sse::accepts_event_stream(&headers) {
        let stream_permit = state.limits.stream_permit(caller)?;
        let filter = EventFilter { names: u16::MAX, lean: options.lean };
        // Created before the turn, so that no event of it is missed.
        let reader = StreamReader::after(session.clone(), session.log().last().seq, filter);
        let TurnReply { delivery: sent, .. } =
            state.sessions.start_turn_idempotent(&session, turn, key).await?;
        drop(permit);
        let greeting = sse::greeting(&session, &state.build_id, options.warnings());
        let ends = session.clone();
        let end = async move { ends.wait_for_reply(sent, client_id, timeout).await };
        return Ok(options.add_headers(sse::response(follow(
            session,
            greeting,
            reader,
            end,
            expiry,
            stream_permit,
        ))));
    }
    let wait = turn.wait;
    // A waiting request occupies as much as a stream, for as long.
    let _stream_permit = if wait.is_no() { None } else { Some(state.limits.stream_permit(caller)?) };
    let reply = state.sessions.start_turn_idempotent(&session, turn, key).await?;
    drop(permit);
    if wait.is_no() {
        return Ok(options.json(reply));
    }
    Ok(options.json(session.wait_for_reply(reply.delivery, client_id, timeout).await?))
}

/// Yields the events of a turn until it ends, and then its result.
fn follow(
    session: Session,
    greeting: Bytes,
    mut reader: StreamReader,
    end: impl Future<Output = Result<WaitedReply, SessionError>>,
    expiry: Expiry,
    stream_permit: StreamPermit,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _stream_permit = stream_permit;
        let expired = expiry.expired();
        tokio::pin!(expired);
        yield Ok(greeting);
        tokio::pin!(end);
        let end = loop {
            let next = tokio::select! {
                biased; // Expiry first: an unauthorised client gets none of the pending events.
                () = &mut expired => return,
                end = &mut end => break end,
                next = reader.next() => next,
            };
            let Some(bytes) = next else { return };
            yield Ok(bytes);
        };
        // The events that ended the turn are sent before its result.
        let last = session.log().last().seq;
        loop {
            let next = match reader.next().now_or_never() {
                Some(next) => next,
                None if reader.position().seq >= last => break,
                None => reader.next().await,
            };
            let Some(bytes) = next else { break };
            yield Ok(bytes);
        }
        if let Ok(WaitedReply { reply, end }) = end {
            yield Ok(json_frame(None, EventName::Turn, &TurnStreamEnd { delivery: reply.delivery, end }));
        }
    }
}

/// Interrupt the turn, and the commands that it runs.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/turn/interrupt",
    operation_id = "interruptTurn",
    tag = "Turns",
    params(SessionPath, StateQuery, PreferHeader),
    responses((status = 200, description = "The session afterwards.", body = SessionReply), InterruptTurn),
)]
pub async fn interrupt(
    OwnedSession(session): OwnedSession,
    options: ReplyOptions,
    _: NoBody,
) -> Result<Response, ApiError> {
    Ok(options.json(session.interrupt().await?))
}
