//! How many processes sessions may have at the same time, and who makes room for whom.
//!
//! A process has a [`Place`] until it is gone; a session that is parked has none. When all are taken, the session that
//! was used the longest ago of those that are idle gives its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use codex_gateway_wire::SessionId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{error::SessionError, session::Session};

/// The sessions that are in memory.
pub(crate) type Live = Mutex<HashMap<SessionId, Session>>;

/// The right to a process: given back when nobody holds it any more.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// All places. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    most: usize,
    /// Who may make room. (The sessions themselves hold this: it must not hold them.)
    live: Weak<Live>,
}

impl Places {
    /// So many, for these sessions.
    pub(crate) fn new(most: usize, live: &Arc<Live>) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), most, live: Arc::downgrade(live) }
    }

    /// A place for a process. If none is free, an idle session is parked, and its process is waited for: two are never
    /// there at once for one place.
    ///
    /// # Errors
    /// [`SessionError::Limit`] if all sessions that have one are busy.
    pub(crate) async fn take(&self) -> Result<Place, SessionError> {
        let free = || Arc::clone(&self.free).try_acquire_owned().map(Arc::new);
        if let Ok(place) = free() {
            return Ok(place);
        }
        for session in self.idle() {
            if let Some(place) = session.park().await {
                tracing::info!(session = %session.id(), "a session was parked to make room");
                return Ok(place);
            }
        }
        // Somebody may have left meanwhile.
        free().map_err(|_| SessionError::Limit(self.most))
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> u64 {
        self.most.saturating_sub(self.free.available_permits()) as u64
    }

    /// Whether a session is in memory.
    pub(crate) fn knows(&self, session: &SessionId) -> bool {
        let knows =
            |live: Arc<Live>| live.lock().unwrap_or_else(PoisonError::into_inner).contains_key(session);
        self.live.upgrade().is_some_and(knows)
    }

    /// The sessions that could be parked, the one that was used the longest ago first.
    fn idle(&self) -> Vec<Session> {
        let Some(live) = self.live.upgrade() else { return Vec::new() };
        let mut idle: Vec<Session> = {
            let live = live.lock().unwrap_or_else(PoisonError::into_inner);
            live.values().filter(|session| session.is_idle()).cloned().collect()
        };
        // Read once: it changes while others are compared.
        idle.sort_by_cached_key(Session::last_access_ms);
        idle
    }
}
