//! The sessions in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use codex_gateway_wire::SessionId;
use futures::{FutureExt, future::BoxFuture};

use crate::{
    process_slots::{ParkableSessions, ProcessPermit},
    session::Session,
};

/// The sessions in memory, by id.
pub(super) type SessionMap = Mutex<HashMap<SessionId, Session>>;

impl ParkableSessions for SessionMap {
    fn park_one(&self) -> BoxFuture<'static, Option<ProcessPermit>> {
        let sessions = idle_sessions(self);
        async move {
            for session in sessions {
                if let Some(permit) = session.park().await {
                    tracing::info!(session = %session.id(), "a session was parked to make room");
                    return Some(permit);
                }
            }
            None
        }
        .boxed()
    }

    fn contains(&self, session: &SessionId) -> bool {
        self.lock().unwrap_or_else(PoisonError::into_inner).contains_key(session)
    }
}

/// Returns the sessions that can be parked, the one with the oldest last access first.
fn idle_sessions(sessions: &SessionMap) -> Vec<Session> {
    let mut idle: Vec<Session> = {
        let sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| session.is_idle()).cloned().collect()
    };
    // Cached, because the last access can change while the list is sorted.
    idle.sort_by_cached_key(Session::last_access_ms);
    idle
}
