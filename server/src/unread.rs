//! What comes of a request's body that its handler did not read, because it answered before.
//!
//! Over HTTP/1.1, a connection that is closed while bytes of its client wait is reset, and the client may lose the reply
//! with them. So what still comes is thrown away for a moment, without being held. HTTP/2 needs none of it: the stream
//! alone ends.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Bytes, HttpBody},
    http::{Request, Version, header},
};
use futures::StreamExt;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{runtime::Handle, time::timeout};

/// How much is thrown away at most, in bytes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// How long it may take.
const MAX_TIME: Duration = Duration::from_secs(5);

/// A request's body. What is left of it when it is dropped is thrown away.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` once it is read.
    incoming: Option<Incoming>,
    discards: bool,
}

impl RequestBody {
    /// The body of this request.
    pub fn of(request: Request<Incoming>) -> Request<Self> {
        let is_http1 = request.version() < Version::HTTP_2;
        // Who waits for a word before sending shall not get it now.
        let waits = request.headers().contains_key(header::EXPECT);
        request.map(|incoming| Self { incoming: Some(incoming), discards: is_http1 && !waits })
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(incoming).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.is_end_stream() || !self.discards {
            return;
        }
        // A runtime that is shutting down closes everything anyway.
        if let (Some(incoming), Ok(runtime)) = (self.incoming.take(), Handle::try_current()) {
            runtime.spawn(timeout(MAX_TIME, discard(incoming)));
        }
    }
}

async fn discard(incoming: Incoming) {
    let mut pieces = axum::body::Body::new(incoming).into_data_stream();
    let mut bytes = 0;
    while let Some(Ok(piece)) = pieces.next().await {
        bytes += piece.len() as u64;
        if bytes > MAX_BYTES {
            return;
        }
    }
}
