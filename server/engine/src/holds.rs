//! One writer for each thread: who holds which.
//!
//! Codex lets one process write to a thread, and that process keeps the thread until it ends. So a thread is
//! held by the session that is in it, and by every process that has opened it, until all of them are done.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use tokio_util::sync::CancellationToken;

use crate::error::SessionError;

/// Who holds which thread. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds(Arc<Mutex<HashMap<ThreadId, Holder>>>);

#[derive(Clone, Debug)]
struct Holder {
    session: SessionId,
    owner: OwnerId,
    /// The session is no longer in the thread: only a process still has it, which is about to end.
    left: bool,
    /// Cancelled when the thread is free again.
    free: CancellationToken,
}

/// A session's hold on the thread that it is in. Dropping it leaves the thread.
#[derive(Debug)]
pub(crate) struct Hold(Arc<Held>);

/// A process's hold on a thread: as long as it may have it open.
#[derive(Clone, Debug)]
pub(crate) struct ProcessHold {
    _held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    holds: Holds,
    thread: ThreadId,
    free: CancellationToken,
}

impl Hold {
    /// The same hold, for a process.
    pub(crate) fn for_process(&self) -> ProcessHold {
        ProcessHold { _held: Arc::clone(&self.0) }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(holder) = self.0.holds.lock().get_mut(&self.0.thread) {
            holder.left = true;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.holds.lock().remove(&self.thread);
        self.free.cancel();
    }
}

impl Holds {
    fn lock(&self) -> MutexGuard<'_, HashMap<ThreadId, Holder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session that is in a thread.
    pub(crate) fn holder(&self, thread: &ThreadId) -> Option<SessionId> {
        self.lock().get(thread).filter(|holder| !holder.left).map(|holder| holder.session.clone())
    }

    /// Takes hold of a thread for a session. A process of a session that has left the thread is waited for.
    ///
    /// # Errors
    /// [`SessionError::ThreadHeld`]; [`SessionError::ThreadNotFound`] if it is another owner's session that has it.
    pub(crate) async fn take(
        &self,
        thread: &ThreadId,
        session: &SessionId,
        owner: &OwnerId,
    ) -> Result<Hold, SessionError> {
        loop {
            let holder = match self.lock().entry(thread.clone()) {
                Entry::Vacant(place) => {
                    let free = CancellationToken::new();
                    let (session, owner) = (session.clone(), owner.clone());
                    place.insert(Holder { session, owner, left: false, free: free.clone() });
                    return Ok(Hold(Arc::new(Held { holds: self.clone(), thread: thread.clone(), free })));
                }
                Entry::Occupied(holder) => holder.get().clone(),
            };
            if holder.owner != *owner {
                return Err(SessionError::ThreadNotFound);
            }
            if !holder.left {
                return Err(SessionError::ThreadHeld { session: Some(holder.session) });
            }
            holder.free.cancelled().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_has_one_holder() {
        let holds = Holds::default();
        let (thread, owner) = (ThreadId::from("t"), OwnerId::shared());
        let hold = holds.take(&thread, &"a".into(), &owner).await.unwrap();
        let refused = holds.take(&thread, &"b".into(), &owner).await.unwrap_err();
        assert!(matches!(&refused, SessionError::ThreadHeld { session: Some(id) } if id.as_str() == "a"));
        let refused = holds.take(&thread, &"b".into(), &"bob".into()).await.unwrap_err();
        assert!(matches!(refused, SessionError::ThreadNotFound), "not even its name is told to strangers");
        assert_eq!(holds.holder(&thread), Some("a".into()));
        drop(hold);
        assert_eq!(holds.holder(&thread), None);
        holds.take(&thread, &"b".into(), &owner).await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_still_has_the_thread_is_waited_for() {
        let holds = Holds::default();
        let (thread, session, owner) = (ThreadId::from("t"), SessionId::from("a"), OwnerId::shared());
        let hold = holds.take(&thread, &session, &owner).await.unwrap();
        let process = hold.for_process();
        drop(hold);
        assert_eq!(holds.holder(&thread), None, "the session has left");
        let again = tokio::spawn({
            let holds = holds.clone();
            async move { holds.take(&"t".into(), &"b".into(), &OwnerId::shared()).await }
        });
        tokio::task::yield_now().await;
        assert!(!again.is_finished());
        drop(process);
        let _hold = again.await.unwrap().unwrap();
        assert_eq!(holds.holder(&thread), Some("b".into()));
    }
}
