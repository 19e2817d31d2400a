//! Handlers for requests that no route handles.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Replies 404: the path is unknown.
pub async fn not_found() -> ApiError {
    ApiError::NotFound
}

/// Replies 405: the path does not support the method.
pub async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}

/// Replies 500 after a panic. Its message is logged, not sent.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said, "a handler panicked");
    ApiError::Internal.into_response()
}
