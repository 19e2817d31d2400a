//! Paths of an older gateway that knew one session only.

use crate::error::ApiError;

/// The paths.
pub const PATHS: [&str; 4] = ["/api/state", "/api/events", "/api/turn", "/api/thread/new"];

/// 410, and what to do instead.
pub async fn gone() -> ApiError {
    ApiError::Legacy
}
