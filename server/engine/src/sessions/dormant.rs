//! Dormant sessions: rows of the store that are loaded on demand.

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
    clock::{self, BootInstant, rfc3339},
    error::SessionError,
    session::{Session, restore::Restored},
    store::{ExpiryCutoff, SavedSession, SessionRow, StoreError},
};

/// Smallest difference that counts as a clock that was set, in milliseconds. Synchronized clocks
/// are adjusted by less all the time.
const MIN_CLOCK_JUMP_MS: i64 = 1000;

/// The sessions that are being loaded, unloaded or ended. Each session has at most one transition
/// at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Transitions(Arc<Mutex<HashMap<SessionId, CancellationToken>>>);

/// Keeps other transitions of a session waiting until it is dropped.
#[derive(Debug)]
pub(super) struct TransitionGuard {
    transitions: Transitions,
    id: SessionId,
}

impl Transitions {
    /// Waits until a session has no transition, and starts one.
    pub(super) async fn begin(&self, id: &SessionId) -> TransitionGuard {
        loop {
            let other = {
                let mut transitions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(other) = transitions.get(id) else {
                    transitions.insert(id.clone(), CancellationToken::new());
                    return TransitionGuard { transitions: self.clone(), id: id.clone() };
                };
                other.clone()
            };
            other.cancelled().await;
        }
    }
}

impl Drop for TransitionGuard {
    fn drop(&mut self) {
        let ended = self.transitions.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        if let Some(ended) = ended {
            ended.cancel();
        }
    }
}

impl Sessions {
    /// Returns a session of the owner, loading it from the store if necessary. Does not count as a
    /// use.
    pub(super) async fn load(&self, owner: &OwnerId, id: &SessionId) -> Result<Session, SessionError> {
        let find_loaded = || self.loaded().get(id).cloned();
        let authorized = |session: Session| {
            if session.owner() == owner { Ok(session) } else { Err(SessionError::NotFound) }
        };
        if let Some(session) = find_loaded() {
            return authorized(session);
        }
        let _transition = self.inner.transitions.begin(id).await;
        if let Some(session) = find_loaded() {
            return authorized(session); // Loaded by another caller in the meantime.
        }
        let saved = self.inner.store.load_session(owner, id, ExpiryCutoff::now(&self.inner.config)).await?;
        let (saved, entries) = saved.ok_or(SessionError::NotFound)?;
        if self.inner.stopping.is_cancelled() {
            return Err(SessionError::ShuttingDown);
        }
        let session = self.restore(saved, &entries).await?;
        self.loaded().insert(id.clone(), session.clone());
        tracing::info!(session = %id, owner = owner.as_str(), "session restored");
        if self.inner.stopping.is_cancelled() {
            // A shutdown that began after the first check may have missed this session.
            self.loaded().remove(id);
            session.suspend().await;
            return Err(SessionError::ShuttingDown);
        }
        Ok(session)
    }

    /// Starts the actor of a stored session.
    async fn restore(&self, saved: SavedSession, entries: &[(i64, String)]) -> Result<Session, SessionError> {
        let inner = &self.inner;
        let (id, owner) = (saved.row.id.clone(), saved.row.owner.clone());
        let mut restored = Restored::read(saved, entries).map_err(|error| {
            tracing::error!(session = %id, %error, "a stored session cannot be read");
            SessionError::CorruptSession(error.to_string())
        })?;
        if let Some(thread) = &restored.transcript.thread_id {
            restored.thread_lock = Some(inner.thread_locks.acquire(thread, &id, &owner).await?);
        }
        let rules = inner.rules.for_owner(&owner).await?;
        let context = self.context(id, owner, restored.settings(&inner.config), rules);
        Ok(Session::restore(context, restored))
    }

    /// Returns the sessions of an owner: all that are loaded, and up to `limit` dormant ones.
    pub(super) async fn list_all(
        &self,
        owner: &OwnerId,
        limit: Option<usize>,
    ) -> (Vec<Session>, Vec<SessionRow>) {
        self.list_all_after(owner, None, limit).await
    }

    /// Like [`Sessions::list_all`], with the dormant sessions after a position of their list.
    async fn list_all_after(
        &self,
        owner: &OwnerId,
        after: Option<(i64, SessionId)>,
        limit: Option<usize>,
    ) -> (Vec<Session>, Vec<SessionRow>) {
        // The rows include the loaded sessions.
        let limit = limit.map(|limit| limit + self.loaded().len());
        let expiry = ExpiryCutoff::now(&self.inner.config);
        let rows = self.inner.store.list_sessions(owner, expiry, after, limit).await;
        let rows = self.exclude_loaded(rows);
        let loaded = self.loaded();
        let own = loaded.values().filter(|session| session.owner() == owner).cloned().collect();
        (own, rows)
    }

    /// Returns the rows of dormant sessions. An error of the store is logged.
    fn exclude_loaded(&self, rows: Result<Vec<SessionRow>, StoreError>) -> Vec<SessionRow> {
        let rows = rows.unwrap_or_else(|error| {
            tracing::error!(%error, "the stored sessions cannot be listed");
            Vec::new()
        });
        let loaded = self.loaded();
        rows.into_iter().filter(|row| !loaded.contains_key(&row.id)).collect()
    }

    /// Returns the most recently used sessions of the owner, at most `limit`.
    pub async fn recent(&self, owner: &OwnerId, limit: usize) -> Vec<SessionSummary> {
        let (loaded, dormant) = self.list_all(owner, Some(limit)).await;
        let mut list: Vec<SessionSummary> =
            loaded.iter().map(Session::summary).chain(dormant.into_iter().map(row_summary)).collect();
        list.sort_by(|a, b| b.last_access_ms.cmp(&a.last_access_ms).then_with(|| a.id.cmp(&b.id)));
        list.truncate(limit);
        list
    }

    /// Returns the loaded sessions of the owner.
    pub fn loaded_sessions(&self, owner: &OwnerId) -> Vec<SessionSummary> {
        self.loaded().values().filter(|session| session.owner() == owner).map(Session::summary).collect()
    }

    /// Returns the dormant sessions of the owner that are in these threads.
    pub async fn dormant_sessions_in(&self, owner: &OwnerId, threads: Vec<ThreadId>) -> Vec<SessionSummary> {
        let rows = self.inner.store.sessions_in_threads(threads, ExpiryCutoff::now(&self.inner.config)).await;
        self.exclude_loaded(rows).into_iter().filter(|row| row.owner == *owner).map(row_summary).collect()
    }

    /// Returns a page of the owner's sessions, the most recently used first.
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
        // One more than the page has, to see whether another page follows.
        let (loaded, dormant) = self.list_all_after(owner, after.clone(), Some(limit + 1)).await;
        let ttl = self.inner.config.session_ttl_ms();
        let loaded = loaded.iter().map(|session| (session.last_access_ms(), session.to_list_item()));
        let dormant = dormant.into_iter().map(|row| (row.last_access_ms, row_list_item(row, ttl)));
        let mut list: Vec<(i64, ListedSession)> = loaded.chain(dormant).collect();
        if let Some((last_access_ms, id)) = after {
            list.retain(|(ms, listed)| {
                *ms < last_access_ms || *ms == last_access_ms && listed.session.id > id
            });
        }
        list.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.session.id.cmp(&other.session.id)));
        let is_last = list.len() <= limit;
        list.truncate(limit);
        let cursor = list.last().filter(|_| !is_last).map(|(last_access_ms, listed)| SessionCursor {
            last_access_ms: *last_access_ms,
            id: listed.session.id.clone(),
        });
        let next_cursor = cursor.and_then(|cursor| self.inner.cursors.seal(owner, &cursor));
        let sessions = list.into_iter().map(|(_, listed)| listed).collect();
        Ok(SessionList { ok: true, sessions, next_cursor })
    }

    /// Returns the session of the owner that is in a thread, loading it from the store if
    /// necessary.
    pub(super) async fn session_for_thread(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<Option<Session>, SessionError> {
        if let Some(session) = self.loaded_session_for_thread(owner, thread) {
            return Ok(Some(session));
        }
        for row in self
            .inner
            .store
            .sessions_in_threads(vec![thread.clone()], ExpiryCutoff::now(&self.inner.config))
            .await?
        {
            if row.owner != *owner || self.loaded().contains_key(&row.id) {
                continue;
            }
            match self.load(owner, &row.id).await {
                Ok(session) => return Ok(Some(session)),
                Err(SessionError::NotFound) => {} // The session has just ended.
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Ends a session for good. Returns `true` if this call has ended it, `false` if another one
    /// was faster.
    ///
    /// # Errors
    /// [`StoreError::Query`] if the row cannot be deleted. The process has ended, and the
    /// session can be loaded again.
    pub(super) async fn end(&self, session: Session, reason: ClosedReason) -> Result<bool, StoreError> {
        let (sessions, id) = (self.clone(), session.id().clone());
        let removing = async move {
            let _transition = sessions.inner.transitions.begin(&id).await;
            let was_there = sessions.loaded().remove(&id).is_some();
            session.close(reason).await;
            if was_there {
                sessions.inner.metrics.sessions_closed(reason, 1);
                let deleted = sessions.inner.store.delete_session(&id, reason != ClosedReason::Deleted).await;
                deleted.inspect_err(|error| {
                    tracing::error!(session = %id, %error, "the row of an ended session cannot be deleted");
                })?;
                sessions.inner.summary_changes.session_ended();
                sessions.inner.temp_dirs.remove(&id).await;
            }
            Ok(was_there)
        };
        // In its own task: the caller may be dropped before the row is deleted, and the session
        // would be loaded again.
        self.inner.background.spawn(removing).await.unwrap_or(Ok(false))
    }

    /// Deletes a stored session that cannot be read.
    pub(super) async fn delete_row(&self, owner: &OwnerId, id: &SessionId) -> Result<(), SessionError> {
        let _transition = self.inner.transitions.begin(id).await;
        let saved = self.inner.store.load_session(owner, id, ExpiryCutoff::now(&self.inner.config)).await?;
        saved.ok_or(SessionError::NotFound)?;
        self.inner.store.delete_session(id, false).await?;
        self.inner.temp_dirs.remove(id).await;
        self.inner.summary_changes.session_ended();
        self.inner.metrics.sessions_closed(ClosedReason::Deleted, 1);
        Ok(())
    }

    /// Removes an unused session without a process from memory. The session stays in the store.
    async fn unload(&self, id: &SessionId) {
        let _transition = self.inner.transitions.begin(id).await;
        let session = {
            let mut loaded = self.loaded();
            match loaded.get(id) {
                Some(session) if session.is_unreferenced(1) => loaded.remove(id),
                _ => None,
            }
        };
        let Some(session) = session else { return };
        if session.unload().await {
            tracing::debug!(session = %id, "session unloaded");
        } else {
            // The session has become active, or could not be stored.
            self.loaded().insert(id.clone(), session);
        }
    }

    /// Detects that the clock was set, and shifts the times in the store by the same amount.
    async fn rebase_clock(&self) {
        let jump_ms = Some(clock::jump_ms()).filter(|by| by.abs() >= MIN_CLOCK_JUMP_MS).unwrap_or(0);
        let now = BootInstant::now().unix_ms().saturating_add(jump_ms);
        match self.inner.store.shift_times(jump_ms, now).await {
            Ok(()) if jump_ms == 0 => {}
            Ok(()) => {
                clock::rebase(jump_ms);
                tracing::info!(seconds = jump_ms / 1000, "the clock was set");
            }
            Err(error) => tracing::error!(%error, "the times of sessions cannot be stored"),
        }
    }

    /// Deletes expired sessions from the store and unloads unused ones.
    pub(super) async fn sweep_store(&self) {
        self.rebase_clock().await;
        let loaded: Vec<Session> = self.loaded().values().cloned().collect();
        let used = loaded.iter().map(|session| (session.id().clone(), session.last_access_ms())).collect();
        let ids = loaded.iter().map(|session| session.id().clone()).collect();
        let store = &self.inner.store;
        let touched = store.touch_sessions(used).await;
        match touched.and(store.expire_sessions(ExpiryCutoff::now(&self.inner.config), ids).await) {
            Ok(expired) if expired.is_empty() => {}
            Ok(expired) => {
                tracing::info!(count = expired.len(), "stored sessions have expired");
                self.inner.summary_changes.session_ended();
                self.inner.metrics.sessions_closed(ClosedReason::Expired, expired.len() as u64);
                for session in expired {
                    self.inner.temp_dirs.remove(&session).await;
                }
            }
            Err(error) => tracing::error!(%error, "expired sessions cannot be deleted"),
        }
        let min_idle_ms = i64::try_from(self.inner.config.park_after.as_millis()).unwrap_or(i64::MAX);
        let is_unused = |session: &Session| !session.has_process() && session.idle_ms() > min_idle_ms;
        let unused_ids: Vec<SessionId> =
            loaded.iter().filter(|session| is_unused(session)).map(|session| session.id().clone()).collect();
        // Each clone is a handle, which would keep its session loaded.
        drop(loaded);
        for id in unused_ids {
            self.unload(&id).await;
        }
    }
}

pub(super) fn row_summary(row: SessionRow) -> SessionSummary {
    let SessionRow { id, thread, title, last_access_ms, news_ms, .. } = row;
    let summary = SessionSummary { id, title, thread_id: thread, ..SessionSummary::default() };
    summary.with_times(last_access_ms, news_ms)
}

fn row_list_item(row: SessionRow, ttl_ms: Option<i64>) -> ListedSession {
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
