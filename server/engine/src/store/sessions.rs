//! Stored sessions: what is persisted beyond the life of their actors.

use std::collections::HashSet;

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError, ended_sessions, record_thread_owner};
use crate::{
    clock::{BootInstant, now_ms},
    config::Config,
    session_ttl::effective_ttl,
};

/// The fields of a session that lists show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub id: SessionId,
    pub owner: OwnerId,
    pub thread: Option<ThreadId>,
    pub title: Option<String>,
    pub cwd: Option<String>,
    pub approvals: String,
    pub created_ms: i64,
    pub last_access_ms: i64,
    pub news_ms: i64,
    pub queued: bool,
}

/// A session as it is stored, without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedSession {
    pub row: SessionRow,
    /// The number of its newest event.
    pub seq: u64,
    /// JSON: its settings, and what else its next process needs.
    pub metadata: String,
    /// JSON: its transcript without the entries.
    pub transcript: String,
    /// `true` if codex has older entries than the stored ones.
    pub has_older: bool,
}

/// The changes of a session since it was last stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionChange {
    pub session: SavedSession,
    /// `true` if the session may not be stored yet.
    pub new: bool,
    /// `true` if all stored entries are deleted first.
    pub replace_all: bool,
    /// The ids of removed entries.
    pub removed: Vec<String>,
    /// New and changed entries: id, position, JSON.
    pub entries: Vec<(String, i64, String)>,
}

/// Which sessions have expired: those that were last used at or before these times, in Unix milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpiryCutoff {
    pub unused_since: i64,
    /// The time for sessions with messages in their queue.
    pub queued_since: i64,
}

impl ExpiryCutoff {
    /// The cutoff at the present time.
    pub(crate) fn now(config: &Config) -> Self {
        Self::at(BootInstant::now().unix_ms(), config.session_ttl_ms())
    }

    /// The cutoff at a time, with a TTL in milliseconds. Without a TTL, no session expires.
    fn at(now_ms: i64, ttl_ms: Option<i64>) -> Self {
        let since = |queued| now_ms.saturating_sub(ttl_ms.map_or(i64::MAX, |ttl| effective_ttl(ttl, queued)));
        Self { unused_since: since(false), queued_since: since(true) }
    }
}

/// The columns of a [`SessionRow`].
const ROW_COLUMNS: &str =
    "id, owner, thread, title, cwd, approvals, created_ms, last_access_ms, news_ms, queued";
/// The condition for sessions that have not expired. `?1` and `?2` are the fields of an [`ExpiryCutoff`].
const NOT_EXPIRED: &str = "last_access_ms > (CASE WHEN queued THEN ?2 ELSE ?1 END)";

impl Store {
    /// Stores the changes of a session. Records the owner of a new session's thread as well. A session that was deleted
    /// meanwhile stays deleted.
    pub(crate) async fn save_session(&self, change: SessionChange) -> Result<(), StoreError> {
        self.write(move |connection| save(connection, &change)).await
    }

    /// Loads a session of an owner, with the positions and the JSON of its entries in order. `None` if it has expired
    /// or does not exist.
    pub(crate) async fn load_session(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        expiry: ExpiryCutoff,
    ) -> Result<Option<(SavedSession, Vec<(i64, String)>)>, StoreError> {
        let (owner, id) = (owner.to_string(), id.to_string());
        self.read(move |connection| {
            let sql = format!(
                "SELECT {ROW_COLUMNS}, seq, kept, transcript, older FROM sessions WHERE {NOT_EXPIRED} AND id = ?3 AND owner = ?4"
            );
            let read_saved = |row: &Row<'_>| {
                Ok(SavedSession {
                    row: read_row(row)?,
                    seq: row.get::<_, i64>(10)?.try_into().unwrap_or_default(),
                    metadata: row.get(11)?,
                    transcript: row.get(12)?,
                    has_older: row.get(13)?,
                })
            };
            let parameters = params![expiry.unused_since, expiry.queued_since, id, owner];
            let Some(session) = connection.query_row(&sql, parameters, read_saved).optional()? else { return Ok(None) };
            let mut entries = connection
                .prepare("SELECT place, entry FROM session_entries WHERE session = ?1 ORDER BY place")?;
            let entries = entries.query_map(params![id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Some((session, entries.collect::<rusqlite::Result<_>>()?)))
        })
        .await
    }

    /// Returns the sessions of an owner, the most recently used first. `after` is the last use and the id of the last
    /// session of the previous page. Without a limit, returns all.
    pub(crate) async fn list_sessions(
        &self,
        owner: &OwnerId,
        expiry: ExpiryCutoff,
        after: Option<(i64, SessionId)>,
        limit: Option<usize>,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let owner = owner.to_string();
        // SQLite takes a negative limit as no limit.
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let (ms, id) = after.map_or((i64::MAX, String::new()), |(ms, id)| (ms, id.to_string()));
        self.read(move |connection| {
            let sql = format!(
                "SELECT {ROW_COLUMNS} FROM sessions WHERE {NOT_EXPIRED} AND owner = ?3
                 AND (last_access_ms < ?4 OR last_access_ms = ?4 AND id > ?5)
                 ORDER BY last_access_ms DESC, id LIMIT ?6"
            );
            let mut list = connection.prepare(&sql)?;
            let parameters = params![expiry.unused_since, expiry.queued_since, owner, ms, id, limit];
            list.query_map(parameters, read_row)?.collect()
        })
        .await
    }

    /// Counts the sessions of all owners.
    pub(crate) async fn count_sessions(&self, expiry: ExpiryCutoff) -> Result<u64, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT COUNT(*) FROM sessions WHERE {NOT_EXPIRED}");
            let parameters = params![expiry.unused_since, expiry.queued_since];
            let count: i64 = connection.query_row(&sql, parameters, |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    /// Returns the sessions of any owner that are in these threads.
    pub(crate) async fn sessions_in_threads(
        &self,
        threads: Vec<ThreadId>,
        expiry: ExpiryCutoff,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {ROW_COLUMNS} FROM sessions WHERE {NOT_EXPIRED} AND thread = ?3");
            let mut find = connection.prepare(&sql)?;
            let mut found = Vec::new();
            for thread in threads {
                let parameters = params![expiry.unused_since, expiry.queued_since, thread.as_str()];
                for row in find.query_map(parameters, read_row)? {
                    found.push(row?);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Returns `true` if the session is stored, even if it has expired.
    pub(crate) async fn has_session(&self, id: &SessionId) -> Result<bool, StoreError> {
        let id = id.to_string();
        self.read(move |connection| {
            connection.prepare("SELECT 1 FROM sessions WHERE id = ?1")?.exists(params![id])
        })
        .await
    }

    /// Deletes a session. Returns `true` if it was stored. With `remember_thread`, its thread can still be found by
    /// [`Store::ended_session_thread`].
    pub(crate) async fn delete_session(
        &self,
        id: &SessionId,
        remember_thread: bool,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            if remember_thread {
                ended_sessions::remember(&transaction, &id, now_ms())?;
            }
            let existed = transaction.execute("DELETE FROM sessions WHERE id = ?1", params![id])? > 0;
            transaction.commit()?;
            Ok(existed)
        })
        .await
    }

    /// Records when sessions were last used. An earlier time than the stored one is ignored.
    pub(crate) async fn touch_sessions(&self, used: Vec<(SessionId, i64)>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            {
                let mut touch = transaction
                    .prepare("UPDATE sessions SET last_access_ms = max(last_access_ms, ?2) WHERE id = ?1")?;
                for (id, at) in used {
                    touch.execute(params![id.as_str(), at])?;
                }
            }
            transaction.commit()
        })
        .await
    }

    /// Shifts the times of last use of sessions and uploads by a change of the system clock, in milliseconds.
    ///
    /// No time stays in the future. If the clock was set back while no gateway was running, the most recently used
    /// session counts as used now, and other sessions with future times keep their distance to it.
    pub(crate) async fn shift_times(&self, by_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            if by_ms != 0 {
                transaction
                    .execute("UPDATE sessions SET last_access_ms = last_access_ms + ?1", params![by_ms])?;
                let uploads = "UPDATE uploads SET created_ms = created_ms + ?1, used_ms = used_ms + ?1";
                transaction.execute(uploads, params![by_ms])?;
            }
            let uploads = "UPDATE uploads SET created_ms = min(created_ms, ?1), used_ms = min(used_ms, ?1) \
                           WHERE created_ms > ?1 OR used_ms > ?1";
            transaction.execute(uploads, params![now_ms])?;
            let last: Option<i64> =
                transaction.query_row("SELECT max(last_access_ms) FROM sessions", [], |row| row.get(0))?;
            if let Some(ahead) = last.map(|last| last.saturating_sub(now_ms)).filter(|ahead| *ahead > 0) {
                let back =
                    "UPDATE sessions SET last_access_ms = last_access_ms - ?1 WHERE last_access_ms > ?2";
                transaction.execute(back, params![ahead, now_ms])?;
            }
            transaction.commit()
        })
        .await
    }

    /// Deletes the expired sessions except `loaded`, which are in memory. Their threads are remembered. Returns the
    /// deleted sessions.
    pub(crate) async fn expire_sessions(
        &self,
        expiry: ExpiryCutoff,
        loaded: HashSet<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            let mut expired: Vec<SessionId> = {
                let sql = format!("SELECT id FROM sessions WHERE NOT ({NOT_EXPIRED})");
                let mut find = transaction.prepare(&sql)?;
                let ids = find.query_map(params![expiry.unused_since, expiry.queued_since], |row| {
                    Ok(SessionId::from(row.get::<_, String>(0)?))
                })?;
                ids.collect::<rusqlite::Result<_>>()?
            };
            expired.retain(|id| !loaded.contains(id));
            for id in &expired {
                ended_sessions::remember(&transaction, id.as_str(), now_ms())?;
                transaction.execute("DELETE FROM sessions WHERE id = ?1", params![id.as_str()])?;
            }
            ended_sessions::sweep(&transaction, now_ms())?;
            transaction.commit()?;
            Ok(expired)
        })
        .await
    }
}

fn save(connection: &mut Connection, change: &SessionChange) -> rusqlite::Result<()> {
    let SavedSession { row, seq, metadata: kept, transcript, has_older: older } = &change.session;
    let transaction = connection.transaction()?;
    let id = row.id.as_str();
    let sql = if change.new {
        "INSERT OR REPLACE INTO sessions (id, owner, thread, title, cwd, approvals, created_ms, last_access_ms, news_ms, queued, \
         seq, kept, transcript, older) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    } else {
        "UPDATE sessions SET owner = ?2, thread = ?3, title = ?4, cwd = ?5, approvals = ?6, created_ms = ?7, \
         last_access_ms = ?8, news_ms = ?9, queued = ?10, seq = ?11, kept = ?12, transcript = ?13, older = ?14 \
         WHERE id = ?1"
    };
    let written = transaction.prepare(sql)?.execute(params![
        id,
        row.owner.as_str(),
        row.thread.as_ref().map(ThreadId::as_str),
        row.title,
        row.cwd,
        row.approvals,
        row.created_ms,
        row.last_access_ms,
        row.news_ms,
        row.queued,
        i64::try_from(*seq).unwrap_or(i64::MAX),
        kept,
        transcript,
        older,
    ])?;
    if written == 0 {
        return Ok(()); // The session was deleted meanwhile.
    }
    if let (true, Some(thread)) = (change.new, &row.thread) {
        record_thread_owner(&transaction, thread, &row.owner)?;
    }
    if change.replace_all {
        transaction.execute("DELETE FROM session_entries WHERE session = ?1", params![id])?;
    }
    {
        let mut remove = transaction.prepare("DELETE FROM session_entries WHERE session = ?1 AND id = ?2")?;
        for entry in &change.removed {
            remove.execute(params![id, entry])?;
        }
        let mut write = transaction.prepare(
            "INSERT INTO session_entries (session, id, place, entry) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (session, id) DO UPDATE SET place = excluded.place, entry = excluded.entry",
        )?;
        for (entry, position, json) in &change.entries {
            write.execute(params![id, entry, position, json])?;
        }
    }
    transaction.commit()
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let text = |at: usize| row.get::<_, String>(at);
    Ok(SessionRow {
        id: text(0)?.into(),
        owner: text(1)?.into(),
        thread: row.get::<_, Option<String>>(2)?.map(ThreadId::from),
        title: row.get(3)?,
        cwd: row.get(4)?,
        approvals: row.get(5)?,
        created_ms: row.get(6)?,
        last_access_ms: row.get(7)?,
        news_ms: row.get(8)?,
        queued: row.get(9)?,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const ALWAYS: ExpiryCutoff = ExpiryCutoff { unused_since: i64::MIN, queued_since: i64::MIN };

    pub(in crate::store) fn change(id: &str, owner: &str, used: i64, new: bool) -> SessionChange {
        let row = SessionRow {
            id: id.into(),
            owner: owner.into(),
            thread: Some(format!("thread of {id}").into()),
            title: None,
            cwd: None,
            approvals: "ask".into(),
            created_ms: 1,
            last_access_ms: used,
            news_ms: 0,
            queued: id == "queued",
        };
        let session =
            SavedSession { row, seq: 7, metadata: "{}".into(), transcript: "{}".into(), has_older: true };
        let entries = vec![("b".into(), 2, "B".into()), ("a".into(), 1, "A".into())];
        SessionChange { session, new, replace_all: new, removed: Vec::new(), entries }
    }

    #[tokio::test]
    async fn saving_a_new_session_records_the_owner_of_its_thread() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.save_session(change("s", "ada", 5, true)).await.unwrap();
        store.save_session(change("t", "ada", 5, false)).await.unwrap();
        let threads: Vec<ThreadId> = vec!["thread of s".into(), "thread of t".into()];
        let owned = store.filter_owned(&"ada".into(), threads.clone()).await.unwrap();
        assert_eq!(
            owned,
            threads[..1].iter().cloned().collect(),
            "a session that was not stored records no owner"
        );
        assert!(store.filter_owned(&"bob".into(), threads).await.unwrap().is_empty());
        assert_eq!(store.count_sessions(ALWAYS).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn queries_over_all_sessions_use_covering_indexes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let queries = [
            format!("SELECT COUNT(*) FROM sessions WHERE {NOT_EXPIRED}"),
            format!("SELECT id FROM sessions WHERE NOT ({NOT_EXPIRED})"),
        ];
        for query in queries {
            let plan = store.read(move |connection| {
                let sql = format!("EXPLAIN QUERY PLAN {query}");
                connection.query_row(&sql, params![0, 0], |row| row.get::<_, String>(3))
            });
            let plan = plan.await.unwrap();
            assert!(plan.contains("COVERING INDEX"), "{plan}");
        }
    }

    #[tokio::test]
    async fn session_is_loaded_as_saved_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (ada, bob, id) = (OwnerId::from("ada"), OwnerId::from("bob"), SessionId::from("s"));
        let first = change("s", "ada", 5, true);
        store.save_session(first.clone()).await.unwrap();
        let (read, entries) = store.load_session(&ada, &id, ALWAYS).await.unwrap().unwrap();
        assert_eq!((read, entries), (first.session, vec![(1, "A".into()), (2, "B".into())]));
        assert!(store.load_session(&bob, &id, ALWAYS).await.unwrap().is_none());
        assert_eq!(store.list_sessions(&bob, ALWAYS, None, None).await.unwrap(), []);

        let later = SessionChange {
            removed: vec!["a".into()],
            entries: vec![("b".into(), 2, "B!".into())],
            ..change("s", "ada", 9, false)
        };
        store.save_session(later).await.unwrap();
        let (read, entries) = store.load_session(&ada, &id, ALWAYS).await.unwrap().unwrap();
        assert_eq!((read.row.last_access_ms, entries), (9, vec![(2, "B!".into())]));
        let thread = "thread of s".into();
        assert_eq!(store.sessions_in_threads(vec![thread], ALWAYS).await.unwrap(), [read.row]);

        assert!(store.delete_session(&id, false).await.unwrap());
        store.save_session(change("s", "ada", 10, false)).await.unwrap();
        assert!(store.load_session(&ada, &id, ALWAYS).await.unwrap().is_none(), "the session stays deleted");
        store
            .save_session(SessionChange { entries: Vec::new(), ..change("s", "ada", 5, true) })
            .await
            .unwrap();
        let (_, entries) = store.load_session(&ada, &id, ALWAYS).await.unwrap().unwrap();
        assert_eq!(entries, [], "the entries were deleted with the session");
    }

    #[tokio::test]
    async fn shifting_times_leaves_none_in_the_future_and_keeps_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let ada = OwnerId::from("ada");
        for (id, used) in [("old", 100), ("first", 1_100), ("second", 1_200), ("last", 1_300)] {
            store.save_session(change(id, "ada", used, true)).await.unwrap();
        }
        let used = async || {
            let rows = store.list_sessions(&ada, ALWAYS, None, None).await.unwrap();
            rows.into_iter().map(|row| (row.id.to_string(), row.last_access_ms)).collect::<Vec<_>>()
        };
        let expected = |used: [i64; 4]| -> Vec<(String, i64)> {
            ["last", "second", "first", "old"].map(str::to_owned).into_iter().zip(used).collect()
        };
        store.shift_times(0, 2_000).await.unwrap();
        assert_eq!(used().await, expected([1_300, 1_200, 1_100, 100]));
        store.shift_times(500, 2_000).await.unwrap();
        assert_eq!(used().await, expected([1_800, 1_700, 1_600, 600]));
        store.shift_times(-100, 1_000).await.unwrap();
        assert_eq!(used().await, expected([1_000, 900, 800, 500]));
    }

    #[tokio::test]
    async fn expired_sessions_are_hidden_at_once_and_deleted_by_the_sweep() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let ada = OwnerId::from("ada");
        for (id, used) in [("old", 100), ("touched", 100), ("live", 100), ("queued", 100), ("new", 200)] {
            store.save_session(change(id, "ada", used, true)).await.unwrap();
        }
        store.touch_sessions(vec![("touched".into(), 200), ("new".into(), 3)]).await.unwrap();
        let expiry = ExpiryCutoff { unused_since: 150, queued_since: 50 };
        let ids = async || {
            let rows = store.list_sessions(&ada, expiry, None, None).await.unwrap();
            let mut ids: Vec<String> = rows.into_iter().map(|row| row.id.to_string()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids().await, ["new", "queued", "touched"]);
        assert!(store.load_session(&ada, &"old".into(), expiry).await.unwrap().is_none());
        assert_eq!(store.expire_sessions(expiry, ["live".into()].into()).await.unwrap().len(), 1);
        assert!(store.load_session(&ada, &"old".into(), ALWAYS).await.unwrap().is_none());
        assert!(store.load_session(&ada, &"live".into(), ALWAYS).await.unwrap().is_some());
        assert_eq!(ExpiryCutoff::at(1_000, None).unused_since, 1_000 - i64::MAX);
    }
}
