//! Bodies of requests: their size limits, content type and timeouts.
//!
//! A body is read last: by the extractors of [`crate::extract`], once the caller, the route and the session are
//! known. Its headers are checked before. Server functions are the exception, because their bodies name the
//! session.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use bytes::BytesMut;
use futures::StreamExt;
use leptos::server_fn::axum::server_fn_paths;
use tokio::time::{Instant, timeout_at};

use crate::{
    error::ApiError,
    limits::{BodyPermit, CallerKey},
    state::AppState,
};

/// Maximum body of a turn, in bytes. A message may include a JSON schema.
pub const MAX_TURN_BYTES: usize = 4 * 1024 * 1024;
/// Maximum body of requests with a long text, in bytes. A queued text of 256 KiB fits, with JSON escapes.
pub const MAX_TEXT_BYTES: usize = 512 * 1024;
/// Maximum body of all other requests, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Maximum form of `/sign-in`, in bytes: a token and a path.
pub const MAX_FORM_BYTES: usize = 16 * 1024;

const NOT_JSON_MESSAGE: &str = "the body must say that it is JSON: content-type: application/json";
/// Reservations for a body grow in steps of this size, in bytes.
const GROWTH_BYTES: usize = 64 * 1024;
/// Timeouts of every body.
const BODY_TIMEOUTS: BodyTimeouts = BodyTimeouts {
    max_silence: Duration::from_secs(10),
    max_total: Duration::from_mins(1),
    grace: Duration::from_secs(10),
    min_bytes_per_second: 8 * 1024,
};

/// How slowly a body may arrive.
#[derive(Clone, Copy)]
struct BodyTimeouts {
    /// Maximum time without any bytes.
    max_silence: Duration,
    /// Maximum time for the whole body.
    max_total: Duration,
    /// How long the body may be slower than `min_bytes_per_second`.
    grace: Duration,
    min_bytes_per_second: u64,
}

impl BodyTimeouts {
    /// Returns the time by which the next piece must arrive.
    fn deadline(&self, start: Instant, received: usize) -> Instant {
        let earned = self.grace + Duration::from_millis(received as u64 * 1000 / self.min_bytes_per_second);
        (start + earned.min(self.max_total)).min(Instant::now() + self.max_silence)
    }
}

/// Maximum body of a route, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

/// Middleware: checks the headers of a body, without reading it.
///
/// The body must be declared as JSON, which a form of a foreign page cannot do, and must not exceed the limit
/// of its route. A body with neither type nor length is read, because it must turn out to be empty.
///
/// # Errors
/// [`ApiError::BadBody`], [`ApiError::TooLarge`], [`ApiError::SlowBody`]
pub async fn check_body_headers(
    State(limit): State<BodyLimit>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if is_safe_method(request.method()) {
        return Ok(next.run(request).await);
    }
    request = check_headers(request, limit).await?;
    request.extensions_mut().insert(limit);
    Ok(next.run(request).await)
}

/// Middleware of server functions: reads the whole body. The server-function library itself has no limit of
/// size or time.
///
/// # Errors
/// [`ApiError::NotFound`] if there is no such function, and the errors of [`check_body_headers`] and [`read_json`].
pub async fn read_function_body(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let path = request.uri().path();
    if !path.starts_with(FUNCTION_PREFIX) || is_safe_method(request.method()) {
        return Ok(next.run(request).await);
    }
    if !server_fn_paths().any(|(known, method)| known == path && method == request.method()) {
        return Err(ApiError::NotFound);
    }
    let limit = function_limit(path);
    let request = check_headers(request, limit).await?;
    let (parts, body) = request.into_parts();
    let caller = parts.extensions.get::<CallerKey>().cloned().ok_or(ApiError::Internal)?;
    // The permit is held until the function returns: the parsed body is about as large.
    let (bytes, _permit) = read_body(body, limit.0, |bytes| state.limits.reserve_body(caller, bytes)).await?;
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

/// Path prefix of server functions.
const FUNCTION_PREFIX: &str = "/_fn/";

/// Returns the maximum body of a server function.
fn function_limit(path: &str) -> BodyLimit {
    match path.strip_prefix(FUNCTION_PREFIX) {
        Some("start" | "resume" | "send" | "fork-and-send") => BodyLimit(MAX_TURN_BYTES),
        // A page sends its code blocks to the highlighter in batches.
        Some("queue" | "answer" | "act" | "highlight") => BodyLimit(MAX_TEXT_BYTES),
        _ => BodyLimit(MAX_BODY_BYTES),
    }
}

fn is_safe_method(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

async fn check_headers(request: Request, limit: BodyLimit) -> Result<Request, ApiError> {
    let length = request.body().size_hint().lower();
    if request.body().is_end_stream() {
        return Ok(request);
    }
    if has_content_type(request.headers(), "application/json") {
        return if length > limit.0 as u64 { Err(ApiError::TooLarge(limit.0)) } else { Ok(request) };
    }
    let not_json = || ApiError::BadBody(NOT_JSON_MESSAGE.to_owned());
    if length > 0 {
        return Err(not_json());
    }
    // Some clients send an empty body with chunked encoding.
    let (parts, body) = request.into_parts();
    match read_within(body, 0, BODY_TIMEOUTS, |_| Ok(())).await {
        Ok(_) => Ok(Request::from_parts(parts, Body::empty())),
        Err(ApiError::TooLarge(_)) => Err(not_json()),
        Err(other) => Err(other),
    }
}

/// Returns `true` if the `Content-Type` is this media type.
pub fn has_content_type(headers: &HeaderMap, expected: &str) -> bool {
    media_type(headers).eq_ignore_ascii_case(expected)
}

/// Returns the media type of the `Content-Type` header, without parameters.
pub fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads the JSON body of a request that has passed [`check_body_headers`]. Also returns the permit for its
/// bytes.
///
/// # Errors
/// Those of [`read_body`].
pub async fn read_json(request: Request, state: &AppState) -> Result<(Bytes, BodyPermit), ApiError> {
    let (parts, body) = request.into_parts();
    let BodyLimit(max) = parts.extensions.get().copied().unwrap_or(BodyLimit(MAX_BODY_BYTES));
    // Fails closed: a route without the `limit` middleware has no rate key.
    let caller = parts.extensions.get::<CallerKey>().cloned().ok_or(ApiError::Internal)?;
    read_body(body, max, |bytes| state.limits.reserve_body(caller, bytes)).await
}

/// Reads a whole body. `reserve` is called with the declared length before any byte is buffered.
///
/// # Errors
/// [`ApiError::BadBody`] if the body ends early, [`ApiError::TooLarge`], [`ApiError::SlowBody`], and those of
/// `reserve`.
pub async fn read_body(
    body: Body,
    max: usize,
    reserve: impl FnOnce(usize) -> Result<BodyPermit, ApiError>,
) -> Result<(Bytes, BodyPermit), ApiError> {
    let declared = declared_length(&body, max)?;
    let mut permit = reserve(declared)?;
    let bytes = read_within(body, max, BODY_TIMEOUTS, |bytes| permit.grow_to(bytes)).await?;
    Ok((bytes, permit))
}

/// Reads a whole sign-in form.
///
/// # Errors
/// [`ApiError::BadBody`] if the body ends early, [`ApiError::TooLarge`], [`ApiError::SlowBody`]
pub async fn read_form(body: Body) -> Result<Bytes, ApiError> {
    read_within(body, MAX_FORM_BYTES, BODY_TIMEOUTS, |_| Ok(())).await
}

/// Returns the declared length of a body, or 0 without one.
fn declared_length(body: &Body, max: usize) -> Result<usize, ApiError> {
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > max { Err(ApiError::TooLarge(max)) } else { Ok(declared) }
}

async fn read_within(
    body: Body,
    max: usize,
    timeouts: BodyTimeouts,
    mut grow_to: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Bytes, ApiError> {
    declared_length(&body, max)?;
    let start = Instant::now();
    let mut pieces = body.into_data_stream();
    let mut bytes = BytesMut::new();
    loop {
        let next = timeout_at(timeouts.deadline(start, bytes.len()), pieces.next());
        let Some(piece) = next.await.map_err(|_| ApiError::SlowBody)? else { return Ok(bytes.freeze()) };
        let piece = piece.map_err(|error| ApiError::BadBody(format!("the body breaks off: {error}")))?;
        let length = bytes.len() + piece.len();
        if length > max {
            return Err(ApiError::TooLarge(max));
        }
        grow_to(length.next_multiple_of(GROWTH_BYTES).min(max))?;
        bytes.extend_from_slice(&piece);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use async_stream::stream;
    use tokio::time::sleep;

    use super::*;

    /// Returns a body that sends one byte per interval, forever.
    fn dripping(every: Duration) -> Body {
        Body::from_stream(stream! {
            loop {
                sleep(every).await;
                yield Ok::<_, Infallible>("x");
            }
        })
    }

    const HOUR: Duration = Duration::from_hours(1);
    const SHORT: Duration = Duration::from_millis(40);
    /// Timeouts that no body of these tests exceeds.
    const UNLIMITED: BodyTimeouts =
        BodyTimeouts { max_silence: HOUR, max_total: HOUR, grace: HOUR, min_bytes_per_second: 1 };

    async fn read_at(body: Body, timeouts: BodyTimeouts) -> Result<Bytes, ApiError> {
        read_within(body, 1_000_000, timeouts, |_| Ok(())).await
    }

    #[tokio::test]
    async fn body_over_total_timeout_is_refused() {
        let all =
            read_at(dripping(Duration::from_millis(5)), BodyTimeouts { max_total: SHORT, ..UNLIMITED }).await;
        assert!(matches!(all, Err(ApiError::SlowBody)), "{all:?}");
    }

    #[tokio::test]
    async fn silent_body_is_refused() {
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        let none = read_at(silent, BodyTimeouts { max_silence: SHORT, ..UNLIMITED }).await;
        assert!(matches!(none, Err(ApiError::SlowBody)), "{none:?}");
    }

    #[tokio::test]
    async fn body_below_minimum_rate_is_refused() {
        let timeouts = BodyTimeouts { grace: SHORT, min_bytes_per_second: 1000, ..UNLIMITED };
        let drips = read_at(dripping(Duration::from_millis(5)), timeouts).await;
        assert!(matches!(drips, Err(ApiError::SlowBody)), "{drips:?}");
    }

    #[test]
    fn deadline_grows_with_received_bytes() {
        let start = Instant::now();
        let timeouts = BodyTimeouts { max_total: Duration::from_mins(1), ..BODY_TIMEOUTS };
        let time =
            |received| BodyTimeouts { max_silence: HOUR, ..timeouts }.deadline(start, received) - start;
        assert_eq!(time(0), Duration::from_secs(10));
        assert_eq!(time(80 * 1024), Duration::from_secs(20));
        assert_eq!(time(MAX_TURN_BYTES), Duration::from_mins(1));
    }

    #[tokio::test]
    async fn bytes_are_reserved_before_they_are_buffered() {
        let mut asked = Vec::new();
        let pieces = ["x".repeat(GROWTH_BYTES), "y".repeat(10)].map(Ok::<_, Infallible>);
        let body = Body::from_stream(futures::stream::iter(pieces));
        let read = read_within(body, 1_000_000, BODY_TIMEOUTS, |bytes| {
            asked.push(bytes);
            if bytes > GROWTH_BYTES { Err(ApiError::TooManyBodies { retry_after: 1 }) } else { Ok(()) }
        });
        assert!(matches!(read.await, Err(ApiError::TooManyBodies { .. })));
        assert_eq!(asked, [GROWTH_BYTES, 2 * GROWTH_BYTES]);
    }

    #[test]
    fn message_server_functions_have_larger_body_limits() {
        let limit = |path| function_limit(path).0;
        assert_eq!(limit("/_fn/send"), MAX_TURN_BYTES);
        assert_eq!(limit("/_fn/answer"), MAX_TEXT_BYTES);
        assert_eq!((limit("/_fn/home"), limit("/_fn/send/x")), (MAX_BODY_BYTES, MAX_BODY_BYTES));
    }

    #[tokio::test]
    async fn body_over_limit_is_refused() {
        let read = |body, max| read_within(body, max, BODY_TIMEOUTS, |_| Ok(()));
        let read_all = |max| read(dripping(Duration::from_millis(1)), max);
        assert!(matches!(read_all(1000).await, Err(ApiError::TooLarge(1000))));
        assert!(matches!(read(Body::from("abc"), 2).await, Err(ApiError::TooLarge(2))));
        assert_eq!(read(Body::from("abc"), 3).await.unwrap(), "abc");
    }
}
