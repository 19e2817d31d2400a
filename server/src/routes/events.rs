//! `GET /api/sessions/{id}/events`: the session's event stream.

use std::time::Duration;

use async_stream::stream;
use axum::{
    Extension,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use codex_gateway_engine::{
    Session, SessionError,
    log::{Read, frame},
    requests::Attendance,
};
use codex_gateway_wire::{
    EventId, EventName,
    api::{SessionInfo, SessionReply},
    event::{Gap, GapReason},
};
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use crate::{
    auth::Expiry,
    error::ApiError,
    extract::CallersSession,
    limits::{StreamPlace, Who},
    state::AppState,
};

/// How long a stream is silent at most.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long an `EventSource` waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// What a reader may ask for. A token may stand in the query as well; it is dealt with elsewhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The last event that the reader has; `Last-Event-ID` beats it.
    since: Option<String>,
    /// The names of the events to send, with commas between; all without.
    events: Option<String>,
    /// `1`: the reader answers requests.
    interactive: Option<String>,
}

/// The stream: `session`, then either what followed the reader's last event, or a `state` and what follows it.
pub async fn events(
    State(state): State<AppState>,
    CallersSession(session): CallersSession,
    Extension(expiry): Extension<Expiry>,
    Extension(who): Extension<Who>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(asked) = asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let names = names(asked.events.as_deref())?;
    let last_event_id = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default());
    let since = last_event_id.or(asked.since.as_deref()).filter(|id| !id.is_empty());
    let start = match since {
        None => Start::Fresh,
        Some(id) => start_after(&session, id),
    };
    let attends = asked.interactive.is_some_and(|word| word == "1" || word == "true");
    // What the stream holds for as long as it is open.
    let held = (state.limits.stream(who)?, attends.then(|| session.attend()));
    let hello = session_frame(&session, &state.build_id);
    let stream = stream(session, hello, names, start, expiry, held);
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that waits for more before it passes anything on would undo the point of a stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionData<'a> {
    session_id: &'a str,
    #[serde(flatten)]
    session: &'a SessionInfo,
    build_id: &'a str,
}

fn session_frame(session: &Session, build_id: &str) -> Bytes {
    let info = session.info();
    let data = SessionData { session_id: info.id.as_str(), session: &info, build_id };
    json_frame(None, EventName::Session, &data)
}

fn json_frame(id: Option<&EventId>, name: EventName, data: &impl Serialize) -> Bytes {
    frame(id.map(|id| (id.epoch.as_str(), id.seq)), name, |bytes| {
        // Our own types can be written.
        let _ = serde_json::to_writer(bytes, data);
    })
}

fn ping(at: &EventId) -> Bytes {
    let mut bytes = b": keep-alive\n\n".to_vec();
    bytes.extend_from_slice(&json_frame(Some(at), EventName::Ping, &serde_json::Map::new()));
    bytes.into()
}

type Chunk = Result<Bytes, SessionError>;

fn stream(
    session: Session,
    hello: Bytes,
    names: u16,
    start: Start,
    expiry: Expiry,
    held: (StreamPlace, Option<Attendance>),
) -> impl Stream<Item = Chunk> {
    stream! {
        // One place among the streams; and who reads it can answer, if they said so.
        let _held = held;
        let expired = expiry.over();
        tokio::pin!(expired);
        yield Ok(Bytes::from_static(RETRY.as_bytes()));
        yield Ok(hello);
        let mut follower = match start {
            Start::After(seq) => session.log().follow(seq, names),
            Start::Fresh => {
                let Ok((_, state, frame)) = fresh(&session, names).await else { return };
                if let Some(frame) = frame {
                    yield Ok(frame);
                }
                session.log().follow(state.seq, names)
            }
            Start::Gap(from, reason) => {
                let Ok((gap, state, frame)) = after_gap(&session, names, from, reason).await else { return };
                yield Ok(gap);
                if let Some(frame) = frame {
                    yield Ok(frame);
                }
                session.log().follow(state.seq, names)
            }
        };
        let mut silent_until = Instant::now() + KEEP_ALIVE;
        loop {
            let read = tokio::select! {
                biased; // Who may not read any more gets nothing of what still waits.
                () = &mut expired => return,
                read = follower.next() => Some(read),
                () = sleep_until(silent_until) => None,
            };
            match read {
                Some(Read::Frames(bytes)) => yield Ok(bytes),
                Some(Read::Gap) => {
                    let Ok((gap, state, frame)) =
                        after_gap(&session, names, follower.at(), GapReason::SlowReader).await else { return };
                    yield Ok(gap);
                    if let Some(frame) = frame {
                        yield Ok(frame);
                    }
                    follower.skip_to(state.seq);
                }
                Some(Read::End) => return,
                None => yield Ok(ping(&follower.at())),
            }
            silent_until = Instant::now() + KEEP_ALIVE;
        }
    }
}

/// A fresh `state`, its id, and its frame if the reader wants states.
async fn fresh(
    session: &Session,
    names: u16,
) -> Result<(SessionReply, EventId, Option<Bytes>), SessionError> {
    let reply = session.state().await?;
    let id = reply.last_event_id.clone();
    let wanted = names & EventName::State.bit() != 0;
    let frame = wanted.then(|| json_frame(Some(&id), EventName::State, &reply.state));
    Ok((reply, id, frame))
}

/// A `gap`, and the fresh `state` that follows it.
async fn after_gap(
    session: &Session,
    names: u16,
    from: EventId,
    reason: GapReason,
) -> Result<(Bytes, EventId, Option<Bytes>), SessionError> {
    let (_, to, state) = fresh(session, names).await?;
    tracing::debug!(session = %session.id(), %from, %to, ?reason, "a reader has a gap");
    let gap = Gap { from, to: to.clone(), reason };
    Ok((json_frame(None, EventName::Gap, &gap), to, state))
}
