//! How many processes sessions may have at the same time, and who makes room for whom.
//!
//! A process has a [`Place`] until it is gone; a session that is parked has none. When all are taken, the session that
//! was used the longest ago of those that are idle gives its own. If none is idle, the request waits in line for a few
//! seconds: sessions that are just being created become idle in that time, and short turns end.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use codex_gateway_wire::SessionId;
use futures::FutureExt;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use crate::{error::SessionError, session::Session};

/// How long a request waits for a place. Twice as many sessions as there are places can be created at once in that time,
/// on a machine with two cores.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(8);

/// The sessions that are in memory.
pub(crate) type Live = Mutex<HashMap<SessionId, Session>>;

/// The right to a process: given back when nobody holds it any more.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// All places. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    most: usize,
    /// A session with a place has become idle.
    became_idle: Arc<Notify>,
    /// Who may make room. (The sessions themselves hold this: it must not hold them.)
    live: Weak<Live>,
}

impl Places {
    /// So many, for these sessions.
    pub(crate) fn new(most: usize, live: &Arc<Live>) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most)),
            most,
            became_idle: Arc::default(),
            live: Arc::downgrade(live),
        }
    }

    /// A place for a process. If none is free, an idle session is parked, and its process is waited for: two are never
    /// there at once for one place. If none is idle, waits up to [`QUEUE_TIMEOUT`] for one.
    ///
    /// # Errors
    /// [`SessionError::Limit`] if all sessions that have one are busy for so long.
    pub(crate) async fn take(&self) -> Result<Place, SessionError> {
        let limit = || SessionError::Limit(self.most);
        // Kept throughout: it is a position in the semaphore's queue, which is first come, first served.
        let mut free = pin!(Arc::clone(&self.free).acquire_owned());
        let mut timeout = pin!(sleep(QUEUE_TIMEOUT));
        loop {
            // Before looking: what becomes idle meanwhile is noticed.
            let mut became_idle = pin!(self.became_idle.notified());
            became_idle.as_mut().enable();
            if let Some(place) = free.as_mut().now_or_never() {
                // The session that became idle is for the next one in line.
                self.became_idle.notify_one();
                return place.map(Arc::new).map_err(|_| limit());
            }
            if let Some(place) = self.park_one().await {
                return Ok(place);
            }
            tokio::select! {
                place = free.as_mut() => return place.map(Arc::new).map_err(|_| limit()),
                () = became_idle => {}
                () = timeout.as_mut() => return Err(limit()),
            }
        }
    }

    /// Parks the session that was used the longest ago of those that are idle, and returns its place.
    async fn park_one(&self) -> Option<Place> {
        for session in self.idle() {
            if let Some(place) = session.park().await {
                tracing::info!(session = %session.id(), "a session was parked to make room");
                return Some(place);
            }
        }
        None
    }

    /// A session that has a place has become idle: one request that waits may park it.
    pub(crate) fn session_became_idle(&self) {
        self.became_idle.notify_one();
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
