//! The store's part about sessions that have ended while their threads go on.

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError};

/// How long the thread of a session that has ended is remembered, in milliseconds.
const MAX_AGE: i64 = 180 * 24 * 60 * 60 * 1000;
/// How many of them are remembered, the newest.
const MAX_ENDED_SESSIONS: i64 = 100_000;

impl Store {
    /// The thread that a session of that owner was in. `None` if the session has not ended, or is not remembered.
    pub(crate) async fn thread_of_ended(
        &self,
        owner: &OwnerId,
        id: &SessionId,
    ) -> Result<Option<ThreadId>, StoreError> {
        let (owner, id) = (owner.to_string(), id.to_string());
        self.look(move |connection| {
            // A session that has expired is a row until the next sweep.
            let sql = "SELECT thread FROM ended_sessions WHERE id = ?1 AND owner = ?2 UNION ALL \
                       SELECT thread FROM sessions WHERE id = ?1 AND owner = ?2 AND thread IS NOT NULL LIMIT 1";
            let thread = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
            Ok(connection.query_row(sql, params![id, owner], thread).optional()?.map(ThreadId::from))
        })
        .await
    }

    /// Forgets which sessions were in a thread, which is deleted.
    pub(crate) async fn forget_ended_in(&self, thread: &ThreadId) -> Result<(), StoreError> {
        let thread = thread.to_string();
        self.ask(move |connection| {
            connection.execute("DELETE FROM ended_sessions WHERE thread = ?1", params![thread]).map(drop)
        })
        .await
    }
}

/// Remembers the thread of a session that is about to be deleted, if something was said in it.
pub(super) fn remember(connection: &Connection, id: &str, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO ended_sessions (id, owner, thread, ended_ms) \
               SELECT id, owner, thread, ?2 FROM sessions WHERE id = ?1 AND thread IS NOT NULL \
               AND EXISTS (SELECT 1 FROM session_entries WHERE session = ?1)";
    connection.execute(sql, params![id, now_ms]).map(drop)
}

/// Forgets the oldest, and what is beyond the limit.
pub(super) fn sweep(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM ended_sessions WHERE ended_ms < ?1", params![now_ms - MAX_AGE])?;
    let beyond = "DELETE FROM ended_sessions WHERE id IN \
                  (SELECT id FROM ended_sessions ORDER BY ended_ms DESC LIMIT -1 OFFSET ?1)";
    connection.execute(beyond, params![MAX_ENDED_SESSIONS]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Expiry, sessions::tests::change};

    #[tokio::test]
    async fn thread_of_expired_session_is_told_to_its_owner_before_and_after_the_sweep() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        store.save_session(change("s", "ada", 100, true)).await.unwrap();
        let thread = Some(ThreadId::from("thread of s"));
        assert_eq!(store.thread_of_ended(&ada, &"s".into()).await.unwrap(), thread);
        let expiry = Expiry { unused_since: 150, queued_since: 50 };
        assert_eq!(store.expire_sessions(expiry, [].into()).await.unwrap().len(), 1);
        assert_eq!(store.thread_of_ended(&ada, &"s".into()).await.unwrap(), thread);
        assert_eq!(store.thread_of_ended(&bob, &"s".into()).await.unwrap(), None);
        store.forget_ended_in(&"thread of s".into()).await.unwrap();
        assert_eq!(store.thread_of_ended(&ada, &"s".into()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn deleted_session_and_one_in_which_nothing_was_said_are_not_remembered() {
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
            assert_eq!(store.thread_of_ended(&ada, &id.into()).await.unwrap(), None, "{id}");
        }
    }

    #[tokio::test]
    async fn oldest_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for id in ["old", "new"] {
            store.save_session(change(id, "ada", 100, true)).await.unwrap();
        }
        let left = store.ask(|connection| {
            remember(connection, "old", 1)?;
            remember(connection, "new", MAX_AGE)?;
            sweep(connection, MAX_AGE + 2)?;
            connection
                .query_row("SELECT group_concat(id) FROM ended_sessions", [], |row| row.get::<_, String>(0))
        });
        assert_eq!(left.await.unwrap(), "new");
    }
}
