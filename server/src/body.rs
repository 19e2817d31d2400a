//! Middleware: bodies are JSON, and come in time.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use bytes::BytesMut;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;

/// The largest body that is read, in bytes.
pub const LARGEST_BODY: usize = 4 * 1024 * 1024;
const NO_JSON: &str = "the body must say that it is JSON: content-type: application/json";
/// How long a body may take.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(10), whole: Duration::from_mins(1) };

/// How long a body may take.
#[derive(Clone, Copy)]
struct Patience {
    /// How long nothing of it may come.
    silence: Duration,
    /// How long all of it may take.
    whole: Duration,
}

/// Reads the body of a request that may change something; it must say that it is JSON, which a form of a foreign
/// page cannot.
///
/// # Errors
/// [`ApiError::BadBody`], [`ApiError::TooLarge`], [`ApiError::SlowBody`]
pub async fn json_body(request: Request, next: Next) -> Result<Response, ApiError> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || request.body().is_end_stream() {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let bytes = if says(&parts.headers, "application/json") {
        read(body, LARGEST_BODY).await?
    } else {
        // One without any is fine; of another not even the beginning is kept.
        read(body, 0).await.map_err(|error| match error {
            ApiError::TooLarge(_) => ApiError::BadBody(NO_JSON.to_owned()),
            other => other,
        })?
    };
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

/// Whether a body says that it is of this type.
pub fn says(headers: &HeaderMap, expected: &str) -> bool {
    media_type(headers).eq_ignore_ascii_case(expected)
}

/// What type a body says that it is of, without its parameters.
pub fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads a body whole.
///
/// # Errors
/// [`ApiError::BadBody`] if it breaks off, [`ApiError::TooLarge`], [`ApiError::SlowBody`]
pub async fn read(body: Body, most: usize) -> Result<Bytes, ApiError> {
    read_within(body, most, PATIENCE).await
}

async fn read_within(body: Body, most: usize, patience: Patience) -> Result<Bytes, ApiError> {
    if body.size_hint().lower() > most as u64 {
        return Err(ApiError::TooLarge(most));
    }
    let end = Instant::now() + patience.whole;
    let mut pieces = body.into_data_stream();
    let mut bytes = BytesMut::new();
    loop {
        let next = timeout_at(end.min(Instant::now() + patience.silence), pieces.next());
        let Some(piece) = next.await.map_err(|_| ApiError::SlowBody)? else { return Ok(bytes.freeze()) };
        let piece = piece.map_err(|error| ApiError::BadBody(format!("the body breaks off: {error}")))?;
        if bytes.len() + piece.len() > most {
            return Err(ApiError::TooLarge(most));
        }
        bytes.extend_from_slice(&piece);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use async_stream::stream;
    use tokio::time::sleep;

    use super::*;

    /// A piece of one byte every so often, for ever.
    fn dripping(every: Duration) -> Body {
        Body::from_stream(stream! {
            loop {
                sleep(every).await;
                yield Ok::<_, Infallible>("x");
            }
        })
    }

    #[tokio::test]
    async fn a_body_may_take_only_so_long() {
        let short = Duration::from_millis(40);
        let drips = dripping(Duration::from_millis(5));
        let all =
            read_within(drips, 1_000_000, Patience { silence: Duration::from_hours(1), whole: short }).await;
        assert!(matches!(all, Err(ApiError::SlowBody)), "{all:?}");
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        let none =
            read_within(silent, 1000, Patience { silence: short, whole: Duration::from_hours(1) }).await;
        assert!(matches!(none, Err(ApiError::SlowBody)), "{none:?}");
    }

    #[tokio::test]
    async fn a_body_may_be_only_so_long() {
        let read_all = |most| read(dripping(Duration::from_millis(1)), most);
        assert!(matches!(read_all(1000).await, Err(ApiError::TooLarge(1000))));
        assert!(matches!(read(Body::from("abc"), 2).await, Err(ApiError::TooLarge(2))));
        assert_eq!(read(Body::from("abc"), 3).await.unwrap(), "abc");
    }
}
