//! What the engine counts for its operators, and how things stand.

use std::sync::Arc;

use codex_gateway_wire::{TurnRecord, codex::TokenUsageBreakdown, event::ClosedReason, request::ResolvedBy};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Bounds of the time that turns take, in seconds: an answer takes some, a long piece of work hours.
const TURN_SECONDS: [f64; 10] = [1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 10_800.0];

/// A label and its value.
type Label = [(&'static str, &'static str); 1];

/// What was counted since the gateway was started. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Counts {
    created: Counter,
    /// By `reason`, in the words of `session-closed`.
    ended: Family<Label, Counter>,
    /// By `status`, in codex's words.
    turns: Family<Label, Counter>,
    turn_seconds: Histogram,
    /// By `kind`; the kinds do not overlap.
    tokens: Family<Label, Counter>,
    /// By `by`, in the words of `request-resolved`.
    requests: Family<Label, Counter>,
    exits: Counter,
    unsaved: Counter,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            created: Counter::default(),
            ended: Family::default(),
            turns: Family::default(),
            turn_seconds: Histogram::new(TURN_SECONDS),
            tokens: Family::default(),
            requests: Family::default(),
            exits: Counter::default(),
            unsaved: Counter::default(),
        }
    }
}

impl Metrics {
    /// Names everything that is counted. What it is called there ends in its unit, and in `_total`.
    pub fn register(&self, registry: &mut Registry) {
        let Counts { created, ended, turns, turn_seconds, tokens, requests, exits, unsaved } = &*self.counts;
        registry.register("sessions_created", "Sessions that were made", created.clone());
        registry.register("sessions_closed", "Sessions that have ended, by reason", ended.clone());
        registry.register("turns", "Turns that have ended, by status", turns.clone());
        let about = "How long turns took, from codex's word";
        registry.register_with_unit("turn_duration", about, Unit::Seconds, turn_seconds.clone());
        registry.register("tokens", "Tokens that turns have used, by kind", tokens.clone());
        registry.register(
            "user_requests",
            "Requests to the user that have ended, by who ended them",
            requests.clone(),
        );
        let about = "Codex processes of sessions that ended by themselves";
        registry.register("codex_exits", about, exits.clone());
        let about = "Sessions that could not be written down; each is tried again";
        registry.register("store_failures", about, unsaved.clone());
    }

    pub(crate) fn session_created(&self) {
        self.counts.created.inc();
    }

    pub(crate) fn sessions_closed(&self, reason: ClosedReason, count: u64) {
        self.counts.ended.get_or_create(&[("reason", reason.as_str())]).inc_by(count);
    }

    pub(crate) fn turn_ended(&self, turn: &TurnRecord) {
        let Counts { turns, turn_seconds, tokens, .. } = &*self.counts;
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
        self.counts.requests.get_or_create(&[("by", by.as_str())]).inc();
    }

    pub(crate) fn process_exited(&self) {
        self.counts.exits.inc();
    }

    pub(crate) fn not_saved(&self) {
        self.counts.unsaved.inc();
    }
}

/// How things stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Sessions that have a process and no turn.
    pub idle: u64,
    /// Sessions in which a turn runs.
    pub running: u64,
    /// Those of them that wait for an answer of their user.
    pub waiting: u64,
    /// Sessions that have no process; nothing while the store does not answer.
    pub parked: Option<u64>,
    /// Processes that sessions have, those that are about to end included.
    pub processes: u64,
    /// Processes that wait for a session.
    pub warm: u64,
}
