//! `/api/sessions/{id}/turn`: start, wait for it, follow it, and interrupt.

use std::time::Duration;

use async_stream::stream;
use axum::{Extension, extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use codex_gateway_engine::{Session, SessionError};
use codex_gateway_wire::{
    EventName,
    api::{SessionReply, StartTurn, TurnEnded, TurnReply, WaitedReply},
    turn::Wait,
};
use futures::{FutureExt, Stream};

use crate::{
    auth::Expiry,
    error::ApiError,
    extract::{CallersSession, Keyed, NoBody},
    limits::{StreamPlace, Who},
    openapi::{
        events::{ServerSentEvent, TurnAnswer},
        params::{OnceHeader, PreferHeader, SessionPath, StateQuery},
        refusals::{Interrupt, Message},
    },
    reply::ReplyOptions,
    sse::{self, Chunk, Reader, Wanted, json_frame},
    state::AppState,
};

/// Say something to the agent.
///
/// With `wait` it answers when the turn has ended; whoever accepts an event stream gets what happens until then, and its end.
/// Both end with the token or the sign-in of the request: a `wait` with 401, a stream without its end. The turn goes on.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/turn",
    operation_id = "startTurn",
    tag = "Turns",
    params(SessionPath, StateQuery, PreferHeader, OnceHeader),
    request_body= StartTurn,
    responses((status = 200, description = "What became of the message.", content((TurnAnswer = "application/json"), (ServerSentEvent = "text/event-stream"))), Message),
)]
pub async fn start(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    Extension(expiry): Extension<Expiry>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    options: ReplyOptions,
    Keyed { key, body, permit }: Keyed<StartTurn>,
) -> Result<Response, ApiError> {
    let turn = body.ok_or_else(ApiError::empty_body)?;
    let patience = match turn.wait {
        Wait::Seconds(seconds) => Some(Duration::from_secs(seconds.into())),
        Wait::No | Wait::ToTheEnd => None,
    };
    let client_id = turn.client_message_id.clone();
    if sse::is_accepted(&headers) {
        let place = state.limits.stream(who)?;
        let wanted = Wanted { names: u16::MAX, lean: options.lean };
        // What the turn brings about comes after this.
        let reader = Reader::after(session.clone(), session.log().last().seq, wanted);
        let TurnReply { sent, .. } = state.sessions.start_turn_once(&session, turn, key).await?;
        drop(permit);
        let hello = sse::hello(&session, &state.build_id, options.warnings());
        let ends = session.clone();
        let end = async move { ends.turn_reply(sent, client_id, patience).await };
        return Ok(options.mark(sse::response(follow(session, hello, reader, end, expiry, place))));
    }
    let wait = turn.wait;
    // It holds as much as a stream does, and for as long.
    let _place = if wait.is_no() { None } else { Some(state.limits.stream(who)?) };
    let reply = state.sessions.start_turn_once(&session, turn, key).await?;
    drop(permit);
    if wait.is_no() {
        return Ok(options.json(reply));
    }
    Ok(options.json(session.turn_reply(reply.sent, client_id, patience).await?))
}

/// What happens until a turn ends, and its end.
fn follow(
    session: Session,
    hello: Bytes,
    mut reader: Reader,
    end: impl Future<Output = Result<WaitedReply, SessionError>>,
    expiry: Expiry,
    place: StreamPlace,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _place = place;
        let expired = expiry.over();
        tokio::pin!(expired);
        yield Ok(hello);
        tokio::pin!(end);
        let end = loop {
            let next = tokio::select! {
                biased; // Who may not read any more gets nothing of what still waits.
                () = &mut expired => return,
                end = &mut end => break end,
                next = reader.next() => next,
            };
            let Some(bytes) = next else { return };
            yield Ok(bytes);
        };
        // What brought the end about was told before it.
        let last = session.log().last().seq;
        loop {
            let next = match reader.next().now_or_never() {
                Some(next) => next,
                None if reader.at().seq >= last => break,
                None => reader.next().await,
            };
            let Some(bytes) = next else { break };
            yield Ok(bytes);
        }
        if let Ok(WaitedReply { reply, end }) = end {
            yield Ok(json_frame(None, EventName::Turn, &TurnEnded { sent: reply.sent, end }));
        }
    }
}

/// Stop the turn, and the commands that it runs.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/turn/interrupt",
    operation_id = "interruptTurn",
    tag = "Turns",
    params(SessionPath, StateQuery, PreferHeader),
    responses((status = 200, description = "The session as it stands then.", body = SessionReply), Interrupt),
)]
pub async fn interrupt(
    CallersSession(session): CallersSession,
    options: ReplyOptions,
    _: NoBody,
) -> Result<Response, ApiError> {
    Ok(options.json(session.interrupt().await?))
}
