//! `GET /metrics` in the OpenMetrics text format, which Prometheus reads.
//!
//! It is served to clients with the metrics token, and on a separate address if one is configured.

mod http;
mod process;

use std::{fmt, net::SocketAddr, time::SystemTime};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use codex_gateway_engine::{Sessions, config::Secret, metrics::Gauges};
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::{Metric, Registry},
};

pub use self::http::count_requests;
use self::{http::HttpMetrics, process::ProcessCollector};
use crate::{
    connections::{ConnectionCounts, Connections},
    limits::Limits,
    version,
};

/// Content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Options of `/metrics`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct MetricsOptions {
    /// Serve /metrics at this address too, without a token
    #[arg(long, env = "CODEX_GATEWAY_METRICS_BIND", value_name = "ADDRESS:PORT")]
    pub metrics_bind: Option<SocketAddr>,

    /// Serve /metrics on the main port, for clients with this bearer token
    #[arg(long, env = "CODEX_GATEWAY_METRICS_TOKEN", value_name = "SECRET", hide_env_values = true)]
    pub metrics_token: Option<Secret>,
}

/// All metrics of the gateway.
pub struct Metrics {
    registry: Registry,
    token: Option<Secret>,
    http: HttpMetrics,
    /// Labelled by `state`: idle, running or parked.
    sessions: Family<[(&'static str, &'static str); 1], Gauge>,
    waiting: Gauge,
    processes: Gauge,
    warm: Gauge,
    streams: Gauge,
    /// Labelled by `caller`: anonymous or signed in.
    connections: Family<[(&'static str, &'static str); 1], Gauge>,
    body_bytes: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("token", &self.token).finish_non_exhaustive()
    }
}

impl Metrics {
    /// Registers all metrics.
    pub fn new(options: &MetricsOptions, sessions: &Sessions) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(ProcessCollector { started_at: SystemTime::now() }));
        let ours = registry.sub_registry_with_prefix("codex_gateway");
        let build =
            Info::new(vec![("version", version::VERSION), ("commit", version::commit().unwrap_or_default())]);
        ours.register("build", "Which gateway this is", build);
        let max_processes = Gauge::<i64>::default();
        max_processes.set(gauge_value(sessions.config().max_sessions as u64));
        ours.register("max_processes", "Codex processes that sessions may have", max_processes);
        sessions.metrics().register(ours);
        Self {
            token: options.metrics_token.clone().filter(|token| !token.expose().is_empty()),
            http: HttpMetrics::register(ours),
            sessions: register_metric(ours, "sessions", "Sessions, by what they are at"),
            waiting: register_metric(
                ours,
                "sessions_waiting",
                "Sessions that wait for an answer of their user",
            ),
            processes: register_metric(ours, "processes", "Codex processes that sessions have"),
            warm: register_metric(ours, "warm_processes", "Codex processes that wait for a session"),
            streams: register_metric(
                ours,
                "event_streams",
                "Event streams that are open, and requests that wait for a turn",
            ),
            connections: register_metric(ours, "connections", "Connections that are open, by who uses them"),
            body_bytes: register_metric(
                ours,
                "request_body_bytes",
                "Memory that request bodies hold, or have a claim to",
            ),
            registry,
        }
    }

    /// Returns `Some(true)` if `token` is the metrics token. `None` if no token is configured.
    pub fn check_token(&self, token: Option<&str>) -> Option<bool> {
        let own = self.token.as_ref()?.expose().as_bytes();
        Some(token.is_some_and(|token| verify_slices_are_equal(token.as_bytes(), own).is_ok()))
    }

    /// Renders all metrics with current values. Unavailable values are omitted.
    pub async fn render(&self, sessions: &Sessions, limits: &Limits, connections: &Connections) -> String {
        let Gauges { idle, running, waiting, parked, processes, warm } = sessions.gauges().await;
        for (state, count) in [("idle", Some(idle)), ("running", Some(running)), ("parked", parked)] {
            let label = [("state", state)];
            match count {
                Some(count) => {
                    self.sessions.get_or_create(&label).set(gauge_value(count));
                }
                None => {
                    self.sessions.remove(&label);
                }
            }
        }
        self.waiting.set(gauge_value(waiting));
        self.processes.set(gauge_value(processes));
        self.warm.set(gauge_value(warm));
        self.streams.set(gauge_value(limits.open_streams()));
        let ConnectionCounts { anonymous, signed_in } = connections.count();
        for (caller, count) in [("anonymous", anonymous), ("signed_in", signed_in)] {
            self.connections.get_or_create(&[("caller", caller)]).set(gauge_value(count as u64));
        }
        self.body_bytes.set(gauge_value(limits.body_bytes() as u64));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn register_metric<M: Metric + Default + Clone>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn gauge_value(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
