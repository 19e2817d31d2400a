//! What operators can watch: `GET /metrics`, in the text format of OpenMetrics, which Prometheus reads.
//!
//! It is told to whoever has the token for it, and at an address of its own, if one is set; else to nobody.

mod http;
mod process;

use std::{fmt, net::SocketAddr, time::SystemTime};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use codex_gateway_engine::{Sessions, config::Secret, metrics::Standing};
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::{Metric, Registry},
};

pub use self::http::count;
use self::{http::Http, process::Process};
use crate::{
    connections::{Connections, OpenConnections},
    limits::Limits,
    version,
};

/// The type of what [`Metrics::tell`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who may read the metrics.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct MetricsOptions {
    /// Serve /metrics at this address too, to whoever can reach it
    #[arg(long, env = "CODEX_GATEWAY_METRICS_BIND", value_name = "ADDRESS:PORT")]
    pub metrics_bind: Option<SocketAddr>,

    /// Serve /metrics beside everything else, to whoever has this bearer token
    #[arg(long, env = "CODEX_GATEWAY_METRICS_TOKEN", value_name = "SECRET", hide_env_values = true)]
    pub metrics_token: Option<Secret>,
}

/// What is counted, and how things stand.
pub struct Metrics {
    registry: Registry,
    token: Option<Secret>,
    http: Http,
    /// By `state`: what they are at.
    sessions: Family<[(&'static str, &'static str); 1], Gauge>,
    waiting: Gauge,
    processes: Gauge,
    warm: Gauge,
    streams: Gauge,
    /// By `caller`: whether a signed-in caller uses them.
    connections: Family<[(&'static str, &'static str); 1], Gauge>,
    body_bytes: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("token", &self.token).finish_non_exhaustive()
    }
}

impl Metrics {
    /// Everything that is counted has its name here.
    pub fn new(options: &MetricsOptions, sessions: &Sessions) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process { since: SystemTime::now() }));
        let ours = registry.sub_registry_with_prefix("codex_gateway");
        let build =
            Info::new(vec![("version", version::VERSION), ("commit", version::commit().unwrap_or_default())]);
        ours.register("build", "Which gateway this is", build);
        let most = Gauge::<i64>::default();
        most.set(number(sessions.config().max_sessions as u64));
        ours.register("max_processes", "Codex processes that sessions may have", most);
        sessions.metrics().register(ours);
        Self {
            token: options.metrics_token.clone().filter(|token| !token.expose().is_empty()),
            http: Http::register(ours),
            sessions: registered(ours, "sessions", "Sessions, by what they are at"),
            waiting: registered(ours, "sessions_waiting", "Sessions that wait for an answer of their user"),
            processes: registered(ours, "processes", "Codex processes that sessions have"),
            warm: registered(ours, "warm_processes", "Codex processes that wait for a session"),
            streams: registered(
                ours,
                "event_streams",
                "Event streams that are open, and requests that wait for a turn",
            ),
            connections: registered(ours, "connections", "Connections that are open, by who uses them"),
            body_bytes: registered(
                ours,
                "request_body_bytes",
                "Memory that request bodies hold, or have a claim to",
            ),
            registry,
        }
    }

    /// Whether somebody who sends this token may read them; nothing if nobody may.
    pub fn admits(&self, token: Option<&str>) -> Option<bool> {
        let own = self.token.as_ref()?.expose().as_bytes();
        Some(token.is_some_and(|token| verify_slices_are_equal(token.as_bytes(), own).is_ok()))
    }

    /// All of them, as they are now. What cannot be known now is left out.
    pub async fn tell(&self, sessions: &Sessions, limits: &Limits, connections: &Connections) -> String {
        let Standing { idle, running, waiting, parked, processes, warm } = sessions.standing().await;
        for (state, count) in [("idle", Some(idle)), ("running", Some(running)), ("parked", parked)] {
            let label = [("state", state)];
            match count {
                Some(count) => {
                    self.sessions.get_or_create(&label).set(number(count));
                }
                None => {
                    self.sessions.remove(&label);
                }
            }
        }
        self.waiting.set(number(waiting));
        self.processes.set(number(processes));
        self.warm.set(number(warm));
        self.streams.set(number(limits.open_streams()));
        let OpenConnections { anonymous, signed_in } = connections.count();
        for (caller, count) in [("anonymous", anonymous), ("signed_in", signed_in)] {
            self.connections.get_or_create(&[("caller", caller)]).set(number(count as u64));
        }
        self.body_bytes.set(number(limits.body_bytes() as u64));
        let mut text = String::new();
        // A string takes everything.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn registered<M: Metric + Default + Clone>(registry: &mut Registry, name: &str, about: &str) -> M {
    let metric = M::default();
    registry.register(name, about, metric.clone());
    metric
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
