//! Sessions that are not in memory: they are rows of the store until somebody wants one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use codex_gateway_wire::{
    ApprovalMode, OwnerId, SessionId, ThreadId,
    api::{ListedSession, SessionInfo, SessionList, SessionSummary},
    event::ClosedReason,
};
use tokio_util::sync::CancellationToken;

use super::{Sessions, cursor::SessionCursor};
use crate::{
    clock::{self, Moment, rfc3339},
    error::SessionError,
    session::{Session, restoring::Restored},
    store::{Expiry, SavedSession, SessionRow, StoreError},
};

/// How far a clock must be from where it was to have been set, in milliseconds. (Those that follow a better one are
/// nudged all the time.)
const CLOCK_SET: i64 = 1000;

/// The sessions that are on their way: into memory, out of it, or to their end. One way at a time for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves(Arc<Mutex<HashMap<SessionId, CancellationToken>>>);

/// A session is on its way while this is held.
#[derive(Debug)]
pub(super) struct Move {
    moves: Moves,
    id: SessionId,
}

impl Moves {
    /// Waits until a session is not on its way, and takes it.
    pub(super) async fn begin(&self, id: &SessionId) -> Move {
        loop {
            let other = {
                let mut moves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(other) = moves.get(id) else {
                    moves.insert(id.clone(), CancellationToken::new());
                    return Move { moves: self.clone(), id: id.clone() };
                };
                other.clone()
            };
            other.cancelled().await;
        }
    }
}

impl Drop for Move {
    fn drop(&mut self) {
        let ended = self.moves.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        if let Some(ended) = ended {
            ended.cancel();
        }
    }
}

impl Sessions {
    /// A session of that owner, out of the store if it is not in memory. Does not count as use.
    pub(super) async fn in_memory(&self, owner: &OwnerId, id: &SessionId) -> Result<Session, SessionError> {
        let live = || self.live().get(id).cloned();
        let theirs = |session: Session| {
            if session.owner() == owner { Ok(session) } else { Err(SessionError::NotFound) }
        };
        if let Some(session) = live() {
            return theirs(session);
        }
        let _move = self.inner.moves.begin(id).await;
        if let Some(session) = live() {
            return theirs(session); // Somebody else was faster.
        }
        let saved = self.inner.store.load_session(owner, id, Expiry::now(&self.inner.config)).await?;
        let (saved, entries) = saved.ok_or(SessionError::NotFound)?;
        if self.inner.stopping.is_cancelled() {
            return Err(SessionError::ShuttingDown);
        }
        let session = self.restore(saved, &entries).await?;
        self.live().insert(id.clone(), session.clone());
        tracing::info!(session = %id, owner = owner.as_str(), "session restored");
        if self.inner.stopping.is_cancelled() {
            // The end of all began between the two checks and may not have seen this one.
            self.live().remove(id);
            session.suspend().await;
            return Err(SessionError::ShuttingDown);
        }
        Ok(session)
    }

    /// Makes a session of what was written down.
    async fn restore(&self, saved: SavedSession, entries: &[(i64, String)]) -> Result<Session, SessionError> {
        let inner = &self.inner;
        let (id, owner) = (saved.row.id.clone(), saved.row.owner.clone());
        let mut restored = Restored::read(saved, entries).map_err(|error| {
            tracing::error!(session = %id, %error, "a session that was written down cannot be read");
            SessionError::Unreadable(error.to_string())
        })?;
        if let Some(thread) = &restored.transcript.thread_id {
            restored.hold = Some(inner.holds.take(thread, &id, &owner).await?);
        }
        let rules = inner.rules.of(&owner).await?;
        let base = self.base(id, owner, restored.settings(&inner.config), rules);
        Ok(Session::restore(base, restored))
    }

    /// The sessions of an owner: those in memory, and up to so many of those that only the store has.
    pub(super) async fn all(&self, owner: &OwnerId, limit: Option<usize>) -> (Vec<Session>, Vec<SessionRow>) {
        self.all_after(owner, None, limit).await
    }

    /// The same, without those of the store up to a place in their list.
    async fn all_after(
        &self,
        owner: &OwnerId,
        after: Option<(i64, SessionId)>,
        limit: Option<usize>,
    ) -> (Vec<Session>, Vec<SessionRow>) {
        // Those in memory are among the rows.
        let limit = limit.map(|limit| limit + self.live().len());
        let expiry = Expiry::now(&self.inner.config);
        let rows = self.inner.store.list_sessions(owner, expiry, after, limit).await;
        let rows = self.without_live(rows);
        let live = self.live();
        let own = live.values().filter(|session| session.owner() == owner).cloned().collect();
        (own, rows)
    }

    /// Those that are only written down. A store that cannot be read is told in the gateway's log.
    fn without_live(&self, rows: Result<Vec<SessionRow>, StoreError>) -> Vec<SessionRow> {
        let rows = rows.unwrap_or_else(|error| {
            tracing::error!(%error, "the sessions that are not in memory cannot be listed");
            Vec::new()
        });
        let live = self.live();
        rows.into_iter().filter(|row| !live.contains_key(&row.id)).collect()
    }

    /// The sessions of that owner that were used last, so many at most.
    pub async fn recent(&self, owner: &OwnerId, limit: usize) -> Vec<SessionSummary> {
        let (live, stored) = self.all(owner, Some(limit)).await;
        let mut list: Vec<SessionSummary> =
            live.iter().map(Session::summary).chain(stored.into_iter().map(summary)).collect();
        list.sort_by(|a, b| b.last_access_ms.cmp(&a.last_access_ms).then_with(|| a.id.cmp(&b.id)));
        list.truncate(limit);
        list
    }

    /// The sessions of that owner that are in memory.
    pub fn live_sessions(&self, owner: &OwnerId) -> Vec<SessionSummary> {
        self.live().values().filter(|session| session.owner() == owner).map(Session::summary).collect()
    }

    /// The sessions of that owner that are in these threads, and only written down.
    pub async fn stored_in(&self, owner: &OwnerId, threads: Vec<ThreadId>) -> Vec<SessionSummary> {
        let rows = self.inner.store.sessions_in(threads, Expiry::now(&self.inner.config)).await;
        self.without_live(rows).into_iter().filter(|row| row.owner == *owner).map(summary).collect()
    }

    /// A page of that owner's sessions, the last used first.
    ///
    /// # Errors
    /// [`SessionError::BadCursor`]
    pub async fn list_sessions(
        &self,
        owner: &OwnerId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<SessionList, SessionError> {
        let after =
            cursor.map(|cursor| self.inner.cursors.open::<SessionCursor>(owner, cursor)).transpose()?;
        let after = after.map(|SessionCursor { last_access_ms, id }| (last_access_ms, id));
        // One more than the page has: then there is another page.
        let (live, stored) = self.all_after(owner, after.clone(), Some(limit + 1)).await;
        let ttl = self.inner.config.session_ttl_ms();
        let live = live.iter().map(|session| (session.last_access_ms(), session.listed()));
        let stored = stored.into_iter().map(|row| (row.last_access_ms, listed(row, ttl)));
        let mut list: Vec<(i64, ListedSession)> = live.chain(stored).collect();
        if let Some((last_access_ms, id)) = after {
            list.retain(|(ms, listed)| {
                *ms < last_access_ms || *ms == last_access_ms && listed.session.id > id
            });
        }
        list.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.session.id.cmp(&other.session.id)));
        let is_last = list.len() <= limit;
        list.truncate(limit);
        let place = list.last().filter(|_| !is_last).map(|(last_access_ms, listed)| SessionCursor {
            last_access_ms: *last_access_ms,
            id: listed.session.id.clone(),
        });
        let next_cursor = place.and_then(|place| self.inner.cursors.seal(owner, &place));
        let sessions = list.into_iter().map(|(_, listed)| listed).collect();
        Ok(SessionList { ok: true, sessions, next_cursor })
    }

    /// The session of that owner that is in a thread, out of the store if need be.
    pub(super) async fn session_in(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<Option<Session>, SessionError> {
        if let Some(session) = self.live_session_in(owner, thread) {
            return Ok(Some(session));
        }
        for row in self.inner.store.sessions_in(vec![thread.clone()], Expiry::now(&self.inner.config)).await?
        {
            if row.owner != *owner || self.live().contains_key(&row.id) {
                continue;
            }
            match self.in_memory(owner, &row.id).await {
                Ok(session) => return Ok(Some(session)),
                Err(SessionError::NotFound) => {} // It has just ended.
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Ends a session for good. Whether it was still there: of several that end it at the same time, one finds it.
    ///
    /// # Errors
    /// [`StoreError::Question`] if the store cannot forget it: its process has ended, and it comes back out of the
    /// store for whoever wants it.
    pub(super) async fn remove(&self, session: Session, reason: ClosedReason) -> Result<bool, StoreError> {
        let (sessions, id) = (self.clone(), session.id().clone());
        let removing = async move {
            let _move = sessions.inner.moves.begin(&id).await;
            let was_there = sessions.live().remove(&id).is_some();
            session.close(reason).await;
            if was_there {
                sessions.inner.metrics.sessions_closed(reason, 1);
                let forgotten =
                    sessions.inner.store.delete_session(&id, reason != ClosedReason::Deleted).await;
                forgotten.inspect_err(|error| {
                    tracing::error!(session = %id, %error, "a session that has ended cannot be forgotten");
                })?;
                sessions.inner.changes.session_ended();
                sessions.inner.temp_dirs.remove(&id).await;
            }
            Ok(was_there)
        };
        // Whoever asked for it may leave before its row is gone, and so may the gateway: it would come back.
        self.inner.background.spawn(removing).await.unwrap_or(Ok(false))
    }

    /// Ends a session that is written down and cannot be read.
    pub(super) async fn forget(&self, owner: &OwnerId, id: &SessionId) -> Result<(), SessionError> {
        let _move = self.inner.moves.begin(id).await;
        let saved = self.inner.store.load_session(owner, id, Expiry::now(&self.inner.config)).await?;
        saved.ok_or(SessionError::NotFound)?;
        self.inner.store.delete_session(id, false).await?;
        self.inner.temp_dirs.remove(id).await;
        self.inner.changes.session_ended();
        self.inner.metrics.sessions_closed(ClosedReason::Deleted, 1);
        Ok(())
    }

    /// Lets go of a session that nobody uses and that has no process; it stays in the store.
    async fn unload(&self, id: &SessionId) {
        let _move = self.inner.moves.begin(id).await;
        let session = {
            let mut live = self.live();
            match live.get(id) {
                Some(session) if session.is_alone(1) => live.remove(id),
                _ => None,
            }
        };
        let Some(session) = session else { return };
        if session.unload().await {
            tracing::debug!(session = %id, "session unloaded");
        } else {
            // It has something to do after all, or could not be written down.
            self.live().insert(id.clone(), session);
        }
    }

    /// Takes notice of a clock that was set: the store's times are told by the clock, too.
    async fn follow_clock(&self) {
        let set_by = Some(clock::set_by_ms()).filter(|by| by.abs() >= CLOCK_SET).unwrap_or(0);
        let now = Moment::now().unix_ms().saturating_add(set_by);
        match self.inner.store.move_times(set_by, now).await {
            Ok(()) if set_by == 0 => {}
            Ok(()) => {
                clock::take_notice(set_by);
                tracing::info!(seconds = set_by / 1000, "the clock was set");
            }
            Err(error) => tracing::error!(%error, "when sessions were used cannot be written down"),
        }
    }

    /// What is done from time to time: sessions that have expired end, and those that rest leave the memory.
    pub(super) async fn tidy(&self) {
        self.follow_clock().await;
        let live: Vec<Session> = self.live().values().cloned().collect();
        let used = live.iter().map(|session| (session.id().clone(), session.last_access_ms())).collect();
        let ids = live.iter().map(|session| session.id().clone()).collect();
        let store = &self.inner.store;
        let noted = store.touch_sessions(used).await;
        match noted.and(store.expire_sessions(Expiry::now(&self.inner.config), ids).await) {
            Ok(expired) if expired.is_empty() => {}
            Ok(expired) => {
                tracing::info!(count = expired.len(), "stored sessions have expired");
                self.inner.changes.session_ended();
                self.inner.metrics.sessions_closed(ClosedReason::Expired, expired.len() as u64);
                for session in expired {
                    self.inner.temp_dirs.remove(&session).await;
                }
            }
            Err(error) => tracing::error!(%error, "sessions that have expired cannot be forgotten"),
        }
        let rest = i64::try_from(self.inner.config.park_after.as_millis()).unwrap_or(i64::MAX);
        let at_rest = |session: &Session| !session.has_process() && session.unused_ms() > rest;
        let at_rest: Vec<SessionId> =
            live.iter().filter(|session| at_rest(session)).map(|session| session.id().clone()).collect();
        // Whoever has a handle uses it.
        drop(live);
        for id in at_rest {
            self.unload(&id).await;
        }
    }
}

pub(super) fn summary(row: SessionRow) -> SessionSummary {
    let SessionRow { id, thread, title, last_access_ms, news_ms, .. } = row;
    let summary = SessionSummary { id, title, thread_id: thread, ..SessionSummary::default() };
    summary.at(last_access_ms, news_ms)
}

fn listed(row: SessionRow, ttl_ms: Option<i64>) -> ListedSession {
    let SessionRow { id, thread, title, cwd, approvals, created_ms, last_access_ms, .. } = row;
    let session = SessionInfo {
        id,
        created_at: rfc3339(created_ms),
        last_access_at: rfc3339(last_access_ms),
        approvals: ApprovalMode::parse(&approvals).unwrap_or_default(),
        expires_at: ttl_ms.map(|ttl| rfc3339(last_access_ms.saturating_add(ttl))),
    };
    ListedSession { session, title, thread_id: thread, cwd, running: false, waiting: false }
}
