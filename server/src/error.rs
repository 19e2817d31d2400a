//! What a request is answered with when it cannot be done. The one error type of the HTTP layer: engine
//! errors come in through `From`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use codex_gateway_engine::{SessionError, UploadError};
use codex_gateway_wire::api::{ErrorBody, ErrorCode};

use crate::guard::{ForeignPage, Names};

/// The documented answer of the paths that are gone.
const LEGACY: &str =
    "Legacy single-session endpoints were removed. Create a session first via POST /api/sessions.";

/// Why a request cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A session cannot do it.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// An image cannot be taken, or given back.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The body does not say that it is an image.
    #[error("the body must say that it is an image: content-type: image/png, for example")]
    NoImageType,
    /// The body is not JSON, or not of the right shape.
    #[error("{0}")]
    BadBody(String),
    /// The key of the request is none.
    #[error("an Idempotency-Key is sent once, and is 1 to 255 visible ASCII characters")]
    BadKey,
    /// A part of the query cannot be understood.
    #[error("{0}")]
    BadQuery(String),
    /// The body is larger than its route takes, in bytes.
    #[error("the body is larger than {}", size(*.0))]
    TooLarge(usize),
    /// No valid token.
    #[error("a valid bearer token is needed")]
    Unauthorized,
    /// The token is signed with our secret, and says that it is for later.
    #[error("the token is not valid yet: its nbf or iat is in the future; are both clocks right?")]
    TokenNotValidYet,
    /// The token or the sign-in ended before the reply was there. What the request has begun goes on.
    #[error("the token or the sign-in has ended while the request waited; what it has begun goes on")]
    SignInEnded,
    /// The gateway reads as many request bodies as it can.
    #[error("the gateway is reading as many request bodies as it can; try again in {after} s")]
    TooManyBodies {
        /// When to try again, in seconds.
        after: u64,
    },
    /// The body comes too slowly.
    #[error("the body did not come in time")]
    SlowBody,
    /// Too much was asked in too short a time.
    #[error("too many {what}; try again in {after} s")]
    RateLimited {
        /// Of what it was too much.
        what: &'static str,
        /// When to try again, in seconds.
        after: u64,
    },
    /// The request names no host, or more than one.
    #[error("a request has one Host, and its target names no other")]
    BadHost,
    /// The request names a host that is not ours.
    #[error("{0}")]
    ForeignHost(Box<Names>),
    /// A page of another site sent the request.
    #[error("{0}")]
    ForeignOrigin(Box<ForeignPage>),
    /// There is nothing at this path.
    #[error("there is nothing at this path")]
    NotFound,
    /// There is something at this path, but not for this method.
    #[error("this path does not take this method")]
    MethodNotAllowed,
    /// A path that existed in an older gateway.
    #[error("{LEGACY}")]
    Legacy,
    /// A bug here.
    #[error("the gateway made a mistake; its log knows more")]
    Internal,
}

impl ApiError {
    /// There is no body, and there should be one.
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

/// A size, in the unit that makes it a whole number.
fn size(bytes: usize) -> String {
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
            Self::RateLimited { after, .. } | Self::TooManyBodies { after } => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
            }
            Self::Session(SessionError::Limit(_) | SessionError::TooManyReads) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::Session(SessionError::Indexing) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        // The request's id is known to the middleware only: it writes the body again.
        response.extensions_mut().insert(body);
        response
    }
}
