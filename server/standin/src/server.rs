//! The HTTP side: one route on a loopback port.

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
    reply::Reply,
    request::Request,
    scenario::{Scenario, Step},
};

/// The largest request that is read, in bytes. Requests carry the whole conversation.
const MAX_REQUEST: usize = 64 << 20;

/// How many responses are remembered with their attempts.
const MAX_ATTEMPTS: usize = 256;

/// How a stand-in is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
}

/// Why a stand-in cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// The port is taken or not allowed.
    #[error("the stand-in model cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A running stand-in. Dropping it ends its streams and frees its port.
#[derive(Debug)]
pub struct Standin {
    base_url: String,
    shared: Arc<Shared>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Shared {
    /// Tells the ids of this stand-in from those of earlier ones: threads outlive it.
    started: u128,
    requests: AtomicU64,
    /// How often each of the latest responses was asked for.
    attempts: Mutex<VecDeque<(String, u32)>>,
    end: CancellationToken,
}

impl Standin {
    /// Starts a stand-in on a loopback port.
    pub async fn start(options: Options) -> Result<Standin, StandinError> {
        let bind_error = |source| StandinError::Bind { port: options.port, source };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener = TcpListener::bind(address).await.map_err(bind_error)?;
        let base_url = format!("http://{}/v1", listener.local_addr().map_err(bind_error)?);

        let end = CancellationToken::new();
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let shared = Arc::new(Shared {
            started: since_epoch.as_micros(),
            requests: AtomicU64::new(0),
            attempts: Mutex::default(),
            end: end.clone(),
        });
        let router = Router::new()
            .route("/v1/responses", post(responses))
            // Refused by its length before it is read; the default limit would be in the way.
            .layer((DefaultBodyLimit::disable(), RequestBodyLimitLayer::new(MAX_REQUEST)))
            .with_state(shared.clone());
        // Small frames leave at once.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY refused");
            }
        });
        let served = axum::serve(listener, router).with_graceful_shutdown(end.clone().cancelled_owned());
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "the stand-in model has ended");
            }
        });
        Ok(Standin { base_url, shared, _end: end.drop_guard() })
    }

    /// The base of the API, as codex's `base_url` wants it: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How many `POST /responses` have arrived, failed and repeated ones included.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Counts an attempt at a response; 1 is the first.
    fn attempt(&self, key: String) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = attempts.iter_mut().find(|(known, _)| *known == key) {
            *count += 1;
            return *count;
        }
        attempts.truncate(MAX_ATTEMPTS - 1);
        attempts.push_front((key, 1));
        1
    }
}

async fn responses(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return failure(StatusCode::BAD_REQUEST, &format!("not a request: {error}")),
    };
    let scenario = Scenario::of(&request.prompt());
    let mut outputs = request.outputs();
    let offered = request.offered();
    let mut steps = scenario.part(outputs.len(), &offered);
    let attempt = shared.attempt(request.attempt_key());
    tracing::debug!(number, attempt, outputs = outputs.len(), "a request");
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
    let reply = Reply {
        steps,
        pace: scenario.pace,
        offered,
        last_output: outputs.pop().unwrap_or_default(),
        id: format!("standin_{:x}_{number}", shared.started),
        request_bytes: body.len(),
    };
    let frames = reply.play().take_until(shared.end.clone().cancelled_owned());
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
    fn attempts_are_counted_by_response_and_forgotten_in_time() {
        let shared = Shared {
            started: 0,
            requests: AtomicU64::new(0),
            attempts: Mutex::default(),
            end: CancellationToken::new(),
        };
        assert_eq!(
            [shared.attempt("a".into()), shared.attempt("a".into()), shared.attempt("b".into())],
            [1, 2, 1]
        );
        for n in 0..MAX_ATTEMPTS {
            shared.attempt(n.to_string());
        }
        assert_eq!(shared.attempts.lock().unwrap().len(), MAX_ATTEMPTS);
        assert_eq!(shared.attempt("a".into()), 1);
    }
}
