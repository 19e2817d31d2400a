//! Paths of an older gateway that had a single session.

use crate::error::ApiError;

/// The removed paths.
pub const PATHS: [&str; 4] = ["/api/state", "/api/events", "/api/turn", "/api/thread/new"];

/// Replies 410, with the new way.
pub async fn gone() -> ApiError {
    ApiError::Legacy
}
