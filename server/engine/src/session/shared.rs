//! What handles may know of a session without asking its actor.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use codex_gateway_wire::{OwnerId, SessionId, ThreadId, api::SessionInfo};

use super::settings::Settings;
use crate::{
    clock::{Moment, now_ms, rfc3339},
    log::Log,
    requests::Presence,
    summary_changes::SummaryChanges,
};

/// How long a session that nobody uses is kept for the messages in its queue, in milliseconds.
const QUEUED: i64 = 24 * 60 * 60 * 1000;

/// What handles may know without asking the actor.
#[derive(Debug)]
pub(super) struct Shared {
    pub id: SessionId,
    pub owner: OwnerId,
    pub created_ms: i64,
    pub ttl_ms: Option<i64>,
    /// When it was last used: a [`Moment`].
    pub last_access: AtomicI64,
    pub running: AtomicBool,
    /// It has a process.
    pub process: AtomicBool,
    /// It has a process, and nothing to do for it.
    pub idle: AtomicBool,
    /// Something waits for the user.
    pub waiting: AtomicBool,
    /// A message waits for its turn.
    pub queued: AtomicBool,
    /// The gateway is stopping, and the session with it: it goes on after the next start.
    pub suspended: AtomicBool,
    /// When a turn last ended, or something was last asked of the user.
    pub news_ms: AtomicI64,
    /// Where it works and what it may do.
    pub settings: Settings,
    pub presence: Presence,
    pub about: Mutex<About>,
    /// Tells those who follow summaries that this one may have changed.
    pub changes: SummaryChanges,
    pub log: Arc<Log>,
}

/// What a session is about.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub title: Option<String>,
    pub thread_id: Option<ThreadId>,
    pub cwd: Option<String>,
}

impl Shared {
    pub(super) fn about(&self) -> About {
        self.about.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn touch(&self) {
        self.last_access.store(Moment::now().raw(), Ordering::Relaxed);
    }

    /// When it was last used.
    pub(super) fn last_access(&self) -> Moment {
        Moment::from_raw(self.last_access.load(Ordering::Relaxed))
    }

    /// Says how things stand; when a turn has ended meanwhile, or something is asked, that is news.
    pub(super) fn stands(&self, running: bool, waiting: bool) {
        let ended = self.running.swap(running, Ordering::Relaxed) && !running;
        let asks = !self.waiting.swap(waiting, Ordering::Relaxed) && waiting;
        if ended || asks {
            // Newer than what was news before, also if the clock was set back: pages compare it with what they have seen.
            let news_ms = now_ms().max(self.news_ms.load(Ordering::Relaxed).saturating_add(1));
            self.news_ms.store(news_ms, Ordering::Relaxed);
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

/// How long a session is kept that nobody uses, in milliseconds: its time to live, and longer if messages wait in it.
pub(crate) fn patience(ttl: i64, queued: bool) -> i64 {
    if queued { ttl.max(QUEUED) } else { ttl }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_keeps_a_session_for_a_day() {
        assert_eq!((patience(1000, false), patience(1000, true)), (1000, QUEUED));
        assert_eq!(patience(2 * QUEUED, true), 2 * QUEUED);
    }
}
