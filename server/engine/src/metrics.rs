//! Metrics of the engine: counters since the start, and gauges of the current state.

use std::sync::Arc;

use codex_gateway_wire::{TurnRecord, codex::TokenUsageBreakdown, event::ClosedReason, request::ResolvedBy};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Bucket bounds for the duration of turns, in seconds: a short answer takes a few, a long task takes hours.
const TURN_DURATION_BUCKETS: [f64; 10] = [1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 10_800.0];

/// A label and its value.
type Label = [(&'static str, &'static str); 1];

/// The counters since the gateway was started. Cheap to clone: all clones share the same counters.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Counters {
    created: Counter,
    /// By `reason`: the reasons of the `session-closed` event.
    ended: Family<Label, Counter>,
    /// By `status`: codex's turn statuses.
    turns: Family<Label, Counter>,
    turn_seconds: Histogram,
    /// By `kind`. The kinds do not overlap.
    tokens: Family<Label, Counter>,
    /// By `by`: the values of `by` in the `request-resolved` event.
    requests: Family<Label, Counter>,
    unexpected_exits: Counter,
    store_failures: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            created: Counter::default(),
            ended: Family::default(),
            turns: Family::default(),
            turn_seconds: Histogram::new(TURN_DURATION_BUCKETS),
            tokens: Family::default(),
            requests: Family::default(),
            unexpected_exits: Counter::default(),
            store_failures: Counter::default(),
        }
    }
}

impl Metrics {
    /// Registers all counters. The registry appends the unit and `_total` to their names.
    pub fn register(&self, registry: &mut Registry) {
        let Counters {
            created,
            ended,
            turns,
            turn_seconds,
            tokens,
            requests,
            unexpected_exits,
            store_failures,
        } = &*self.counters;
        registry.register("sessions_created", "Sessions that were made", created.clone());
        registry.register("sessions_closed", "Sessions that have ended, by reason", ended.clone());
        registry.register("turns", "Turns that have ended, by status", turns.clone());
        let help = "How long turns took, from codex's word";
        registry.register_with_unit("turn_duration", help, Unit::Seconds, turn_seconds.clone());
        registry.register("tokens", "Tokens that turns have used, by kind", tokens.clone());
        registry.register(
            "user_requests",
            "Requests to the user that have ended, by who ended them",
            requests.clone(),
        );
        let help = "Codex processes of sessions that ended by themselves";
        registry.register("codex_exits", help, unexpected_exits.clone());
        let help = "Sessions that could not be written down; each is tried again";
        registry.register("store_failures", help, store_failures.clone());
    }

    pub(crate) fn session_created(&self) {
        self.counters.created.inc();
    }

    pub(crate) fn sessions_closed(&self, reason: ClosedReason, count: u64) {
        self.counters.ended.get_or_create(&[("reason", reason.as_str())]).inc_by(count);
    }

    pub(crate) fn turn_ended(&self, turn: &TurnRecord) {
        let Counters { turns, turn_seconds, tokens, .. } = &*self.counters;
        turns.get_or_create(&[("status", turn.status.as_str())]).inc();
        if let Some(ms) = turn.duration_ms {
            turn_seconds.observe(std::time::Duration::from_millis(ms).as_secs_f64());
        }
        let TokenUsageBreakdown {
            total_tokens: _,
            input_tokens,
            cached_input_tokens,
            output_tokens,
            reasoning_output_tokens,
        } = turn.tokens;
        let used = [
            ("input", input_tokens.saturating_sub(cached_input_tokens)),
            ("cached_input", cached_input_tokens),
            ("output", output_tokens.saturating_sub(reasoning_output_tokens)),
            ("reasoning_output", reasoning_output_tokens),
        ];
        for (kind, used) in used {
            tokens.get_or_create(&[("kind", kind)]).inc_by(used);
        }
    }

    pub(crate) fn request_ended(&self, by: ResolvedBy) {
        self.counters.requests.get_or_create(&[("by", by.as_str())]).inc();
    }

    pub(crate) fn process_exited(&self) {
        self.counters.unexpected_exits.inc();
    }

    pub(crate) fn save_failed(&self) {
        self.counters.store_failures.inc();
    }
}

/// The current numbers of sessions and processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Sessions that have a process and no running turn.
    pub idle: u64,
    /// Sessions that have a running turn.
    pub running: u64,
    /// Sessions that have a process and wait for an answer of their user. Also counted in `idle` or `running`.
    pub waiting: u64,
    /// Sessions that have no process. `None` while the store does not answer.
    pub parked: Option<u64>,
    /// Processes of sessions, including those that are about to exit.
    pub processes: u64,
    /// Processes in the process pool.
    pub warm: u64,
}
