//! Requests: how many of each path, how they were answered, and how long that took.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::state::AppState;

/// Bounds of the time to the head of a reply, in seconds: most take few milliseconds, a new session as long as codex,
/// a `wait` as long as a turn.
const SECONDS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0];

/// What is counted of requests.
pub(super) struct Http {
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram>,
}

/// A request to a path, as the router names it, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    path: String,
    status: u16,
}

/// A request to a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    path: String,
}

impl Http {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let seconds = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        let http = Self { requests: Family::default(), seconds };
        registry.register("http_requests", "Requests that were answered, by status", http.requests.clone());
        let about = "Time until the head of the reply was there";
        registry.register_with_unit("http_request_duration", about, Unit::Seconds, http.seconds.clone());
        http
    }
}

/// Middleware: counts what is answered.
pub async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = word(request.method());
    let response = next.run(request).await;
    let http = &state.metrics.http;
    let route = Route { method, path: path.clone() };
    http.seconds.get_or_create(&route).observe(start.elapsed().as_secs_f64());
    http.requests.get_or_create(&Answered { method, path, status: response.status().as_u16() }).inc();
    response
}

/// A method, if it is one that anybody uses: a client could make up any number of them.
fn word(method: &Method) -> &'static str {
    let words = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    words.into_iter().find(|word| *word == method.as_str()).unwrap_or("other")
}
