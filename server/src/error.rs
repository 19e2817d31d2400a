//! The error type of the HTTP layer. Errors of the engine are converted with `From`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use codex_gateway_engine::{SessionError, UploadError};
use codex_gateway_wire::api::{ErrorBody, ErrorCode};

use crate::guard::{ForeignPage, RequestHosts};

/// Documented message of the removed endpoints.
const LEGACY_MESSAGE: &str =
    "Legacy single-session endpoints were removed. Create a session first via POST /api/sessions.";

/// Error of a request.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Error of a session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// An upload cannot be stored or read.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The `Content-Type` of an upload is not an image type.
    #[error("the body must say that it is an image: content-type: image/png, for example")]
    NoImageType,
    /// The body is not valid JSON, or does not match its schema.
    #[error("{0}")]
    BadBody(String),
    /// The `Idempotency-Key` is not valid, or is sent more than once.
    #[error("an Idempotency-Key is sent once, and is 1 to 255 visible ASCII characters")]
    BadKey,
    /// A query parameter is not valid.
    #[error("{0}")]
    BadQuery(String),
    /// The body exceeds the limit of its route, in bytes.
    #[error("the body is larger than {}", format_size(*.0))]
    TooLarge(usize),
    /// The request has no valid token.
    #[error("a valid bearer token is needed")]
    Unauthorized,
    /// The token is signed correctly, but its `nbf` or `iat` is in the future.
    #[error("the token is not valid yet: its nbf or iat is in the future; are both clocks right?")]
    TokenNotValidYet,
    /// The token or browser session ended before the reply. The work that the request started continues.
    #[error("the token or the sign-in has ended while the request waited; what it has begun goes on")]
    SignInEnded,
    /// The gateway already buffers as many request bodies as it may.
    #[error("the gateway is reading as many request bodies as it can; try again in {retry_after} s")]
    TooManyBodies {
        /// When to retry, in seconds.
        retry_after: u64,
    },
    /// The body arrives too slowly.
    #[error("the body did not come in time")]
    SlowBody,
    /// A rate limit was exceeded.
    #[error("too many {what}; try again in {retry_after} s")]
    RateLimited {
        /// Name of what is limited, for the message.
        what: &'static str,
        /// When to retry, in seconds.
        retry_after: u64,
    },
    /// The request has no host, or conflicting ones.
    #[error("a request has one Host, and its target names no other")]
    BadHost,
    /// The gateway does not serve the requested host.
    #[error("{0}")]
    ForeignHost(Box<RequestHosts>),
    /// The request comes from a page of another site.
    #[error("{0}")]
    ForeignOrigin(Box<ForeignPage>),
    /// Unknown path.
    #[error("there is nothing at this path")]
    NotFound,
    /// The path does not support the method.
    #[error("this path does not take this method")]
    MethodNotAllowed,
    /// Path of an older gateway.
    #[error("{LEGACY_MESSAGE}")]
    Legacy,
    /// A bug in the gateway.
    #[error("the gateway made a mistake; its log knows more")]
    Internal,
}

impl ApiError {
    /// Error for a missing body.
    pub fn empty_body() -> Self {
        Self::BadBody("the body is empty; it should be a JSON object".to_owned())
    }

    fn code(&self) -> ErrorCode {
        match self {
            Self::Session(error) => error.code(),
            Self::Upload(error) => error.code(),
            Self::NoImageType => ErrorCode::NoImage,
            Self::BadBody(_) => ErrorCode::BadBody,
            Self::BadKey => ErrorCode::BadKey,
            Self::BadQuery(_) => ErrorCode::BadQuery,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::Unauthorized | Self::TokenNotValidYet | Self::SignInEnded => ErrorCode::Unauthorized,
            Self::TooManyBodies { .. } => ErrorCode::TooManyBodies,
            Self::SlowBody => ErrorCode::SlowBody,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::BadHost => ErrorCode::BadHost,
            Self::ForeignHost(_) => ErrorCode::ForeignHost,
            Self::ForeignOrigin(_) => ErrorCode::ForeignOrigin,
            Self::NotFound => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::Legacy => ErrorCode::Gone,
            Self::Internal => ErrorCode::Internal,
        }
    }
}

/// Formats a size in KiB or MiB. Limits are whole numbers of these.
fn format_size(bytes: usize) -> String {
    match (bytes >> 20, bytes >> 10) {
        (0, kibibytes) => format!("{kibibytes} KiB"),
        (mebibytes, _) => format!("{mebibytes} MiB"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.code();
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = ErrorBody {
            error: self.to_string(),
            code,
            resolved: match &self {
                Self::Session(SessionError::RequestEnded(resolved)) => Some(resolved.clone()),
                _ => None,
            },
            session_id: match &self {
                Self::Session(SessionError::ThreadHeld { session }) => session.clone(),
                _ => None,
            },
            thread_id: match &self {
                Self::Session(SessionError::Ended { thread }) => Some(thread.clone()),
                _ => None,
            },
            ..ErrorBody::default()
        };
        let mut response = (status, Json(&body)).into_response();
        match self {
            Self::Unauthorized | Self::TokenNotValidYet | Self::SignInEnded => {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RateLimited { retry_after, .. } | Self::TooManyBodies { retry_after } => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            }
            Self::Session(SessionError::SessionLimit(_) | SessionError::ReadersBusy) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::Session(SessionError::Indexing) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        // The `request_id` middleware rewrites the body, with the id of the request.
        response.extensions_mut().insert(body);
        response
    }
}
