//! In-flight requests of a connection, from their heads to the ends of their replies. They tell whether the
//! connection is idle, and whether its client has stopped reading.
//!
//! Works alike for HTTP/1.1 and HTTP/2. hyper's own timeouts cover HTTP/1.1 only. TCP's timeout does not detect
//! a client that acknowledges everything and opens no window for a stream.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::Version,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// In-flight requests of a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct InFlightRequests(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Number of requests so far. Serves as id.
    count: u64,
    /// For each open request, since when the reply waits for the client. `None` while the client waits for the
    /// gateway.
    open: HashMap<u64, Option<Instant>>,
    idle_since: Instant,
    /// Since when the rest of a request's head is awaited. The first head is awaited from the start.
    head_since: Option<Instant>,
    is_http2: bool,
}

/// State of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// No request is open, since this time.
    Idle(Instant),
    /// The head of a request is incomplete, since this time.
    Head(Instant),
    /// A request is open, and its client reads the reply.
    Busy,
    /// The client has not read from a reply since this time.
    Stalled(Instant),
}

impl InFlightRequests {
    /// Creates the state of a new connection.
    pub fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            count: 0,
            open: HashMap::new(),
            idle_since: now,
            head_since: Some(now),
            is_http2: false,
        })))
    }

    /// Records bytes from the client. Between two requests of HTTP/1.1 they start a head. Over HTTP/2 they may
    /// be the reply to a ping.
    pub fn received(&self, bytes: &[u8]) {
        let mut state = lock(&self.0);
        if !bytes.is_empty() && state.open.is_empty() && !state.is_http2 {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// Records a request whose head is complete.
    pub fn begin(&self, version: Version) -> Exchange {
        let mut state = lock(&self.0);
        state.is_http2 = version == Version::HTTP_2;
        state.head_since = None;
        state.count += 1;
        let number = state.count;
        state.open.insert(number, None);
        Exchange { number, state: Arc::clone(&self.0) }
    }

    /// Returns `true` if the connection has had a request.
    pub fn has_begun(&self) -> bool {
        lock(&self.0).count > 0
    }

    /// Returns the state of the connection.
    pub fn activity(&self) -> Activity {
        let state = lock(&self.0);
        if state.open.is_empty() {
            return state.head_since.map_or(Activity::Idle(state.idle_since), Activity::Head);
        }
        state.open.values().flatten().min().map_or(Activity::Busy, |since| Activity::Stalled(*since))
    }
}

impl Default for InFlightRequests {
    fn default() -> Self {
        Self::new()
    }
}

/// An open request. Dropping it ends it.
#[derive(Debug)]
pub struct Exchange {
    number: u64,
    state: Arc<Mutex<State>>,
}

impl Exchange {
    /// Wraps the reply, so that the exchange ends with its body.
    pub fn reply(self, response: Response) -> Response {
        // An HTTP/2 client may never open a window. Then the body is never polled.
        self.set_stalled_since(Some(Instant::now()));
        response.map(|body| Body::new(ReplyBody { body, exchange: self }))
    }

    fn set_stalled_since(&self, since: Option<Instant>) {
        if let Some(stalled) = lock(&self.state).open.get_mut(&self.number) {
            *stalled = since;
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.open.remove(&self.number);
        state.idle_since = Instant::now();
    }
}

/// Body of a reply. It waits for the client from one frame to the next poll.
struct ReplyBody {
    body: Body,
    exchange: Exchange,
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let waits = matches!(frame, Poll::Ready(Some(_)));
        self.exchange.set_stalled_since(waits.then(Instant::now));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn connection_is_busy_until_last_reply_ends() {
        let in_flight = InFlightRequests::new();
        assert!(!in_flight.has_begun() && matches!(in_flight.activity(), Activity::Head(_)));
        let (first, second) = (in_flight.begin(Version::HTTP_11), in_flight.begin(Version::HTTP_11));
        assert!(in_flight.has_begun() && in_flight.activity() == Activity::Busy);
        drop(second);
        let mut body = first.reply(Response::new(Body::from("text"))).into_body().into_data_stream();
        assert!(matches!(in_flight.activity(), Activity::Stalled(_)), "the body is not polled yet");
        body.next().await.unwrap().unwrap();
        drop(body);
        assert!(matches!(in_flight.activity(), Activity::Idle(_)));
    }

    #[tokio::test]
    async fn bytes_between_requests_start_a_head_over_http1_only() {
        let in_flight = InFlightRequests::new();
        drop(in_flight.begin(Version::HTTP_11));
        in_flight.received(b"");
        assert!(matches!(in_flight.activity(), Activity::Idle(_)));
        in_flight.received(b"G");
        let Activity::Head(since) = in_flight.activity() else { panic!("{:?}", in_flight.activity()) };
        in_flight.received(b"ET / HTTP/1.1");
        assert_eq!(in_flight.activity(), Activity::Head(since), "more bytes do not extend the timeout");
        let exchange = in_flight.begin(Version::HTTP_11);
        in_flight.received(b"a body");
        drop(exchange);
        assert!(matches!(in_flight.activity(), Activity::Idle(_)));

        drop(in_flight.begin(Version::HTTP_2));
        in_flight.received(b"a frame");
        assert!(matches!(in_flight.activity(), Activity::Idle(_)));
    }

    #[tokio::test]
    async fn unread_reply_is_stalled_and_pending_reply_is_busy() {
        let in_flight = InFlightRequests::new();
        let pieces = stream::iter(["a", "b"].map(Ok::<_, std::convert::Infallible>)).chain(stream::pending());
        let reply = in_flight.begin(Version::HTTP_11).reply(Response::new(Body::from_stream(pieces)));
        let mut body = reply.into_body().into_data_stream();
        body.next().await.unwrap().unwrap();
        let Activity::Stalled(since) = in_flight.activity() else { panic!("{:?}", in_flight.activity()) };
        body.next().await.unwrap().unwrap();
        assert!(matches!(in_flight.activity(), Activity::Stalled(later) if later >= since));
        assert!(futures::poll!(body.next()).is_pending());
        assert_eq!(in_flight.activity(), Activity::Busy);
    }
}
