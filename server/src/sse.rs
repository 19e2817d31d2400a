//! Event streams over HTTP.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use codex_gateway_engine::{
    Session, SessionError,
    event_log::{LogReader, ReadResult, sse_frame},
};
use codex_gateway_wire::{
    EventId, EventName,
    event::{Gap, GapReason, SessionGreeting},
};
use futures::Stream;
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::ApiError;

/// Maximum silence of a stream before a ping.
pub const PING_INTERVAL: Duration = Duration::from_secs(15);

/// A chunk of a stream.
pub type Chunk = Result<Bytes, SessionError>;

/// Maximum `wait`, in seconds.
const MAX_WAIT_SECONDS: u64 = 60;

/// Content type of a reply with `wait` for clients that accept plain text only.
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Returns the time of a `wait` parameter, if the request has one.
///
/// # Errors
/// [`ApiError::BadQuery`] beyond the maximum.
pub fn wait(seconds: Option<u64>) -> Result<Option<Duration>, ApiError> {
    if seconds.is_some_and(|seconds| seconds > MAX_WAIT_SECONDS) {
        return Err(ApiError::BadQuery(format!("wait: at most {MAX_WAIT_SECONDS} seconds")));
    }
    Ok(seconds.map(Duration::from_secs))
}

/// Returns the id of the last event that the client has received. The header takes precedence.
pub fn last_event_id<'a>(headers: &'a HeaderMap, since: Option<&'a str>) -> Option<&'a str> {
    let header = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default());
    header.or(since).filter(|id| !id.is_empty())
}

/// Returns `true` if `Accept` contains `text/event-stream`.
pub fn accepts_event_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepted.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or(kind));
    types.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Builds the response of a request with `wait`. It is plain text if `Accept` is `text/plain` alone: clients behind a
/// proxy that holds event streams back by their type send that.
pub fn finite_response(headers: &HeaderMap, stream: impl Stream<Item = Chunk> + Send + 'static) -> Response {
    let mut response = response(stream);
    if headers.get(header::ACCEPT).is_some_and(|accepted| accepted == "text/plain") {
        response.headers_mut().insert(header::CONTENT_TYPE, PLAIN_TEXT);
    }
    response
}

/// Builds a streaming response.
pub fn response(stream: impl Stream<Item = Chunk> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise buffer the stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Serialises an event that is not in the log, or a copy of a logged one.
pub fn json_frame(id: Option<&EventId>, name: EventName, data: &impl Serialize) -> Bytes {
    sse_frame(id.map(|id| (id.epoch.as_str(), id.seq)), name, |bytes| {
        // Serialising these types cannot fail.
        let _ = serde_json::to_writer(bytes, data);
    })
}

/// Returns the first event of a stream, with the session and the build.
pub fn greeting(session: &Session, build_id: &str, warnings: Vec<String>) -> Bytes {
    let session = session.info();
    let data =
        SessionGreeting { session_id: session.id.clone(), session, build_id: build_id.to_owned(), warnings };
    json_frame(None, EventName::Session, &data)
}

/// Which events a reader gets, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct EventFilter {
    /// Bit mask of the event names.
    pub names: u16,
    /// `true` if each `state` is sent without its large parts.
    pub lean: bool,
}

/// Reads a session's log for a stream. Fills gaps with a fresh `state`, and pings when the log is silent.
pub struct StreamReader {
    session: Session,
    log: LogReader,
    filter: EventFilter,
    /// Maximum silence before a ping.
    ping_interval: Duration,
    next_ping: Instant,
}

impl StreamReader {
    /// Reads the events after this sequence number.
    pub fn after(session: Session, seq: u64, filter: EventFilter) -> Self {
        let log = session.log().follow(seq, filter.names).lean(filter.lean);
        let next_ping = Instant::now() + PING_INTERVAL;
        Self { session, log, filter, ping_interval: PING_INTERVAL, next_ping }
    }

    /// Sets the maximum silence before a ping. The default is [`PING_INTERVAL`].
    #[must_use]
    pub fn with_ping_interval(self, ping_interval: Duration) -> Self {
        Self { ping_interval, next_ping: Instant::now() + ping_interval, ..self }
    }

    /// Returns a fresh `state`, and a reader of the events after it.
    ///
    /// # Errors
    /// If the session has ended.
    pub async fn fresh(session: Session, filter: EventFilter) -> Result<(Bytes, Self), SessionError> {
        let (id, state) = state(&session, filter).await?;
        Ok((state, Self::after(session, id.seq, filter)))
    }

    /// Returns a `gap` with a fresh `state`, and a reader of the events after it.
    ///
    /// # Errors
    /// If the session has ended.
    pub async fn after_gap(
        session: Session,
        filter: EventFilter,
        from: EventId,
        reason: GapReason,
    ) -> Result<(Bytes, Self), SessionError> {
        let (id, gap) = gap(&session, filter, from, reason).await?;
        Ok((gap, Self::after(session, id.seq, filter)))
    }

    /// Returns the id of the last event that was read, including filtered-out ones.
    pub fn position(&self) -> EventId {
        self.log.position()
    }

    /// Returns the next bytes. `None` once the stream has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        let read = tokio::select! {
            biased;
            read = self.log.next() => Some(read),
            () = sleep_until(self.next_ping) => None,
        };
        let bytes = match read {
            Some(read) => self.frames(read).await?,
            None => self.ping(),
        };
        self.next_ping = Instant::now() + self.ping_interval;
        Some(bytes)
    }

    /// Returns the next bytes, without pings. `None` after the timeout, or once the stream has ended.
    pub async fn next_within(&mut self, wait: Duration) -> Option<Bytes> {
        let read = timeout(wait, self.log.next()).await.ok()?;
        self.frames(read).await
    }

    /// Returns a `ping` with the id of the last event that was read.
    pub fn ping(&self) -> Bytes {
        ping(&self.position())
    }

    async fn frames(&mut self, read: ReadResult) -> Option<Bytes> {
        match read {
            ReadResult::Frames(bytes) => Some(bytes),
            ReadResult::Gap => {
                let (id, bytes) =
                    gap(&self.session, self.filter, self.position(), GapReason::SlowReader).await.ok()?;
                self.log.skip_to(id.seq);
                Some(bytes)
            }
            ReadResult::End => None,
        }
    }
}

fn ping(at: &EventId) -> Bytes {
    let mut bytes = b": keep-alive\n\n".to_vec();
    bytes.extend_from_slice(&json_frame(Some(at), EventName::Ping, &serde_json::Map::new()));
    bytes.into()
}

/// Returns the id of a fresh `state`, and its event if the filter includes states.
async fn state(session: &Session, filter: EventFilter) -> Result<(EventId, Bytes), SessionError> {
    let mut reply = session.state().await?;
    if filter.lean {
        reply.state.make_lean();
    }
    let is_wanted = filter.names & EventName::State.mask() != 0;
    let event = is_wanted.then(|| json_frame(Some(&reply.last_event_id), EventName::State, &reply.state));
    Ok((reply.last_event_id, event.unwrap_or_default()))
}

/// Returns a `gap`, and the fresh `state` that follows it.
async fn gap(
    session: &Session,
    filter: EventFilter,
    from: EventId,
    reason: GapReason,
) -> Result<(EventId, Bytes), SessionError> {
    let (to, state) = state(session, filter).await?;
    tracing::debug!(session = %session.id(), %from, %to, ?reason, "a reader missed events");
    let gap = Gap { from, to: to.clone(), reason };
    let mut bytes = BytesMut::from(json_frame(None, EventName::Gap, &gap));
    bytes.extend_from_slice(&state);
    Ok((to, bytes.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_header_selects_event_stream() {
        let accepts = |value: &'static str| {
            accepts_event_stream(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]))
        };
        assert!(accepts("text/event-stream") && accepts("application/json;q=0.5, Text/Event-Stream; q=1"));
        assert!(!accepts("text/plain"));
        assert!(!accepts("*/*") && !accepts("application/json") && !accepts_event_stream(&HeaderMap::new()));
    }
}
