//! HTTP over the engine: the API, the event streams, the pages, the assets.
//!
//! [`router::router`] is the table of contents.

pub mod assets;
pub mod auth;
pub mod cli;
pub mod demo;
pub mod error;
pub mod extract;
pub mod guard;
pub mod pages;
pub mod request_id;
pub mod router;
pub mod routes;
pub mod state;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until `stopping` is cancelled and all connections have ended. Streams end with their sessions.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    state: state::AppState,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    // An event leaves at once, and does not wait until the one before is acknowledged.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    axum::serve(listener, router::router(state)).with_graceful_shutdown(stopping.cancelled_owned()).await
}
