//! What outlives the gateway: an SQLite database in the data directory.
//!
//! Each connection is owned by a thread; who asks waits for its answer without blocking the runtime. One writes, and one
//! reads: a disk that is slow, or another program that keeps the database locked, keeps nobody from reading.

mod ended_sessions;
mod lock;
mod once;
mod opening;
mod project_trust;
mod rules;
mod sessions;
mod sign_ins;
mod uploads;
mod worker;

use std::{
    collections::HashSet,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use codex_gateway_wire::{OwnerId, ThreadId};
use rusqlite::{Connection, OptionalExtension, params};

use self::{lock::Lock, worker::Worker};
pub use self::{
    lock::{DataDirUser, data_dir_user},
    sign_ins::{CookieHash, SignInRow},
};
pub(crate) use self::{
    once::Known,
    project_trust::ProjectDecision,
    sessions::{Expiry, SavedSession, SessionChange, SessionRow},
    uploads::{Room, UploadRow},
};
use crate::clock::now_ms;

/// Why the store cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be used.
    #[error(
        "the data directory {path} cannot be used (CODEX_GATEWAY_DATA_DIR names it): {message}{}", then(.advice)
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        message: String,
        /// What to do about it; empty if nobody knows.
        advice: &'static str,
    },
    /// The database cannot be opened.
    #[error("the database {path} cannot be used: {message}{}", then(.advice))]
    Database {
        /// The file.
        path: PathBuf,
        /// Why not.
        message: String,
        /// What to do about it; empty if nobody knows.
        advice: &'static str,
    },
    /// The database is damaged.
    #[error(
        "the database {path} is damaged: {message}. Nothing was changed. Put a copy of it back, or move it away together \
         with its -wal and -shm files to begin with an empty one: codex keeps the conversations, but whose they are is \
         then forgotten"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is the matter.
        message: String,
    },
    /// Another gateway has it.
    #[error(
        "another gateway{} uses the data directory {path}; stop it, or give this one its own with \
         CODEX_GATEWAY_DATA_DIR", .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other one's process.
        process: Option<String>,
    },
    /// A later gateway has written the database.
    #[error(
        "the database {path} has version {found} of the schema, and this gateway knows versions up to {known}: it was \
         written by a later gateway, and is left as it is"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest one known.
        known: i64,
    },
    /// The system has no random numbers to make a key of.
    #[error("the system has no random numbers")]
    Random,
    /// A question could not be answered.
    #[error("the gateway's database does not answer: {0}")]
    Question(String),
}

/// A piece of advice after what is the matter.
fn then(advice: &str) -> String {
    if advice.is_empty() { String::new() } else { format!("; {advice}") }
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writes: Worker,
    reads: Worker,
    /// Keeps other gateways away.
    _lock: Arc<Lock>,
}

impl Store {
    /// Opens the database of a data directory; makes what is not there, for its owner's eyes only. Blocks.
    ///
    /// # Errors
    /// [`StoreError`]: each names the file or the directory.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let directory = |error: std::io::Error| StoreError::Directory {
            path: dir.to_owned(),
            message: error.to_string(),
            advice: opening::advice(&error),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
        let lock = Lock::take(dir)?;
        let [writes, reads] = opening::open(dir)?;
        Ok(Self {
            writes: Worker::start("store", writes).map_err(directory)?,
            reads: Worker::start("store-reads", reads).map_err(directory)?,
            _lock: Arc::new(lock),
        })
    }

    /// Writes down whose a thread is. Whose it was first, it stays.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn record(&self, thread: &ThreadId, owner: &OwnerId) -> Result<(), StoreError> {
        let (thread, owner) = (thread.clone(), owner.clone());
        self.ask(move |connection| record(connection, &thread, &owner)).await
    }

    /// Those of the threads that are this owner's.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn owned(
        &self,
        owner: &OwnerId,
        threads: Vec<ThreadId>,
    ) -> Result<HashSet<ThreadId>, StoreError> {
        let owner = owner.to_string();
        self.look(move |connection| {
            let mut find = connection.prepare("SELECT 1 FROM threads WHERE id = ?1 AND owner = ?2")?;
            let mut theirs = HashSet::new();
            for thread in threads {
                if find.query_row(params![thread.as_str(), owner], |_| Ok(())).optional()?.is_some() {
                    theirs.insert(thread);
                }
            }
            Ok(theirs)
        })
        .await
    }

    /// The first `limit` threads of an owner, in the order in which they were recorded. The order is stable: a new
    /// thread comes last.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn threads_of(&self, owner: &OwnerId, limit: usize) -> Result<Vec<ThreadId>, StoreError> {
        let owner = owner.to_string();
        self.look(move |connection| {
            let sql = "SELECT id FROM threads WHERE owner = ?1 ORDER BY created_ms, id LIMIT ?2";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut select = connection.prepare(sql)?;
            let ids = select.query_map(params![owner, limit], |row| row.get::<_, String>(0))?;
            ids.map(|id| id.map(ThreadId::from)).collect()
        })
        .await
    }

    /// Writes, and waits for it.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writes.ask(question).await
    }

    /// Reads, without waiting for those who write. What was written before somebody was told so is seen.
    async fn look<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reads.ask(question).await
    }
}

/// Whose a thread is.
fn record(connection: &Connection, thread: &ThreadId, owner: &OwnerId) -> rusqlite::Result<()> {
    let sql = "INSERT INTO threads (id, owner, created_ms) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
    connection.execute(sql, params![thread.as_str(), owner.as_str(), now_ms()]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{opening::FILE, *};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_thread_stays_whose_it_was_first_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let threads: Vec<ThreadId> = ["a", "b", "c"].map(ThreadId::from).into();
        let store = Store::open(dir.path()).unwrap();
        store.record(&threads[0], &ada).await.unwrap();
        store.record(&threads[1], &bob).await.unwrap();
        store.record(&threads[0], &bob).await.unwrap();
        drop(store);

        let store = Store::open(dir.path()).unwrap();
        let owned = store.owned(&ada, threads.clone()).await.unwrap();
        assert_eq!(owned, HashSet::from([threads[0].clone()]));
        let owned = store.owned(&bob, threads.clone()).await.unwrap();
        assert_eq!(owned, HashSet::from([threads[1].clone()]));
        assert!(store.owned(&OwnerId::shared(), threads).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn its_files_are_for_its_owners_eyes_only() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        let store = Store::open(&data).unwrap();
        store.record(&"a".into(), &OwnerId::shared()).await.unwrap();
        assert_eq!(mode(&data), 0o700);
        for file in ["gateway.db", "gateway.db-wal", "gateway.db-shm"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn a_database_of_a_later_gateway_is_named_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE future (x); PRAGMA user_version = 99").unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
        let beside: Vec<_> = files.filter(|name| name != FILE).collect();
        assert_eq!(beside, ["gateway.lock"], "nothing else was put beside it");
    }

    #[test]
    fn a_file_that_is_no_database_and_a_directory_that_is_none_are_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "Dear diary, today I was not a database.").unwrap();
        let error = Store::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("gateway.db"), "{error}");
        let error = Store::open(&dir.path().join(FILE)).unwrap_err().to_string();
        assert!(error.contains("CODEX_GATEWAY_DATA_DIR"), "{error}");
    }

    /// An empty file would be a new database to SQLite, which then throws away what stands beside it.
    #[tokio::test]
    async fn what_is_left_of_a_database_is_named_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let wal = dir.path().join("gateway.db-wal");
        let store = Store::open(dir.path()).unwrap();
        store.record(&"a".into(), &OwnerId::shared()).await.unwrap();
        let written = std::fs::read(&wal).unwrap();
        assert!(!written.is_empty());
        let copy = tempfile::tempdir().unwrap();
        let beside = |name: &str| copy.path().join(name);
        std::fs::write(beside("gateway.db-wal"), &written).unwrap();
        let error = Store::open(copy.path()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("is missing"), "{error}");
        assert!(!beside(FILE).exists());
        for with_wal in [true, false] {
            std::fs::write(beside(FILE), "").unwrap();
            let error = Store::open(copy.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("is empty"), "{error}");
            assert_eq!(beside("gateway.db-wal").exists(), with_wal);
            if with_wal {
                assert_eq!(std::fs::read(beside("gateway.db-wal")).unwrap(), written);
                std::fs::remove_file(beside("gateway.db-wal")).unwrap();
            }
        }
        assert!(path.exists());
    }

    /// A gateway that was killed while it made its first database.
    #[test]
    fn one_that_was_never_finished_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gateway.db.new"), "SQLite format 3\0 and no more").unwrap();
        Store::open(dir.path()).unwrap();
        assert!(!dir.path().join("gateway.db.new").exists());
    }

    /// Whoever reads does not wait for those who wait to write.
    #[tokio::test]
    async fn a_database_that_is_locked_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let (ada, thread) = (OwnerId::from("ada"), ThreadId::from("a"));
        let store = Store::open(dir.path()).unwrap();
        store.record(&thread, &ada).await.unwrap();
        let other = Connection::open(dir.path().join(FILE)).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let another = ThreadId::from("b");
        let writing = store.record(&another, &ada);
        tokio::pin!(writing);
        assert!(futures::poll!(&mut writing).is_pending(), "it is on its way");
        let owned = store.owned(&ada, vec![thread.clone()]);
        tokio::select! {
            biased;
            written = &mut writing => panic!("who reads should come first: {written:?}"),
            owned = owned => assert_eq!(owned.unwrap(), HashSet::from([thread])),
        }
        other.execute_batch("COMMIT").unwrap();
        writing.await.unwrap();
    }
}
