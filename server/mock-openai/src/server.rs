//! The HTTP server: one route on a loopback port.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt,
};
use futures::StreamExt as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower_http::limit::RequestBodyLimitLayer;

use crate::{
    request::Request,
    response::ResponsePlan,
    scenario::{Scenario, Step},
};

/// The maximum size of a request in bytes. Requests contain the whole conversation.
const MAX_REQUEST_BYTES: usize = 64 << 20;

/// The maximum number of responses whose attempts are counted.
const MAX_COUNTED_RESPONSES: usize = 256;

/// Options of a mock server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on 127.0.0.1. 0 selects a free port.
    pub port: u16,
}

/// Why a mock server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum MockServerError {
    /// The port is in use or not allowed.
    #[error("the stand-in model cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: std::io::Error,
    },
}

/// A running mock server. Dropping it ends its streams and releases its port.
#[derive(Debug)]
pub struct MockServer {
    base_url: String,
    state: Arc<ServerState>,
    _shutdown: DropGuard,
}

#[derive(Debug)]
struct ServerState {
    /// The start time in Unix microseconds. Makes the ids of this server differ from those of earlier ones, which
    /// persist in threads.
    started_us: u128,
    requests: AtomicU64,
    /// The number of attempts of the newest responses, by their keys.
    attempts: Mutex<VecDeque<(String, u32)>>,
    shutdown: CancellationToken,
}

impl MockServer {
    /// Starts a mock server on a loopback port.
    pub async fn start(options: Options) -> Result<MockServer, MockServerError> {
        let bind_error = |source| MockServerError::Bind { port: options.port, source };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener = TcpListener::bind(address).await.map_err(bind_error)?;
        let base_url = format!("http://{}/v1", listener.local_addr().map_err(bind_error)?);

        let shutdown = CancellationToken::new();
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let state = Arc::new(ServerState {
            started_us: since_epoch.as_micros(),
            requests: AtomicU64::new(0),
            attempts: Mutex::default(),
            shutdown: shutdown.clone(),
        });
        let router = Router::new()
            .route("/v1/responses", post(responses))
            // Rejects a large request by its length before it is read. Axum's default limit is lower.
            .layer((DefaultBodyLimit::disable(), RequestBodyLimitLayer::new(MAX_REQUEST_BYTES)))
            .with_state(state.clone());
        // Small frames are sent without delay.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY refused");
            }
        });
        let server = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the stand-in model has ended");
            }
        });
        Ok(MockServer { base_url, state, _shutdown: shutdown.drop_guard() })
    }

    /// The base URL of the API, for codex's `base_url`: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The number of received `POST /responses`, including failed and repeated ones.
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }
}

impl ServerState {
    /// Counts an attempt of a response, and returns its number. The first attempt is 1.
    fn count_attempt(&self, key: String) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = attempts.iter_mut().find(|(known, _)| *known == key) {
            *count += 1;
            return *count;
        }
        attempts.truncate(MAX_COUNTED_RESPONSES - 1);
        attempts.push_front((key, 1));
        1
    }
}

async fn responses(State(state): State<Arc<ServerState>>, body: Bytes) -> Response {
    let number = state.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return failure(StatusCode::BAD_REQUEST, &format!("not a request: {error}")),
    };
    let scenario = Scenario::from_prompt(&request.prompt());
    let mut outputs = request.outputs();
    let offered = request.offered();
    let mut steps = scenario.part(outputs.len(), &offered);
    let attempt = state.count_attempt(request.attempt_key());
    tracing::debug!(number, attempt, outputs = outputs.len(), "received a request");
    for step in &steps {
        match *step {
            Step::Fail(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return failure(status, "The stand-in model fails, as it was asked to.");
            }
            Step::Flaky(times) if attempt <= times => {
                steps = vec![Step::Cut];
                break;
            }
            _ => {}
        }
    }
    let response = ResponsePlan {
        steps,
        pace: scenario.pace,
        offered,
        last_output: outputs.pop().unwrap_or_default(),
        id: format!("standin_{:x}_{number}", state.started_us),
        request_bytes: body.len(),
    };
    let frames = response.into_stream().take_until(state.shutdown.clone().cancelled_owned());
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(frames)).into_response()
}

fn failure(status: StatusCode, message: &str) -> Response {
    let body = json!({"error": {"message": message, "type": "standin", "code": status.as_u16()}});
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_for_each_of_the_newest_responses() {
        let state = ServerState {
            started_us: 0,
            requests: AtomicU64::new(0),
            attempts: Mutex::default(),
            shutdown: CancellationToken::new(),
        };
        assert_eq!(["a", "a", "b"].map(|key| state.count_attempt(key.into())), [1, 2, 1]);
        for n in 0..MAX_COUNTED_RESPONSES {
            state.count_attempt(n.to_string());
        }
        assert_eq!(state.attempts.lock().unwrap().len(), MAX_COUNTED_RESPONSES);
        assert_eq!(state.count_attempt("a".into()), 1);
    }
}
