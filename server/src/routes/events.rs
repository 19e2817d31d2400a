//! `GET /api/sessions/{id}/events`: the session's event stream.

use std::time::Duration;

use async_stream::stream;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use codex_gateway_engine::{Session, requests::Attendance};
use codex_gateway_wire::{EventId, EventName, event::GapReason};
use futures::Stream;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Expiry,
    error::ApiError,
    extract::CallersSession,
    limits::{StreamPlace, Who},
    openapi::{
        events::ServerSentEvent,
        params::{PreferHeader, ResumeHeader, SessionPath, StateQuery, TokenQuery},
        refusals::ReadSession,
    },
    reply::ReplyOptions,
    sse::{self, Chunk, Reader, Wanted},
    state::AppState,
};

/// How long a reply with `wait` is held back at most, in seconds.
const MAX_WAIT: u64 = 60;

/// How a reply with `wait` is typed for a client that asks for plain text.
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// How long an `EventSource` waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// What a reader may ask for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The last event that the reader has; `Last-Event-ID` beats it.
    since: Option<String>,
    /// The names of the events to send, with commas between; all without.
    events: Option<String>,
    /// `1`: the reader answers requests. A reader that polls counts for half a minute after each reply.
    interactive: Option<String>,
    /// Ends the reply after what has happened since: at once with `0`, else when something happens, or after so many
    /// seconds (at most 60) if nothing does. For clients that cannot hold a stream open.
    #[param(maximum = 60)]
    wait: Option<u64>,
    /// How many seconds the stream is silent at most before a `ping` (1 to 15; 15 without).
    #[param(minimum = 1, maximum = 15)]
    ping: Option<u64>,
}

/// The event stream of the session.
///
/// `session` first; then, with the id of an event, what followed it, else a `state` and what follows that. What cannot be
/// replayed any more is a `gap` and a `state`. At least every 15 s there is a `ping`; more often with `ping`. With `wait` the
/// reply ends, with a `ping`, and can be had as `text/plain`: some proxies hold event streams back by their type.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/events",
    operation_id = "streamEvents",
    tag = "Events",
    params(SessionPath, Asked, StateQuery, TokenQuery, PreferHeader, ResumeHeader),
    responses((status = 200, description = "The events.", content((ServerSentEvent = "text/event-stream"), (ServerSentEvent = "text/plain"))), ReadSession),
)]
pub async fn events(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    Extension(expiry): Extension<Expiry>,
    Extension(who): Extension<Who>,
    options: ReplyOptions,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(asked) = asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let wanted = Wanted { names: names(asked.events.as_deref())?, lean: options.lean };
    let last_event_id = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default());
    let since = last_event_id.or(asked.since.as_deref()).filter(|id| !id.is_empty());
    let start = match since {
        None => Start::Fresh,
        Some(id) => start_after(&session, id),
    };
    let wait = asked.wait.map(Duration::from_secs);
    if wait.is_some_and(|wait| wait.as_secs() > MAX_WAIT) {
        return Err(ApiError::BadQuery(format!("wait: at most {MAX_WAIT} seconds")));
    }
    let keep_alive = asked.ping.map_or(sse::KEEP_ALIVE, Duration::from_secs);
    if keep_alive.is_zero() || keep_alive > sse::KEEP_ALIVE {
        return Err(ApiError::BadQuery(format!("ping: 1 to {} seconds", sse::KEEP_ALIVE.as_secs())));
    }
    let attends = asked.interactive.is_some_and(|word| word == "1" || word == "true");
    let held = Held {
        // A reply that is written at once holds no connection.
        _permit: if wait == Some(Duration::ZERO) { None } else { Some(state.limits.stream(who)?) },
        _attendance: attends.then(|| session.attend()),
    };
    let hello = sse::hello(&session, &state.build_id, options.warnings());
    let pace = Pace { wait, keep_alive };
    let mut response = sse::response(stream(session, hello, wanted, start, pace, expiry, held));
    if wait.is_some() && sse::wants_plain_text(&headers) {
        response.headers_mut().insert(header::CONTENT_TYPE, PLAIN_TEXT);
    }
    Ok(options.mark(response))
}

/// What a stream holds for as long as it is open.
struct Held {
    _permit: Option<StreamPlace>,
    _attendance: Option<Attendance>,
}

/// When something is sent though nothing happens.
struct Pace {
    /// The reply ends after this; `None` for a stream.
    wait: Option<Duration>,
    /// A stream pings after this much silence.
    keep_alive: Duration,
}

/// Where a stream begins.
enum Start {
    /// With a `state`.
    Fresh,
    /// With what followed this event.
    After(u64),
    /// With a `gap` and a `state`.
    Gap(EventId, GapReason),
}

fn start_after(session: &Session, id: &str) -> Start {
    // An id that is none is of another life: whoever sent it gets everything anew.
    let id = id.parse().unwrap_or_else(|_| EventId { epoch: "none".to_owned(), seq: 0 });
    match session.log().replayable(&id) {
        Ok(seq) => Start::After(seq),
        Err(reason) => Start::Gap(id, reason),
    }
}

/// The events that a reader wants. What says who and where one is, is always sent.
fn names(list: Option<&str>) -> Result<u16, ApiError> {
    let Some(list) = list.filter(|list| !list.trim().is_empty()) else { return Ok(u16::MAX) };
    let mut names = EventName::SessionClosed.bit();
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let name = EventName::parse(word)
            .ok_or_else(|| ApiError::BadQuery(format!("events: there is no event named {word:?}")))?;
        names |= name.bit();
    }
    Ok(names)
}

fn stream(
    session: Session,
    hello: Bytes,
    wanted: Wanted,
    start: Start,
    pace: Pace,
    expiry: Expiry,
    held: Held,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _held = held;
        let expired = expiry.over();
        tokio::pin!(expired);
        yield Ok(Bytes::from_static(RETRY.as_bytes()));
        yield Ok(hello);
        let begun = match start {
            Start::After(seq) => Ok((Bytes::new(), Reader::after(session, seq, wanted))),
            Start::Fresh => Reader::fresh(session, wanted).await,
            Start::Gap(from, reason) => Reader::after_gap(session, wanted, from, reason).await,
        };
        let Ok((first, reader)) = begun else { return };
        let mut reader = reader.pinging_after(pace.keep_alive);
        let replayed = !first.is_empty();
        if replayed {
            yield Ok(first);
        }
        if let Some(wait) = pace.wait {
            let mut wait = if replayed { Duration::ZERO } else { wait };
            loop {
                let next = tokio::select! {
                    biased;
                    () = &mut expired => return,
                    next = reader.next_within(wait) => next,
                };
                let Some(bytes) = next else { break };
                wait = Duration::ZERO;
                yield Ok(bytes);
            }
            // The events that were left out by their names are not asked for again.
            yield Ok(reader.ping());
            return;
        }
        loop {
            let next = tokio::select! {
                biased; // Who may not read any more gets nothing of what still waits.
                () = &mut expired => return,
                next = reader.next() => next,
            };
            let Some(bytes) = next else { return };
            yield Ok(bytes);
        }
    }
}
