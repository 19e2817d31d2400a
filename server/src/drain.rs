//! Draining of request bodies that a handler did not read before it replied.
//!
//! If an HTTP/1.1 connection is closed with unread bytes, it is reset, and the client may lose the reply. So
//! the rest of the body is read and discarded for a short time. HTTP/2 does not need this, because only the
//! stream ends.

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

/// Maximum number of bytes to discard.
const MAX_DRAIN_BYTES: u64 = 8 * 1024 * 1024;
/// Maximum time to discard bytes.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Body of a request. Drains its unread rest when dropped.
#[derive(Debug)]
pub struct DrainOnDrop {
    /// `None` once the body has been read.
    incoming: Option<Incoming>,
    drains: bool,
}

impl DrainOnDrop {
    /// Wraps the body of a request.
    pub fn of(request: Request<Incoming>) -> Request<Self> {
        let is_http1 = request.version() < Version::HTTP_2;
        // A client that expects `100 Continue` has not sent its body, and must not be asked to.
        let expects_continue = request.headers().contains_key(header::EXPECT);
        request.map(|incoming| Self { incoming: Some(incoming), drains: is_http1 && !expects_continue })
    }
}

impl HttpBody for DrainOnDrop {
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

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        if self.is_end_stream() || !self.drains {
            return;
        }
        // Without a runtime, the connection is closed anyway.
        if let (Some(incoming), Ok(runtime)) = (self.incoming.take(), Handle::try_current()) {
            runtime.spawn(timeout(DRAIN_TIMEOUT, drain(incoming)));
        }
    }
}

async fn drain(incoming: Incoming) {
    let mut pieces = axum::body::Body::new(incoming).into_data_stream();
    let mut bytes = 0;
    while let Some(Ok(piece)) = pieces.next().await {
        bytes += piece.len() as u64;
        if bytes > MAX_DRAIN_BYTES {
            return;
        }
    }
}
