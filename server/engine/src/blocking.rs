//! Long computations, kept off the async workers.

use tokio::task::spawn_blocking;

use crate::error::SessionError;

/// Runs `work` on tokio's blocking thread pool.
///
/// # Errors
/// [`SessionError::ShuttingDown`] if `work` does not finish.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SessionError> {
    spawn_blocking(work).await.map_err(|_| SessionError::ShuttingDown)
}
