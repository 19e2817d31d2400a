//! Bodies of requests: how large they may be, which type they say that they are of, and how fast they come.
//!
//! A body is read last: by the extractors of [`crate::extract`], once the caller, the route and the session are known.
//! What its head tells is looked at before. Server functions are the exception, because their bodies name the session.

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
    limits::{BodyPermit, Who},
    state::AppState,
};

/// The largest body of a turn, in bytes: its message may bring a schema.
pub const MAX_TURN_BYTES: usize = 4 * 1024 * 1024;
/// The largest body of what changes a text that may be long itself, in bytes. A text of the queue's 256 KiB fits in,
/// as JSON escapes it.
pub const MAX_TEXT_BYTES: usize = 512 * 1024;
/// The largest body of everything else, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The largest form of `/sign-in`, in bytes: a token, and a path.
pub const MAX_FORM_BYTES: usize = 16 * 1024;

const NO_JSON: &str = "the body must say that it is JSON: content-type: application/json";
/// How much of a body is held beside what has come of it, in bytes: it grows in such steps.
const STEP: usize = 64 * 1024;
/// How fast a body has to come.
const PACE: Pace = Pace {
    max_silence: Duration::from_secs(10),
    max_total: Duration::from_mins(1),
    grace: Duration::from_secs(10),
    min_bytes_per_second: 8 * 1024,
};

/// How fast a body has to come.
#[derive(Clone, Copy)]
struct Pace {
    /// How long nothing of it may come.
    max_silence: Duration,
    /// How long all of it may take.
    max_total: Duration,
    /// How long it may be slower than `min_bytes_per_second`.
    grace: Duration,
    min_bytes_per_second: u64,
}

impl Pace {
    /// When the next piece has to be there.
    fn deadline(&self, start: Instant, received: usize) -> Instant {
        let earned = self.grace + Duration::from_millis(received as u64 * 1000 / self.min_bytes_per_second);
        (start + earned.min(self.max_total)).min(Instant::now() + self.max_silence)
    }
}

/// The largest body that a route takes, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

/// Middleware: refuses a body by its head. It must say that it is JSON, which a form of a foreign page cannot, and must
/// not be longer than its route takes. It is not read here, unless it says neither what nor how long it is: then it has
/// to be empty.
///
/// # Errors
/// [`ApiError::BadBody`], [`ApiError::TooLarge`], [`ApiError::SlowBody`]
pub async fn accept_body(
    State(limit): State<BodyLimit>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if is_safe(request.method()) {
        return Ok(next.run(request).await);
    }
    request = accept(request, limit).await?;
    request.extensions_mut().insert(limit);
    Ok(next.run(request).await)
}

/// Middleware of server functions: reads the body whole. The server-function library itself would read one of any
/// length, for any time.
///
/// # Errors
/// [`ApiError::NotFound`] if there is no such function; those of [`accept_body`] and [`read_json`].
pub async fn function_body(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let path = request.uri().path();
    if !path.starts_with(FUNCTIONS) || is_safe(request.method()) {
        return Ok(next.run(request).await);
    }
    if !server_fn_paths().any(|(known, method)| known == path && method == request.method()) {
        return Err(ApiError::NotFound);
    }
    let limit = function_limit(path);
    let request = accept(request, limit).await?;
    let (parts, body) = request.into_parts();
    let who = parts.extensions.get::<Who>().cloned().ok_or(ApiError::Internal)?;
    // Held until the function is done: what it makes of the body is as large.
    let (bytes, _permit) = read(body, limit.0, |bytes| state.limits.body(who, bytes)).await?;
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

/// Where server functions are.
const FUNCTIONS: &str = "/_fn/";

/// The largest body that a server function takes.
fn function_limit(path: &str) -> BodyLimit {
    match path.strip_prefix(FUNCTIONS) {
        Some("start" | "resume" | "send" | "fork-and-send") => BodyLimit(MAX_TURN_BYTES),
        // Code of a page comes in batches.
        Some("queue" | "answer" | "act" | "highlight") => BodyLimit(MAX_TEXT_BYTES),
        _ => BodyLimit(MAX_BODY_BYTES),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

async fn accept(request: Request, limit: BodyLimit) -> Result<Request, ApiError> {
    let length = request.body().size_hint().lower();
    if request.body().is_end_stream() {
        return Ok(request);
    }
    if says(request.headers(), "application/json") {
        return if length > limit.0 as u64 { Err(ApiError::TooLarge(limit.0)) } else { Ok(request) };
    }
    let no_json = || ApiError::BadBody(NO_JSON.to_owned());
    if length > 0 {
        return Err(no_json());
    }
    // Some clients send an empty body in chunks.
    let (parts, body) = request.into_parts();
    match read_within(body, 0, PACE, |_| Ok(())).await {
        Ok(_) => Ok(Request::from_parts(parts, Body::empty())),
        Err(ApiError::TooLarge(_)) => Err(no_json()),
        Err(other) => Err(other),
    }
}

/// Returns `true` if a body says that it is of this type.
pub fn says(headers: &HeaderMap, expected: &str) -> bool {
    media_type(headers).eq_ignore_ascii_case(expected)
}

/// What type a body says that it is of, without its parameters.
pub fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads the JSON body of a request whose head [`accept_body`] has looked at, with the permit for what it holds.
///
/// # Errors
/// Those of [`read`].
pub async fn read_json(request: Request, state: &AppState) -> Result<(Bytes, BodyPermit), ApiError> {
    let (parts, body) = request.into_parts();
    let BodyLimit(max) = parts.extensions.get().copied().unwrap_or(BodyLimit(MAX_BODY_BYTES));
    // A route that does not pass the limits has no caller to count for.
    let who = parts.extensions.get::<Who>().cloned().ok_or(ApiError::Internal)?;
    read(body, max, |bytes| state.limits.body(who, bytes)).await
}

/// Reads a body whole. `reserve` makes room for so many bytes before they are held.
///
/// # Errors
/// [`ApiError::BadBody`] if it breaks off, [`ApiError::TooLarge`], [`ApiError::SlowBody`], those of `reserve`.
pub async fn read(
    body: Body,
    max: usize,
    reserve: impl FnOnce(usize) -> Result<BodyPermit, ApiError>,
) -> Result<(Bytes, BodyPermit), ApiError> {
    let declared = declared(&body, max)?;
    let mut permit = reserve(declared)?;
    let bytes = read_within(body, max, PACE, |bytes| permit.grow_to(bytes)).await?;
    Ok((bytes, permit))
}

/// Reads a sign-in form whole.
///
/// # Errors
/// [`ApiError::BadBody`] if it breaks off, [`ApiError::TooLarge`], [`ApiError::SlowBody`]
pub async fn read_form(body: Body) -> Result<Bytes, ApiError> {
    read_within(body, MAX_FORM_BYTES, PACE, |_| Ok(())).await
}

/// The length that a body declares; 0 if it does not.
fn declared(body: &Body, max: usize) -> Result<usize, ApiError> {
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > max { Err(ApiError::TooLarge(max)) } else { Ok(declared) }
}

async fn read_within(
    body: Body,
    max: usize,
    pace: Pace,
    mut grow_to: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Bytes, ApiError> {
    declared(&body, max)?;
    let start = Instant::now();
    let mut pieces = body.into_data_stream();
    let mut bytes = BytesMut::new();
    loop {
        let next = timeout_at(pace.deadline(start, bytes.len()), pieces.next());
        let Some(piece) = next.await.map_err(|_| ApiError::SlowBody)? else { return Ok(bytes.freeze()) };
        let piece = piece.map_err(|error| ApiError::BadBody(format!("the body breaks off: {error}")))?;
        let length = bytes.len() + piece.len();
        if length > max {
            return Err(ApiError::TooLarge(max));
        }
        grow_to(length.next_multiple_of(STEP).min(max))?;
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

    const HOUR: Duration = Duration::from_hours(1);
    const SHORT: Duration = Duration::from_millis(40);
    /// No body is too slow for it.
    const PATIENT: Pace = Pace { max_silence: HOUR, max_total: HOUR, grace: HOUR, min_bytes_per_second: 1 };

    async fn read_at(body: Body, pace: Pace) -> Result<Bytes, ApiError> {
        read_within(body, 1_000_000, pace, |_| Ok(())).await
    }

    #[tokio::test]
    async fn body_that_takes_too_long_is_refused() {
        let all = read_at(dripping(Duration::from_millis(5)), Pace { max_total: SHORT, ..PATIENT }).await;
        assert!(matches!(all, Err(ApiError::SlowBody)), "{all:?}");
    }

    #[tokio::test]
    async fn body_that_is_silent_is_refused() {
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        let none = read_at(silent, Pace { max_silence: SHORT, ..PATIENT }).await;
        assert!(matches!(none, Err(ApiError::SlowBody)), "{none:?}");
    }

    #[tokio::test]
    async fn body_that_drips_is_refused_though_it_is_never_silent() {
        let pace = Pace { grace: SHORT, min_bytes_per_second: 1000, ..PATIENT };
        let drips = read_at(dripping(Duration::from_millis(5)), pace).await;
        assert!(matches!(drips, Err(ApiError::SlowBody)), "{drips:?}");
    }

    #[test]
    fn faster_body_has_more_time() {
        let start = Instant::now();
        let pace = Pace { max_total: Duration::from_mins(1), ..PACE };
        let time = |received| Pace { max_silence: HOUR, ..pace }.deadline(start, received) - start;
        assert_eq!(time(0), Duration::from_secs(10));
        assert_eq!(time(80 * 1024), Duration::from_secs(20));
        assert_eq!(time(MAX_TURN_BYTES), Duration::from_mins(1));
    }

    #[tokio::test]
    async fn room_is_made_before_a_body_is_held() {
        let mut asked = Vec::new();
        let pieces = ["x".repeat(STEP), "y".repeat(10)].map(Ok::<_, Infallible>);
        let body = Body::from_stream(futures::stream::iter(pieces));
        let read = read_within(body, 1_000_000, PACE, |bytes| {
            asked.push(bytes);
            if bytes > STEP { Err(ApiError::TooManyBodies { after: 1 }) } else { Ok(()) }
        });
        assert!(matches!(read.await, Err(ApiError::TooManyBodies { .. })));
        assert_eq!(asked, [STEP, 2 * STEP]);
    }

    #[test]
    fn server_functions_that_bring_messages_take_more() {
        let limit = |path| function_limit(path).0;
        assert_eq!(limit("/_fn/send"), MAX_TURN_BYTES);
        assert_eq!(limit("/_fn/answer"), MAX_TEXT_BYTES);
        assert_eq!((limit("/_fn/home"), limit("/_fn/send/x")), (MAX_BODY_BYTES, MAX_BODY_BYTES));
    }

    #[tokio::test]
    async fn a_body_may_be_only_so_long() {
        let read = |body, max| read_within(body, max, PACE, |_| Ok(()));
        let read_all = |max| read(dripping(Duration::from_millis(1)), max);
        assert!(matches!(read_all(1000).await, Err(ApiError::TooLarge(1000))));
        assert!(matches!(read(Body::from("abc"), 2).await, Err(ApiError::TooLarge(2))));
        assert_eq!(read(Body::from("abc"), 3).await.unwrap(), "abc");
    }
}
