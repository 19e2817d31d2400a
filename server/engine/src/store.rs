//! Persistent state: an SQLite database in the data directory.
//!
//! Two connections, each owned by a thread: one writes, one reads. Callers wait for the threads without blocking the
//! runtime. Reads do not wait for writes, so a slow disk or a database that another program has locked does not delay
//! them.

mod ended_sessions;
mod idempotency;
mod lock;
mod mac_key;
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

use aws_lc_rs::hmac;
use codex_gateway_wire::{OwnerId, ThreadId};
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) use self::{
    idempotency::PriorRequest,
    project_trust::ProjectDecision,
    sessions::{ExpiryCutoff, SavedSession, SessionChange, SessionRow},
    uploads::{UploadQuota, UploadRow},
};
use self::{lock::DataDirLock, worker::Worker};
pub use self::{
    lock::{DataDirUser, data_dir_user},
    sign_ins::{CookieHash, SignInRow},
};
use crate::clock::now_ms;

/// Why the store cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be used.
    #[error(
        "the data directory {path} cannot be used (CODEX_GATEWAY_DATA_DIR names it): {message}{}", advice_suffix(.advice)
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The error of the system or of SQLite.
        message: String,
        /// What to do about it. Empty if there is no advice.
        advice: &'static str,
    },
    /// The database cannot be opened or created.
    #[error("the database {path} cannot be used: {message}{}", advice_suffix(.advice))]
    Database {
        /// The file.
        path: PathBuf,
        /// The error of the system or of SQLite.
        message: String,
        /// What to do about it. Empty if there is no advice.
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
        /// What is damaged.
        message: String,
    },
    /// Another gateway uses the data directory.
    #[error(
        "another gateway{} uses the data directory {path}; stop it, or give this one its own with \
         CODEX_GATEWAY_DATA_DIR", .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process id of the other gateway, if known.
        process: Option<String>,
    },
    /// A newer gateway has written the database.
    #[error(
        "the database {path} has version {found} of the schema, and this gateway knows versions up to {known}: it was \
         written by a later gateway, and is left as it is"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema version of the database.
        found: i64,
        /// The newest schema version that this gateway knows.
        known: i64,
    },
    /// The system provides no random numbers for a key.
    #[error("the system has no random numbers")]
    Random,
    /// A query failed.
    #[error("the gateway's database does not answer: {0}")]
    Query(String),
}

/// The advice as the end of an error message.
fn advice_suffix(advice: &str) -> String {
    if advice.is_empty() { String::new() } else { format!("; {advice}") }
}

/// A handle on the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Worker,
    reader: Worker,
    /// The key of [`Store::mac_key`].
    mac_key: Arc<hmac::Key>,
    /// Keeps other gateways out of the data directory.
    _lock: Arc<DataDirLock>,
}

impl Store {
    /// Opens the database of a data directory. Creates what is missing, readable for the gateway's user only. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] with the path of the file or the directory.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let directory = |error: std::io::Error| StoreError::Directory {
            path: dir.to_owned(),
            message: error.to_string(),
            advice: opening::advice(&error),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
        let lock = DataDirLock::acquire(dir)?;
        let [writer, reader] = opening::open(dir)?;
        let mac_key = Arc::new(mac_key::open(dir)?);
        Ok(Self {
            writer: Worker::start("store", writer).map_err(directory)?,
            reader: Worker::start("store-reads", reader).map_err(directory)?,
            mac_key,
            _lock: Arc::new(lock),
        })
    }

    /// The key of the HMACs that stand for secrets in the database. It is in a file of its own, so that the database alone
    /// does not suffice to guess them.
    pub(crate) fn mac_key(&self) -> &hmac::Key {
        &self.mac_key
    }

    /// Records a thread's owner. The first owner wins.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub async fn record_thread_owner(&self, thread: &ThreadId, owner: &OwnerId) -> Result<(), StoreError> {
        let (thread, owner) = (thread.clone(), owner.clone());
        self.write(move |connection| record_thread_owner(connection, &thread, &owner)).await
    }

    /// Returns the given threads that belong to an owner.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub async fn filter_owned(
        &self,
        owner: &OwnerId,
        threads: Vec<ThreadId>,
    ) -> Result<HashSet<ThreadId>, StoreError> {
        let owner = owner.to_string();
        self.read(move |connection| {
            let mut find = connection.prepare("SELECT 1 FROM threads WHERE id = ?1 AND owner = ?2")?;
            let mut found = HashSet::new();
            for thread in threads {
                if find.query_row(params![thread.as_str(), owner], |_| Ok(())).optional()?.is_some() {
                    found.insert(thread);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Returns the first `limit` threads of an owner, in the order in which they were recorded. The order is stable: a
    /// new thread comes last.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub async fn list_owner_threads(
        &self,
        owner: &OwnerId,
        limit: usize,
    ) -> Result<Vec<ThreadId>, StoreError> {
        let owner = owner.to_string();
        self.read(move |connection| {
            let sql = "SELECT id FROM threads WHERE owner = ?1 ORDER BY created_ms, id LIMIT ?2";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut select = connection.prepare(sql)?;
            let ids = select.query_map(params![owner, limit], |row| row.get::<_, String>(0))?;
            ids.map(|id| id.map(ThreadId::from)).collect()
        })
        .await
    }

    /// Runs a job on the connection that writes.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(job).await
    }

    /// Runs a job on the connection that reads, without waiting for writes. A read sees every write that has completed.
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reader.run(job).await
    }
}

/// Records a thread's owner. The first owner wins.
fn record_thread_owner(connection: &Connection, thread: &ThreadId, owner: &OwnerId) -> rusqlite::Result<()> {
    let sql = "INSERT INTO threads (id, owner, created_ms) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
    connection.execute(sql, params![thread.as_str(), owner.as_str(), now_ms()]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{opening::DATABASE_FILE, *};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn first_owner_of_a_thread_is_kept_across_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let threads: Vec<ThreadId> = ["a", "b", "c"].map(ThreadId::from).into();
        let store = Store::open(dir.path()).unwrap();
        store.record_thread_owner(&threads[0], &ada).await.unwrap();
        store.record_thread_owner(&threads[1], &bob).await.unwrap();
        store.record_thread_owner(&threads[0], &bob).await.unwrap();
        drop(store);

        let store = Store::open(dir.path()).unwrap();
        let owned = store.filter_owned(&ada, threads.clone()).await.unwrap();
        assert_eq!(owned, HashSet::from([threads[0].clone()]));
        let owned = store.filter_owned(&bob, threads.clone()).await.unwrap();
        assert_eq!(owned, HashSet::from([threads[1].clone()]));
        assert!(store.filter_owned(&OwnerId::shared(), threads).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn files_are_readable_for_the_user_only() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        let store = Store::open(&data).unwrap();
        store.record_thread_owner(&"a".into(), &OwnerId::shared()).await.unwrap();
        assert_eq!(mode(&data), 0o700);
        for file in ["gateway.db", "gateway.db-wal", "gateway.db-shm", "mac.key"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn database_of_a_newer_gateway_is_refused_and_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE_FILE);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE future (x); PRAGMA user_version = 99").unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
        let others: Vec<_> = files.filter(|name| name != DATABASE_FILE).collect();
        assert_eq!(others, ["gateway.lock"], "no other file is created");
    }

    #[test]
    fn path_of_an_invalid_database_or_directory_is_in_the_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(DATABASE_FILE), "Dear diary, today I was not a database.").unwrap();
        let error = Store::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("gateway.db"), "{error}");
        let error = Store::open(&dir.path().join(DATABASE_FILE)).unwrap_err().to_string();
        assert!(error.contains("CODEX_GATEWAY_DATA_DIR"), "{error}");
    }

    /// SQLite would take an empty file for a new database and delete its `-wal` file.
    #[tokio::test]
    async fn remains_of_a_database_are_refused_and_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE_FILE);
        let wal = dir.path().join("gateway.db-wal");
        let store = Store::open(dir.path()).unwrap();
        store.record_thread_owner(&"a".into(), &OwnerId::shared()).await.unwrap();
        let written = std::fs::read(&wal).unwrap();
        assert!(!written.is_empty());
        let copy = tempfile::tempdir().unwrap();
        let in_copy = |name: &str| copy.path().join(name);
        std::fs::write(in_copy("gateway.db-wal"), &written).unwrap();
        let error = Store::open(copy.path()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("is missing"), "{error}");
        assert!(!in_copy(DATABASE_FILE).exists());
        for with_wal in [true, false] {
            std::fs::write(in_copy(DATABASE_FILE), "").unwrap();
            let error = Store::open(copy.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("is empty"), "{error}");
            assert_eq!(in_copy("gateway.db-wal").exists(), with_wal);
            if with_wal {
                assert_eq!(std::fs::read(in_copy("gateway.db-wal")).unwrap(), written);
                std::fs::remove_file(in_copy("gateway.db-wal")).unwrap();
            }
        }
        assert!(path.exists());
    }

    /// As left by a gateway that was killed while it created its first database.
    #[test]
    fn unfinished_new_database_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gateway.db.new"), "SQLite format 3\0 and no more").unwrap();
        Store::open(dir.path()).unwrap();
        assert!(!dir.path().join("gateway.db.new").exists());
    }

    #[tokio::test]
    async fn locked_database_can_be_read_while_a_write_waits() {
        let dir = tempfile::tempdir().unwrap();
        let (ada, thread) = (OwnerId::from("ada"), ThreadId::from("a"));
        let store = Store::open(dir.path()).unwrap();
        store.record_thread_owner(&thread, &ada).await.unwrap();
        let other = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let another = ThreadId::from("b");
        let writing = store.record_thread_owner(&another, &ada);
        tokio::pin!(writing);
        assert!(futures::poll!(&mut writing).is_pending(), "the write waits for the lock");
        let owned = store.filter_owned(&ada, vec![thread.clone()]);
        tokio::select! {
            biased;
            written = &mut writing => panic!("the read should finish first: {written:?}"),
            owned = owned => assert_eq!(owned.unwrap(), HashSet::from([thread])),
        }
        other.execute_batch("COMMIT").unwrap();
        writing.await.unwrap();
    }
}
