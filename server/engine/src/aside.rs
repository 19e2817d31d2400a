//! Computations that take a while, beside the async workers.

use tokio::task::spawn_blocking;

use crate::error::SessionError;

/// Runs `work` on a thread for blocking work.
///
/// # Errors
/// [`SessionError::ShuttingDown`] if it does not come to its end.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SessionError> {
    spawn_blocking(work).await.map_err(|_| SessionError::ShuttingDown)
}
