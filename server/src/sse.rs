//! Event streams: what all of them have in common.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use codex_gateway_engine::{
    Session, SessionError,
    log::{Follower, Read, frame},
};
use codex_gateway_wire::{
    EventId, EventName,
    event::{Gap, GapReason, Hello},
};
use futures::Stream;
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a stream is silent at most.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A piece of a stream.
pub type Chunk = Result<Bytes, SessionError>;

/// Returns `true` if a request's `Accept` names event streams.
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepted.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or(kind));
    types.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Returns `true` if a request's `Accept` is plain text and nothing else: the client is behind a proxy that holds event
/// streams back by their type.
pub fn wants_plain_text(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accepted| accepted == "text/plain")
}

/// A reply that is an event stream.
pub fn response(stream: impl Stream<Item = Chunk> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that waits for more before it passes anything on would undo the point of a stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// An event of a stream's own, or a copy of one that a session has logged.
pub fn json_frame(id: Option<&EventId>, name: EventName, data: &impl Serialize) -> Bytes {
    frame(id.map(|id| (id.epoch.as_str(), id.seq)), name, |bytes| {
        // Our own types can be written.
        let _ = serde_json::to_writer(bytes, data);
    })
}

/// The first event of every stream: who one is connected to.
pub fn hello(session: &Session, build_id: &str, warnings: Vec<String>) -> Bytes {
    let session = session.info();
    let data = Hello { session_id: session.id.clone(), session, build_id: build_id.to_owned(), warnings };
    json_frame(None, EventName::Session, &data)
}

/// The events that a reader wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Their names: a set of [`EventName::bit`]s.
    pub names: u16,
    /// Whether each `state` is to be without what grows with the conversation.
    pub lean: bool,
}

/// Reads a session's log for a stream: fills gaps, and is never silent for long.
pub struct Reader {
    session: Session,
    follower: Follower,
    wanted: Wanted,
    /// How long the stream is silent at most.
    keep_alive: Duration,
    silent_until: Instant,
}

impl Reader {
    /// Reads what follows the event with this number.
    pub fn after(session: Session, seq: u64, wanted: Wanted) -> Self {
        let follower = session.log().follow(seq, wanted.names).lean(wanted.lean);
        let silent_until = Instant::now() + KEEP_ALIVE;
        Self { session, follower, wanted, keep_alive: KEEP_ALIVE, silent_until }
    }

    /// Pings after this much silence instead of [`KEEP_ALIVE`].
    #[must_use]
    pub fn pinging_after(self, keep_alive: Duration) -> Self {
        Self { keep_alive, silent_until: Instant::now() + keep_alive, ..self }
    }

    /// A fresh `state`, and a reader of what follows it.
    ///
    /// # Errors
    /// If the session has ended.
    pub async fn fresh(session: Session, wanted: Wanted) -> Result<(Bytes, Self), SessionError> {
        let (id, state) = state(&session, wanted).await?;
        Ok((state, Self::after(session, id.seq, wanted)))
    }

    /// A `gap` with a fresh `state`, and a reader of what follows it.
    ///
    /// # Errors
    /// If the session has ended.
    pub async fn after_gap(
        session: Session,
        wanted: Wanted,
        from: EventId,
        reason: GapReason,
    ) -> Result<(Bytes, Self), SessionError> {
        let (id, gap) = gap(&session, wanted, from, reason).await?;
        Ok((gap, Self::after(session, id.seq, wanted)))
    }

    /// The last event that was given out, or left out.
    pub fn at(&self) -> EventId {
        self.follower.at()
    }

    /// What comes next; nothing once the stream is over. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Option<Bytes> {
        let read = tokio::select! {
            biased;
            read = self.follower.next() => Some(read),
            () = sleep_until(self.silent_until) => None,
        };
        let bytes = match read {
            Some(read) => self.frames(read).await?,
            None => self.ping(),
        };
        self.silent_until = Instant::now() + self.keep_alive;
        Some(bytes)
    }

    /// Waits so long for what comes next. `None` if nothing came, or once the stream is over.
    pub async fn next_within(&mut self, wait: Duration) -> Option<Bytes> {
        let read = timeout(wait, self.follower.next()).await.ok()?;
        self.frames(read).await
    }

    /// A `ping` with the id of the last event that was given out, or left out.
    pub fn ping(&self) -> Bytes {
        ping(&self.at())
    }

    async fn frames(&mut self, read: Read) -> Option<Bytes> {
        match read {
            Read::Frames(bytes) => Some(bytes),
            Read::Gap => {
                let (id, bytes) =
                    gap(&self.session, self.wanted, self.at(), GapReason::SlowReader).await.ok()?;
                self.follower.skip_to(id.seq);
                Some(bytes)
            }
            Read::End => None,
        }
    }
}

fn ping(at: &EventId) -> Bytes {
    let mut bytes = b": keep-alive\n\n".to_vec();
    bytes.extend_from_slice(&json_frame(Some(at), EventName::Ping, &serde_json::Map::new()));
    bytes.into()
}

/// The id of a fresh `state`, and its frame if the reader wants states.
async fn state(session: &Session, wanted: Wanted) -> Result<(EventId, Bytes), SessionError> {
    let mut reply = session.state().await?;
    if wanted.lean {
        reply.state.make_lean();
    }
    let is_wanted = wanted.names & EventName::State.bit() != 0;
    let frame = is_wanted.then(|| json_frame(Some(&reply.last_event_id), EventName::State, &reply.state));
    Ok((reply.last_event_id, frame.unwrap_or_default()))
}

/// A `gap`, and the fresh `state` that follows it.
async fn gap(
    session: &Session,
    wanted: Wanted,
    from: EventId,
    reason: GapReason,
) -> Result<(EventId, Bytes), SessionError> {
    let (to, state) = state(session, wanted).await?;
    tracing::debug!(session = %session.id(), %from, %to, ?reason, "a reader has a gap");
    let gap = Gap { from, to: to.clone(), reason };
    let mut bytes = BytesMut::from(json_frame(None, EventName::Gap, &gap));
    bytes.extend_from_slice(&state);
    Ok((to, bytes.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_for_who_asks_for_it() {
        let accepts = |value: &'static str| {
            is_accepted(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]))
        };
        assert!(accepts("text/event-stream") && accepts("application/json;q=0.5, Text/Event-Stream; q=1"));
        let plain = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/plain"))]);
        assert!(wants_plain_text(&plain) && !is_accepted(&plain));
        assert!(!accepts("*/*") && !accepts("application/json") && !is_accepted(&HeaderMap::new()));
    }
}
