//! What outlives the gateway: an SQLite database in the data directory.
//!
//! One thread owns the connection; who asks waits for its answer without blocking the runtime.

mod lock;
mod once;
mod sessions;
mod sign_ins;
mod uploads;

use std::{
    collections::HashSet,
    fs::{DirBuilder, OpenOptions, Permissions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use codex_gateway_wire::{OwnerId, ThreadId};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use self::lock::Lock;
pub use self::sign_ins::{CookieHash, SignInRow};
pub(crate) use self::{
    once::Known,
    sessions::{Expiry, SavedSession, SessionChange, SessionRow},
    uploads::{Room, UploadRow},
};
use crate::clock::now_ms;

/// The database's name in the data directory.
const FILE: &str = "gateway.db";
/// How many questions may wait.
const WAITING: usize = 256;
/// How long to wait for another program that has the database open: a backup, say.
const BUSY: Duration = Duration::from_secs(5);
/// What makes each version of the schema out of the one before. The database's `user_version` counts them.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_threads.sql"),
    include_str!("../migrations/0002_uploads.sql"),
    include_str!("../migrations/0003_sessions.sql"),
    include_str!("../migrations/0004_sign_ins.sql"),
    include_str!("../migrations/0005_once.sql"),
];
/// The largest database that is looked through at start, in bytes: that takes a moment for each hundred megabytes.
/// SQLite sees by itself when a file is cut short.
const LOOKED_THROUGH: u64 = 64 * 1024 * 1024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Why the store cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be used.
    #[error("the data directory {path} cannot be used (CODEX_GATEWAY_DATA_DIR names it): {message}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// The database cannot be opened, or is none.
    #[error("the database {path} cannot be used: {message}")]
    Database {
        /// The file.
        path: PathBuf,
        /// Why not.
        message: String,
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

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
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
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
        let lock = Lock::take(dir)?;
        let path = dir.join(FILE);
        let database = |message: String| StoreError::Database { path: path.clone(), message };
        // SQLite gives its other files the mode of this one.
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
            .map_err(|error| database(error.to_string()))?;
        let mut connection = Connection::open(&path).map_err(|error| database(error.to_string()))?;
        prepare(&mut connection, &path)?;
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING);
        let serve = move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut connection);
            }
        };
        std::thread::Builder::new().name("store".to_owned()).spawn(serve).map_err(directory)?;
        Ok(Self { jobs, _lock: Arc::new(lock) })
    }

    /// Writes down whose a thread is. Whose it was first, it stays.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn record(&self, thread: &ThreadId, owner: &OwnerId) -> Result<(), StoreError> {
        let (thread, owner) = (thread.to_string(), owner.to_string());
        self.ask(move |connection| {
            connection
                .execute(
                    "INSERT INTO threads (id, owner, created_ms) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
                    params![thread, owner, now_ms()],
                )
                .map(drop)
        })
        .await
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
        self.ask(move |connection| {
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

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Question("it is closed".to_owned());
        let job: Job = Box::new(move |connection| {
            // Who has gone away needs no answer.
            let _ = reply.send(question(connection));
        });
        self.jobs.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(|error| StoreError::Question(error.to_string()))
    }
}

/// Looks at the database's version before anything is written, then brings it up to date.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let database = |error: rusqlite::Error| {
        let (path, message) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { path, message }
            }
            _ => StoreError::Database { path, message },
        }
    };
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
    };
    let check = |found| match found {
        found if found > known => Err(StoreError::Newer { path: path.to_owned(), found, known }),
        found => Ok(found),
    };
    connection.busy_timeout(BUSY).map_err(database)?;
    check(version(connection).map_err(database)?)?;
    if std::fs::metadata(path).is_ok_and(|file| file.len() <= LOOKED_THROUGH) {
        let found: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(database)?;
        if found != "ok" {
            return Err(StoreError::Damaged { path: path.to_owned(), message: found });
        }
    }
    connection.pragma_update(None, "foreign_keys", true).map_err(database)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(database)?;
    // Another gateway may be doing the same at this moment.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
    let found = check(version(&transaction).map_err(database)?)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration).map_err(database)?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(database)?;
    transaction.commit().map_err(database)?;
    // What a gateway that was killed has left beside the file goes into it. A backup that reads it may be in the way.
    let _ = connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
