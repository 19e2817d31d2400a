//! What no other handler answers.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// There is nothing at this path.
pub async fn not_found() -> ApiError {
    ApiError::NotFound
}

/// There is something at this path, but not for this method.
pub async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}

/// A handler panicked: a bug. What it said is in the log, not in the reply.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said, "a handler panicked");
    ApiError::Internal.into_response()
}
