//! Threads of sessions that have ended. They lead a client with an old session id to the thread.

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError};

/// How long the thread of an ended session is remembered, in milliseconds.
const MAX_AGE_MS: i64 = 180 * 24 * 60 * 60 * 1000;
/// The maximum number of ended sessions that are remembered. The newest are kept.
const MAX_ENDED_SESSIONS: i64 = 100_000;

impl Store {
    /// Returns the thread of a session that has ended. `None` if the session has not ended, is not remembered, or
    /// belongs to another owner.
    pub(crate) async fn ended_session_thread(
        &self,
        owner: &OwnerId,
        id: &SessionId,
    ) -> Result<Option<ThreadId>, StoreError> {
        let (owner, id) = (owner.to_string(), id.to_string());
        self.read(move |connection| {
            // An expired session keeps its row until the next sweep.
            let sql = "SELECT thread FROM ended_sessions WHERE id = ?1 AND owner = ?2 UNION ALL \
                       SELECT thread FROM sessions WHERE id = ?1 AND owner = ?2 AND thread IS NOT NULL LIMIT 1";
            let thread = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
            Ok(connection.query_row(sql, params![id, owner], thread).optional()?.map(ThreadId::from))
        })
        .await
    }

    /// Deletes what is remembered about the sessions of a thread.
    pub(crate) async fn forget_ended_sessions_in(&self, thread: &ThreadId) -> Result<(), StoreError> {
        let thread = thread.to_string();
        self.write(move |connection| {
            connection.execute("DELETE FROM ended_sessions WHERE thread = ?1", params![thread]).map(drop)
        })
        .await
    }
}

/// Remembers the thread of a session that is about to be deleted, if its conversation has entries.
pub(super) fn remember(connection: &Connection, id: &str, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO ended_sessions (id, owner, thread, ended_ms) \
               SELECT id, owner, thread, ?2 FROM sessions WHERE id = ?1 AND thread IS NOT NULL \
               AND EXISTS (SELECT 1 FROM session_entries WHERE session = ?1)";
    connection.execute(sql, params![id, now_ms]).map(drop)
}

/// Deletes sessions that are older than [`MAX_AGE_MS`] or beyond [`MAX_ENDED_SESSIONS`].
pub(super) fn sweep(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM ended_sessions WHERE ended_ms < ?1", params![now_ms - MAX_AGE_MS])?;
    let beyond = "DELETE FROM ended_sessions WHERE id IN \
                  (SELECT id FROM ended_sessions ORDER BY ended_ms DESC LIMIT -1 OFFSET ?1)";
    connection.execute(beyond, params![MAX_ENDED_SESSIONS]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ExpiryCutoff, sessions::tests::change};

    #[tokio::test]
    async fn thread_of_expired_session_is_found_by_its_owner_before_and_after_the_sweep() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        store.save_session(change("s", "ada", 100, true)).await.unwrap();
        let thread = Some(ThreadId::from("thread of s"));
        assert_eq!(store.ended_session_thread(&ada, &"s".into()).await.unwrap(), thread);
        let expiry = ExpiryCutoff { unused_since: 150, queued_since: 50 };
        assert_eq!(store.expire_sessions(expiry, [].into()).await.unwrap().len(), 1);
        assert_eq!(store.ended_session_thread(&ada, &"s".into()).await.unwrap(), thread);
        assert_eq!(store.ended_session_thread(&bob, &"s".into()).await.unwrap(), None);
        store.forget_ended_sessions_in(&"thread of s".into()).await.unwrap();
        assert_eq!(store.ended_session_thread(&ada, &"s".into()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn deleted_session_and_empty_session_are_not_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let ada = OwnerId::from("ada");
        store.save_session(change("deleted", "ada", 100, true)).await.unwrap();
        store.delete_session(&"deleted".into(), false).await.unwrap();
        let mut empty = change("empty", "ada", 100, true);
        empty.entries.clear();
        store.save_session(empty).await.unwrap();
        store.delete_session(&"empty".into(), true).await.unwrap();
        for id in ["deleted", "empty"] {
            assert_eq!(store.ended_session_thread(&ada, &id.into()).await.unwrap(), None, "{id}");
        }
    }

    #[tokio::test]
    async fn sessions_beyond_the_maximum_age_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for id in ["old", "new"] {
            store.save_session(change(id, "ada", 100, true)).await.unwrap();
        }
        let left = store.write(|connection| {
            remember(connection, "old", 1)?;
            remember(connection, "new", MAX_AGE_MS)?;
            sweep(connection, MAX_AGE_MS + 2)?;
            connection
                .query_row("SELECT group_concat(id) FROM ended_sessions", [], |row| row.get::<_, String>(0))
        });
        assert_eq!(left.await.unwrap(), "new");
    }
}
