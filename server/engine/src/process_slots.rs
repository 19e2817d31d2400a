//! Limits how many codex processes sessions have at the same time.
//!
//! A session holds a [`ProcessPermit`] from the start of its process to its exit; a parked session holds none. If no
//! permit is free, the idle session with the oldest last access is parked, and its permit is passed on. If no session
//! is idle, the request waits in line for [`QUEUE_TIMEOUT`]: sessions that are being created become idle within that
//! time, and short turns end.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use codex_gateway_wire::SessionId;
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use crate::error::SessionError;

/// How long a request waits for a permit. On a machine with two cores, twice as many sessions as there are permits
/// can be created at once within that time.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(8);

/// Permit for one process. Released when the last clone is dropped.
pub(crate) type ProcessPermit = Arc<OwnedSemaphorePermit>;

/// The sessions in memory, as far as the permits need them.
pub(crate) trait ParkableSessions: fmt::Debug + Send + Sync {
    /// Parks the idle session with the oldest last access. Resolves to its permit once its process has exited, or to
    /// `None` if no session can be parked.
    fn park_one(&self) -> BoxFuture<'static, Option<ProcessPermit>>;

    /// Returns `true` if a session is in memory.
    fn contains(&self, session: &SessionId) -> bool;
}

/// The permits for all processes of sessions. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSlots {
    free: Arc<Semaphore>,
    capacity: usize,
    /// Signals that a session with a permit has become idle.
    became_idle: Arc<Notify>,
    /// The sessions that can be parked. Weak, because the sessions themselves hold this type.
    sessions: Weak<dyn ParkableSessions>,
}

impl ProcessSlots {
    /// Creates `capacity` permits, for the processes of `sessions`.
    pub(crate) fn new(capacity: usize, sessions: Weak<dyn ParkableSessions>) -> Self {
        Self { free: Arc::new(Semaphore::new(capacity)), capacity, became_idle: Arc::default(), sessions }
    }

    /// Acquires a permit for a process. If none is free, parks an idle session and waits for its process to exit, so
    /// that there are never more processes than permits. If no session is idle, waits up to [`QUEUE_TIMEOUT`] for
    /// one.
    ///
    /// # Errors
    /// [`SessionError::SessionLimit`] if no permit becomes free within that time.
    pub(crate) async fn acquire(&self) -> Result<ProcessPermit, SessionError> {
        let limit = || SessionError::SessionLimit(self.capacity);
        // Kept throughout: it is a position in the semaphore's queue, which is first come, first served.
        let mut free = pin!(Arc::clone(&self.free).acquire_owned());
        let mut timeout = pin!(sleep(QUEUE_TIMEOUT));
        loop {
            // Enabled before the sessions are looked at, so that one that becomes idle meanwhile is noticed.
            let mut became_idle = pin!(self.became_idle.notified());
            became_idle.as_mut().enable();
            if let Some(permit) = free.as_mut().now_or_never() {
                // The notification may have been for this request: pass it on to the next one in line.
                self.became_idle.notify_one();
                return permit.map(Arc::new).map_err(|_| limit());
            }
            if let Some(permit) = self.park_one().await {
                return Ok(permit);
            }
            tokio::select! {
                permit = free.as_mut() => return permit.map(Arc::new).map_err(|_| limit()),
                () = became_idle => {}
                () = timeout.as_mut() => return Err(limit()),
            }
        }
    }

    async fn park_one(&self) -> Option<ProcessPermit> {
        let parking = self.sessions.upgrade()?.park_one();
        parking.await
    }

    /// Wakes one waiting request: a session that has a permit has become idle and can be parked.
    pub(crate) fn session_became_idle(&self) {
        self.became_idle.notify_one();
    }

    /// Returns the number of permits that are held.
    pub(crate) fn in_use(&self) -> u64 {
        self.capacity.saturating_sub(self.free.available_permits()) as u64
    }

    /// Returns `true` if a session is in memory.
    pub(crate) fn contains(&self, session: &SessionId) -> bool {
        self.sessions.upgrade().is_some_and(|sessions| sessions.contains(session))
    }
}
