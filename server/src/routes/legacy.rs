//! Paths of an older gateway that knew one session only.

use crate::error::ApiError;

/// 410, and what to do instead.
pub async fn gone() -> ApiError {
    ApiError::Legacy
}
