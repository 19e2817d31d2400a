//! Thread locks: at most one session works in a thread.
//!
//! Codex lets one process write to a thread, and that process keeps codex's own lock until it exits. A thread is
//! therefore locked here by its session and by every process that has opened it, until all of them have released it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use tokio_util::sync::CancellationToken;

use crate::error::SessionError;

/// The locks on all threads. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadLocks(Arc<Mutex<HashMap<ThreadId, LockHolder>>>);

#[derive(Clone, Debug)]
struct LockHolder {
    session: SessionId,
    owner: OwnerId,
    /// The session has left the thread. Only processes that are about to exit still lock it.
    session_released: bool,
    /// Cancelled when the thread is unlocked.
    unlocked: CancellationToken,
}

/// A session's lock on its thread. Dropping it releases the session's part: the thread is unlocked once all
/// [`ProcessLock`]s are dropped too.
#[derive(Debug)]
pub(crate) struct SessionLock(Arc<LockInner>);

/// A process's share of a session's lock. Kept for as long as the process may have the thread open.
#[derive(Clone, Debug)]
pub(crate) struct ProcessLock {
    _inner: Arc<LockInner>,
}

#[derive(Debug)]
struct LockInner {
    locks: ThreadLocks,
    thread: ThreadId,
    unlocked: CancellationToken,
}

impl SessionLock {
    /// Returns a share of the lock for a process.
    pub(crate) fn for_process(&self) -> ProcessLock {
        ProcessLock { _inner: Arc::clone(&self.0) }
    }
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        if let Some(holder) = self.0.locks.holders().get_mut(&self.0.thread) {
            holder.session_released = true;
        }
    }
}

impl Drop for LockInner {
    fn drop(&mut self) {
        self.locks.holders().remove(&self.thread);
        self.unlocked.cancel();
    }
}

impl ThreadLocks {
    fn holders(&self) -> MutexGuard<'_, HashMap<ThreadId, LockHolder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the session that is in a thread. `None` if no session has locked it, or the session has left it.
    pub(crate) fn session_in(&self, thread: &ThreadId) -> Option<SessionId> {
        let holders = self.holders();
        holders.get(thread).filter(|holder| !holder.session_released).map(|holder| holder.session.clone())
    }

    /// Locks a thread for a session. If another session has just left the thread, waits until its processes have
    /// exited.
    ///
    /// # Errors
    /// [`SessionError::ThreadHeld`] if another session of `owner` is in the thread. [`SessionError::ThreadNotFound`]
    /// if the session belongs to another owner.
    pub(crate) async fn acquire(
        &self,
        thread: &ThreadId,
        session: &SessionId,
        owner: &OwnerId,
    ) -> Result<SessionLock, SessionError> {
        loop {
            let holder = match self.holders().entry(thread.clone()) {
                Entry::Vacant(entry) => {
                    let unlocked = CancellationToken::new();
                    entry.insert(LockHolder {
                        session: session.clone(),
                        owner: owner.clone(),
                        session_released: false,
                        unlocked: unlocked.clone(),
                    });
                    let inner = LockInner { locks: self.clone(), thread: thread.clone(), unlocked };
                    return Ok(SessionLock(Arc::new(inner)));
                }
                Entry::Occupied(entry) => entry.get().clone(),
            };
            if holder.owner != *owner {
                return Err(SessionError::ThreadNotFound);
            }
            if !holder.session_released {
                return Err(SessionError::ThreadHeld { session: Some(holder.session) });
            }
            holder.unlocked.cancelled().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn thread_is_locked_for_other_sessions_until_its_session_releases_it() {
        let locks = ThreadLocks::default();
        let (thread, owner) = (ThreadId::from("t"), OwnerId::shared());
        let lock = locks.acquire(&thread, &"a".into(), &owner).await.unwrap();
        let error = locks.acquire(&thread, &"b".into(), &owner).await.unwrap_err();
        assert!(matches!(&error, SessionError::ThreadHeld { session: Some(id) } if id.as_str() == "a"));
        let error = locks.acquire(&thread, &"b".into(), &"bob".into()).await.unwrap_err();
        assert!(
            matches!(error, SessionError::ThreadNotFound),
            "another owner does not learn the session's id"
        );
        assert_eq!(locks.session_in(&thread), Some("a".into()));
        drop(lock);
        assert_eq!(locks.session_in(&thread), None);
        locks.acquire(&thread, &"b".into(), &owner).await.unwrap();
    }

    #[tokio::test]
    async fn acquire_waits_for_the_processes_of_a_session_that_has_left_the_thread() {
        let locks = ThreadLocks::default();
        let (thread, session, owner) = (ThreadId::from("t"), SessionId::from("a"), OwnerId::shared());
        let lock = locks.acquire(&thread, &session, &owner).await.unwrap();
        let process = lock.for_process();
        drop(lock);
        assert_eq!(locks.session_in(&thread), None, "the session has released its lock");
        let waiting = tokio::spawn({
            let locks = locks.clone();
            async move { locks.acquire(&"t".into(), &"b".into(), &OwnerId::shared()).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(process);
        let _lock = waiting.await.unwrap().unwrap();
        assert_eq!(locks.session_in(&thread), Some("b".into()));
    }
}
