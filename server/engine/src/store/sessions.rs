//! The store's part about sessions: what outlives their actors.

use std::collections::HashSet;

use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError, ended_sessions, record};
use crate::{
    clock::{Moment, now_ms},
    config::Config,
    session::patience,
};

/// What lists need of a session.
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

/// A session as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedSession {
    pub row: SessionRow,
    /// The number of its newest event.
    pub seq: u64,
    /// Its settings, and what else it needs for its next process, as JSON.
    pub kept: String,
    /// Its transcript without the entries, as JSON.
    pub transcript: String,
    pub older: bool,
}

/// What has changed of a session since it was last written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionChange {
    pub session: SavedSession,
    /// It may not be there yet.
    pub new: bool,
    /// The entries that are there are none of it any more.
    pub anew: bool,
    /// Those that are gone.
    pub gone: Vec<String>,
    /// Those that are new or have changed: id, place, JSON.
    pub entries: Vec<(String, i64, String)>,
}

/// Which sessions have expired at a moment: those that were last used at these moments, or before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    pub unused_since: i64,
    /// The same, for those in which messages wait.
    pub queued_since: i64,
}

impl Expiry {
    /// What counts as expired now.
    pub(crate) fn now(config: &Config) -> Self {
        Self::at(Moment::now().unix_ms(), config.session_ttl_ms())
    }

    /// What has expired at that moment, with this time to live in milliseconds; nothing without.
    fn at(now_ms: i64, ttl_ms: Option<i64>) -> Self {
        let since = |queued| now_ms.saturating_sub(ttl_ms.map_or(i64::MAX, |ttl| patience(ttl, queued)));
        Self { unused_since: since(false), queued_since: since(true) }
    }
}

const ROW: &str = "id, owner, thread, title, cwd, approvals, created_ms, last_access_ms, news_ms, queued";
const ALIVE: &str = "last_access_ms > (CASE WHEN queued THEN ?2 ELSE ?1 END)";

impl Store {
    /// Writes a session down, and with a new one whose its thread is. One that was deleted meanwhile stays deleted.
    pub(crate) async fn save_session(&self, change: SessionChange) -> Result<(), StoreError> {
        self.ask(move |connection| save(connection, &change)).await
    }

    /// A session of that owner, with its entries in their order: place and JSON.
    pub(crate) async fn load_session(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        expiry: Expiry,
    ) -> Result<Option<(SavedSession, Vec<(i64, String)>)>, StoreError> {
        let (owner, id) = (owner.to_string(), id.to_string());
        self.look(move |connection| {
            let sql = format!(
                "SELECT {ROW}, seq, kept, transcript, older FROM sessions WHERE {ALIVE} AND id = ?3 AND owner = ?4"
            );
            let saved = |row: &Row<'_>| {
                Ok(SavedSession {
                    row: read(row)?,
                    seq: row.get::<_, i64>(10)?.try_into().unwrap_or_default(),
                    kept: row.get(11)?,
                    transcript: row.get(12)?,
                    older: row.get(13)?,
                })
            };
            let asked = params![expiry.unused_since, expiry.queued_since, id, owner];
            let Some(session) = connection.query_row(&sql, asked, saved).optional()? else { return Ok(None) };
            let mut entries = connection
                .prepare("SELECT place, entry FROM session_entries WHERE session = ?1 ORDER BY place")?;
            let entries = entries.query_map(params![id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Some((session, entries.collect::<rusqlite::Result<_>>()?)))
        })
        .await
    }

    /// The sessions of that owner, the last used first; so many at most, or all.
    pub(crate) async fn list_sessions(
        &self,
        owner: &OwnerId,
        expiry: Expiry,
        after: Option<(i64, SessionId)>,
        limit: Option<usize>,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let owner = owner.to_string();
        // Less than nothing is no limit.
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let (ms, id) = after.map_or((i64::MAX, String::new()), |(ms, id)| (ms, id.to_string()));
        self.look(move |connection| {
            let sql = format!(
                "SELECT {ROW} FROM sessions WHERE {ALIVE} AND owner = ?3
                 AND (last_access_ms < ?4 OR last_access_ms = ?4 AND id > ?5)
                 ORDER BY last_access_ms DESC, id LIMIT ?6"
            );
            let mut list = connection.prepare(&sql)?;
            let asked = params![expiry.unused_since, expiry.queued_since, owner, ms, id, limit];
            list.query_map(asked, read)?.collect()
        })
        .await
    }

    /// How many sessions there are, of all owners.
    pub(crate) async fn count_sessions(&self, expiry: Expiry) -> Result<u64, StoreError> {
        self.look(move |connection| {
            let sql = format!("SELECT COUNT(*) FROM sessions WHERE {ALIVE}");
            let asked = params![expiry.unused_since, expiry.queued_since];
            let count: i64 = connection.query_row(&sql, asked, |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    /// The sessions that are in these threads, whoever's they are.
    pub(crate) async fn sessions_in(
        &self,
        threads: Vec<ThreadId>,
        expiry: Expiry,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.look(move |connection| {
            let sql = format!("SELECT {ROW} FROM sessions WHERE {ALIVE} AND thread = ?3");
            let mut find = connection.prepare(&sql)?;
            let mut found = Vec::new();
            for thread in threads {
                let asked = params![expiry.unused_since, expiry.queued_since, thread.as_str()];
                for row in find.query_map(asked, read)? {
                    found.push(row?);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Returns `true` if the store has this session.
    pub(crate) async fn has_session(&self, id: &SessionId) -> Result<bool, StoreError> {
        let id = id.to_string();
        self.look(move |connection| {
            connection.prepare("SELECT 1 FROM sessions WHERE id = ?1")?.exists(params![id])
        })
        .await
    }

    /// Forgets a session; whether it was there. With `leads_on`, which thread it was in is remembered.
    pub(crate) async fn delete_session(&self, id: &SessionId, leads_on: bool) -> Result<bool, StoreError> {
        let id = id.to_string();
        self.ask(move |connection| {
            let transaction = connection.transaction()?;
            if leads_on {
                ended_sessions::remember(&transaction, &id, now_ms())?;
            }
            let was_there = transaction.execute("DELETE FROM sessions WHERE id = ?1", params![id])? > 0;
            transaction.commit()?;
            Ok(was_there)
        })
        .await
    }

    /// Notes when sessions were last used.
    pub(crate) async fn touch_sessions(&self, used: Vec<(SessionId, i64)>) -> Result<(), StoreError> {
        self.ask(move |connection| {
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

    /// Moves the times at which sessions and uploads were last used along with a clock that was set by so many
    /// milliseconds. None was used after now: if the clock was set back while no gateway was there to see it, the last one was used now, and
    /// the others before it as they were.
    pub(crate) async fn move_times(&self, by_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        self.ask(move |connection| {
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

    /// Forgets the sessions that have expired, but for these, which are in memory. Which threads they were in is
    /// remembered. Returns those that were forgotten.
    pub(crate) async fn expire_sessions(
        &self,
        expiry: Expiry,
        but: HashSet<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.ask(move |connection| {
            let transaction = connection.transaction()?;
            let mut expired: Vec<SessionId> = {
                let sql = format!("SELECT id FROM sessions WHERE NOT ({ALIVE})");
                let mut find = transaction.prepare(&sql)?;
                let ids = find.query_map(params![expiry.unused_since, expiry.queued_since], |row| {
                    Ok(SessionId::from(row.get::<_, String>(0)?))
                })?;
                ids.collect::<rusqlite::Result<_>>()?
            };
            expired.retain(|id| !but.contains(id));
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
    let SavedSession { row, seq, kept, transcript, older } = &change.session;
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
        return Ok(()); // It was deleted meanwhile.
    }
    if let (true, Some(thread)) = (change.new, &row.thread) {
        record(&transaction, thread, &row.owner)?;
    }
    if change.anew {
        transaction.execute("DELETE FROM session_entries WHERE session = ?1", params![id])?;
    }
    {
        let mut remove = transaction.prepare("DELETE FROM session_entries WHERE session = ?1 AND id = ?2")?;
        for entry in &change.gone {
            remove.execute(params![id, entry])?;
        }
        let mut write = transaction.prepare(
            "INSERT INTO session_entries (session, id, place, entry) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (session, id) DO UPDATE SET place = excluded.place, entry = excluded.entry",
        )?;
        for (entry, place, json) in &change.entries {
            write.execute(params![id, entry, place, json])?;
        }
    }
    transaction.commit()
}

fn read(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
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

    const ALWAYS: Expiry = Expiry { unused_since: i64::MIN, queued_since: i64::MIN };

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
        let session = SavedSession { row, seq: 7, kept: "{}".into(), transcript: "{}".into(), older: true };
        let entries = vec![("b".into(), 2, "B".into()), ("a".into(), 1, "A".into())];
        SessionChange { session, new, anew: new, gone: Vec::new(), entries }
    }

    #[tokio::test]
    async fn with_a_new_session_its_thread_has_an_owner() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.save_session(change("s", "ada", 5, true)).await.unwrap();
        store.save_session(change("t", "ada", 5, false)).await.unwrap();
        let threads: Vec<ThreadId> = vec!["thread of s".into(), "thread of t".into()];
        let hers = store.owned(&"ada".into(), threads.clone()).await.unwrap();
        assert_eq!(hers, threads[..1].iter().cloned().collect(), "what was never written has none");
        assert!(store.owned(&"bob".into(), threads).await.unwrap().is_empty());
        assert_eq!(store.count_sessions(ALWAYS).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_is_asked_of_all_sessions_reads_none_of_them_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let queries = [
            format!("SELECT COUNT(*) FROM sessions WHERE {ALIVE}"),
            format!("SELECT id FROM sessions WHERE NOT ({ALIVE})"),
        ];
        for query in queries {
            let plan = store.look(move |connection| {
                let sql = format!("EXPLAIN QUERY PLAN {query}");
                connection.query_row(&sql, params![0, 0], |row| row.get::<_, String>(3))
            });
            let plan = plan.await.unwrap();
            assert!(plan.contains("COVERING INDEX"), "{plan}");
        }
    }

    #[tokio::test]
    async fn a_session_is_read_as_it_was_written_by_its_owner_alone() {
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
            gone: vec!["a".into()],
            entries: vec![("b".into(), 2, "B!".into())],
            ..change("s", "ada", 9, false)
        };
        store.save_session(later).await.unwrap();
        let (read, entries) = store.load_session(&ada, &id, ALWAYS).await.unwrap().unwrap();
        assert_eq!((read.row.last_access_ms, entries), (9, vec![(2, "B!".into())]));
        let thread = "thread of s".into();
        assert_eq!(store.sessions_in(vec![thread], ALWAYS).await.unwrap(), [read.row]);

        assert!(store.delete_session(&id, false).await.unwrap());
        store.save_session(change("s", "ada", 10, false)).await.unwrap();
        assert!(store.load_session(&ada, &id, ALWAYS).await.unwrap().is_none(), "it stays deleted");
        store
            .save_session(SessionChange { entries: Vec::new(), ..change("s", "ada", 5, true) })
            .await
            .unwrap();
        let (_, entries) = store.load_session(&ada, &id, ALWAYS).await.unwrap().unwrap();
        assert_eq!(entries, [], "its entries were deleted with it");
    }

    #[tokio::test]
    async fn what_was_used_in_the_future_was_used_now_and_before_in_its_order() {
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
        store.move_times(0, 2_000).await.unwrap();
        assert_eq!(used().await, expected([1_300, 1_200, 1_100, 100]));
        store.move_times(500, 2_000).await.unwrap();
        assert_eq!(used().await, expected([1_800, 1_700, 1_600, 600]));
        store.move_times(-100, 1_000).await.unwrap();
        assert_eq!(used().await, expected([1_000, 900, 800, 500]));
    }

    #[tokio::test]
    async fn what_has_expired_is_not_there_and_then_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let ada = OwnerId::from("ada");
        for (id, used) in [("old", 100), ("touched", 100), ("live", 100), ("queued", 100), ("new", 200)] {
            store.save_session(change(id, "ada", used, true)).await.unwrap();
        }
        store.touch_sessions(vec![("touched".into(), 200), ("new".into(), 3)]).await.unwrap();
        let expiry = Expiry { unused_since: 150, queued_since: 50 };
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
        assert_eq!(Expiry::at(1_000, None).unused_since, 1_000 - i64::MAX);
    }
}
