//! HTTP metrics: requests by route and status, and the time to their reply.

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

/// Buckets of the time to the head of a reply, in seconds. Most replies take milliseconds, a new session takes
/// as long as codex, and a `wait` as long as a turn.
const DURATION_BUCKETS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0];

/// Metrics of requests.
pub(super) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
}

/// Labels of an answered request. `path` is the route pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    path: String,
    status: u16,
}

/// Labels of the duration of requests. `path` is the route pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    path: String,
}

impl HttpMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let seconds =
            Family::new_with_constructor((|| Histogram::new(DURATION_BUCKETS)) as fn() -> Histogram);
        let http = Self { requests: Family::default(), seconds };
        registry.register("http_requests", "Requests that were answered, by status", http.requests.clone());
        let help = "Time until the head of the reply was there";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, http.seconds.clone());
        http
    }
}

/// Middleware: records each reply.
pub async fn count_requests(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = method_label(request.method());
    let response = next.run(request).await;
    let http = &state.metrics.http;
    let route = RouteLabels { method, path: path.clone() };
    http.seconds.get_or_create(&route).observe(start.elapsed().as_secs_f64());
    http.requests.get_or_create(&RequestLabels { method, path, status: response.status().as_u16() }).inc();
    response
}

/// Returns the label of a method. Unusual methods share one label, because clients could invent any number.
fn method_label(method: &Method) -> &'static str {
    let words = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    words.into_iter().find(|method_label| *method_label == method.as_str()).unwrap_or("other")
}
