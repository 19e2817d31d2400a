//! The part of a session's state that handles read without asking the actor.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use codex_gateway_wire::{OwnerId, SessionId, ThreadId, api::SessionInfo};

use super::settings::Settings;
use crate::{
    clock::{BootInstant, now_ms, rfc3339},
    event_log::EventLog,
    server_requests::Presence,
    summary_changes::SummaryChanges,
};

/// The state that handles read without asking the actor.
#[derive(Debug)]
pub(super) struct Shared {
    pub id: SessionId,
    pub owner: OwnerId,
    pub created_ms: i64,
    pub ttl_ms: Option<i64>,
    /// When the session was last used: a raw [`BootInstant`].
    pub last_access: AtomicI64,
    pub running: AtomicBool,
    /// The session has a process.
    pub has_process: AtomicBool,
    /// The session has a process, and the process is idle.
    pub idle: AtomicBool,
    /// A request is pending.
    pub waiting: AtomicBool,
    /// A message is queued.
    pub queued: AtomicBool,
    /// The gateway is shutting down. The session is restored after the next start.
    pub suspended: AtomicBool,
    /// When a turn last ended or a request last became pending, in Unix milliseconds.
    pub attention_ms: AtomicI64,
    /// The session's directory and permissions.
    pub settings: Settings,
    pub presence: Presence,
    pub headline: Mutex<Headline>,
    /// Wakes followers of the summaries.
    pub summary_changes: SummaryChanges,
    pub log: Arc<EventLog>,
}

/// What the lists of sessions show of the conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Headline {
    pub title: Option<String>,
    pub thread_id: Option<ThreadId>,
    pub cwd: Option<String>,
}

impl Shared {
    pub(super) fn headline(&self) -> Headline {
        self.headline.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn touch(&self) {
        self.last_access.store(BootInstant::now().raw(), Ordering::Relaxed);
    }

    /// Returns the time of the last use.
    pub(super) fn last_access(&self) -> BootInstant {
        BootInstant::from_raw(self.last_access.load(Ordering::Relaxed))
    }

    /// Updates the flags. The end of a turn and a new request update `attention_ms`.
    pub(super) fn update_flags(&self, running: bool, waiting: bool) {
        let has_ended = self.running.swap(running, Ordering::Relaxed) && !running;
        let has_new_request = !self.waiting.swap(waiting, Ordering::Relaxed) && waiting;
        if has_ended || has_new_request {
            // Always increases, also if the clock was set back: pages compare it with the value
            // that they have seen.
            let attention_ms = now_ms().max(self.attention_ms.load(Ordering::Relaxed).saturating_add(1));
            self.attention_ms.store(attention_ms, Ordering::Relaxed);
        }
    }

    pub(super) fn info(&self) -> SessionInfo {
        let last_access = self.last_access().unix_ms();
        SessionInfo {
            id: self.id.clone(),
            created_at: rfc3339(self.created_ms),
            last_access_at: rfc3339(last_access),
            approvals: self.settings.approvals,
            expires_at: self.ttl_ms.map(|ttl| rfc3339(last_access.saturating_add(ttl))),
        }
    }
}
