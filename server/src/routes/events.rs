//! `GET /api/sessions/{id}/events`: the event stream of a session.

use std::time::Duration;

use async_stream::stream;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use codex_gateway_engine::{Session, server_requests::PresenceGuard};
use codex_gateway_wire::{EventId, EventName, event::GapReason};
use futures::Stream;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Expiry,
    error::ApiError,
    extract::OwnedSession,
    limits::{CallerKey, StreamPermit},
    openapi::{
        error_groups::ReadSession,
        events::ServerSentEvent,
        params::{PreferHeader, ResumeHeader, SessionPath, StateQuery, TokenQuery},
    },
    reply::ReplyOptions,
    sse::{self, Chunk, EventFilter, StreamReader},
    state::AppState,
};

/// Reconnect delay of an `EventSource`, in milliseconds.
const RETRY_FIELD: &str = "retry: 1000\n\n";

/// Query of the stream.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Id of the last event that the client has received. `Last-Event-ID` takes precedence.
    since: Option<String>,
    /// Names of the events to send, separated by commas. All events by default.
    events: Option<String>,
    /// `1`: the client can answer requests. A polling client counts as present for 30 seconds after each reply.
    interactive: Option<String>,
    /// Ends the reply after the events since then: at once with `0`, else at the next event, or after this many
    /// seconds (at most 60). For clients that cannot hold a stream open.
    #[param(maximum = 60)]
    wait: Option<u64>,
    /// Maximum seconds of silence before a `ping` (1 to 15; default 15).
    #[param(minimum = 1, maximum = 15)]
    ping: Option<u64>,
}

/// The event stream of the session.
///
/// It begins with `session`. With the id of an event, the events after it follow; else a `state` and the events
/// after that. Events that cannot be replayed any more are replaced by a `gap` and a `state`. A `ping` is sent
/// after 15 s of silence, or sooner with `ping`. With `wait` the reply ends with a `ping`, and is available as
/// `text/plain`, because some proxies hold event streams back by their type.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/events",
    operation_id = "streamEvents",
    tag = "Events",
    params(SessionPath, EventsQuery, StateQuery, TokenQuery, PreferHeader, ResumeHeader),
    responses((status = 200, description = "The events.", content((ServerSentEvent = "text/event-stream"), (ServerSentEvent = "text/plain"))), ReadSession),
)]
pub async fn events(
    State(state): State<AppState>,
    OwnedSession(session): OwnedSession,
    Extension(expiry): Extension<Expiry>,
    Extension(caller): Extension<CallerKey>,
    options: ReplyOptions,
    query: Result<Query<EventsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let filter = EventFilter { names: event_mask(query.events.as_deref())?, lean: options.lean };
    let start = match sse::last_event_id(&headers, query.since.as_deref()) {
        None => Start::Fresh,
        Some(id) => start_after(&session, id),
    };
    let wait = sse::wait(query.wait)?;
    let ping_interval = query.ping.map_or(sse::PING_INTERVAL, Duration::from_secs);
    if ping_interval.is_zero() || ping_interval > sse::PING_INTERVAL {
        return Err(ApiError::BadQuery(format!("ping: 1 to {} seconds", sse::PING_INTERVAL.as_secs())));
    }
    let is_interactive = query.interactive.is_some_and(|word| word == "1" || word == "true");
    let guards = StreamGuards {
        // A reply that is complete at once occupies no stream.
        _permit: if wait == Some(Duration::ZERO) { None } else { Some(state.limits.stream_permit(caller)?) },
        _presence: is_interactive.then(|| session.mark_present()),
    };
    let greeting = sse::greeting(&session, &state.build_id, options.warnings());
    let timing = StreamTiming { wait, ping_interval };
    let events = stream(session, greeting, filter, start, timing, expiry, guards);
    let response =
        if wait.is_some() { sse::finite_response(&headers, events) } else { sse::response(events) };
    Ok(options.add_headers(response))
}

/// Guards that live as long as the stream.
struct StreamGuards {
    _permit: Option<StreamPermit>,
    _presence: Option<PresenceGuard>,
}

/// When the stream sends something without an event.
struct StreamTiming {
    /// The reply ends after this time. `None` for a stream.
    wait: Option<Duration>,
    /// Maximum silence before a ping.
    ping_interval: Duration,
}

/// Where the stream begins.
enum Start {
    /// With a `state`.
    Fresh,
    /// With the events after this one.
    After(u64),
    /// With a `gap` and a `state`.
    Gap(EventId, GapReason),
}

fn start_after(session: &Session, id: &str) -> Start {
    // An invalid id counts as one of another epoch, so the client gets a `gap`.
    let id = id.parse().unwrap_or_else(|_| EventId { epoch: "none".to_owned(), seq: 0 });
    match session.log().check_replay(&id) {
        Ok(seq) => Start::After(seq),
        Err(reason) => Start::Gap(id, reason),
    }
}

/// Returns the mask of the events to send. `session`, `session-closed`, `gap` and `ping` are always sent.
fn event_mask(list: Option<&str>) -> Result<u16, ApiError> {
    let Some(list) = list.filter(|list| !list.trim().is_empty()) else { return Ok(u16::MAX) };
    let mut mask = EventName::SessionClosed.mask();
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let name = EventName::parse(word)
            .ok_or_else(|| ApiError::BadQuery(format!("events: there is no event named {word:?}")))?;
        mask |= name.mask();
    }
    Ok(mask)
}

fn stream(
    session: Session,
    greeting: Bytes,
    filter: EventFilter,
    start: Start,
    timing: StreamTiming,
    expiry: Expiry,
    guards: StreamGuards,
) -> impl Stream<Item = Chunk> {
    stream! {
        let _guards = guards;
        let expired = expiry.expired();
        tokio::pin!(expired);
        yield Ok(Bytes::from_static(RETRY_FIELD.as_bytes()));
        yield Ok(greeting);
        let opened = match start {
            Start::After(seq) => Ok((Bytes::new(), StreamReader::after(session, seq, filter))),
            Start::Fresh => StreamReader::fresh(session, filter).await,
            Start::Gap(from, reason) => StreamReader::after_gap(session, filter, from, reason).await,
        };
        let Ok((first, reader)) = opened else { return };
        let mut reader = reader.with_ping_interval(timing.ping_interval);
        let replayed = !first.is_empty();
        if replayed {
            yield Ok(first);
        }
        if let Some(wait) = timing.wait {
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
            // Carries the id of filtered-out events, so that the client does not request them again.
            yield Ok(reader.ping());
            return;
        }
        loop {
            let next = tokio::select! {
                biased; // Expiry first: an unauthorised client gets none of the pending events.
                () = &mut expired => return,
                next = reader.next() => next,
            };
            let Some(bytes) = next else { return };
            yield Ok(bytes);
        }
    }
}
