//! Opening the database: what is there is looked at before anything is changed, and what is in the way is named with
//! what to do about it.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::{StoreError, worker::BUSY};

/// The database's name in the data directory.
pub(super) const FILE: &str = "gateway.db";
/// What makes each version of the schema out of the one before. The database's `user_version` counts them.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_threads.sql"),
    include_str!("../../migrations/0002_uploads.sql"),
    include_str!("../../migrations/0003_sessions.sql"),
    include_str!("../../migrations/0004_sign_ins.sql"),
    include_str!("../../migrations/0005_once.sql"),
    include_str!("../../migrations/0006_session_indexes.sql"),
    include_str!("../../migrations/0007_threads_by_owner.sql"),
    include_str!("../../migrations/0008_command_rules.sql"),
    include_str!("../../migrations/0009_project_trust.sql"),
    include_str!("../../migrations/0010_ended_sessions.sql"),
];
/// The largest database that is looked through at start, in bytes: that takes a moment for each hundred megabytes.
/// SQLite sees by itself when a file is cut short.
const LOOKED_THROUGH: u64 = 64 * 1024 * 1024;

/// Two connections to the database of a directory: one that writes, and one that only reads, which no writing keeps
/// waiting. Makes the database if there is none.
///
/// # Errors
/// [`StoreError`]: each names the file.
pub(super) fn open(dir: &Path) -> Result<[Connection; 2], StoreError> {
    let path = dir.join(FILE);
    if is_there(&path)? {
        // SQLite gives its other files the mode of this one.
        let file = OpenOptions::new().append(true).open(&path);
        file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
            .map_err(|error| unusable_file(&path, &error))?;
    } else {
        create(&path)?;
    }
    let connect = || Connection::open(&path).map_err(|error| unusable(&path, &error));
    let mut writes = connect()?;
    prepare(&mut writes, &path)?;
    let reads = connect()?;
    reads
        .busy_timeout(BUSY)
        .and_then(|()| reads.pragma_update(None, "query_only", true))
        .map_err(|error| unusable(&path, &error))?;
    Ok([writes, reads])
}

/// Whether there is a database. What is left of one is none: SQLite would take an empty file for a new database, and
/// throw away what stands beside it.
fn is_there(path: &Path) -> Result<bool, StoreError> {
    let length = |path: &Path| match fs::metadata(path) {
        Ok(file) => Ok(Some(file.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable_file(path, &error)),
    };
    let damaged =
        |message: &str| Err(StoreError::Damaged { path: path.to_owned(), message: message.to_owned() });
    match (length(path)?, length(&beside(path, "-wal"))?) {
        (None, None | Some(0)) => Ok(false),
        (None, Some(_)) => damaged("it is missing, and what was last written to it, its -wal file, is there"),
        (Some(0), _) => damaged("it is empty, which no database is"),
        (Some(_), _) => Ok(true),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes a database, for its owner's eyes only. It gets its name when it is whole: a gateway that is killed meanwhile
/// leaves nothing that looks like a damaged one.
fn create(path: &Path) -> Result<(), StoreError> {
    let new = beside(path, ".new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new);
    drop(file.map_err(|error| unusable_file(path, &error))?);
    let made = Connection::open(&new).and_then(|mut connection| {
        let transaction = connection.transaction()?;
        migrate(&transaction, 0)?;
        transaction.commit()?;
        connection.close().map_err(|(_, error)| error)
    });
    made.map_err(|error| unusable(path, &error))?;
    fs::rename(&new, path).map_err(|error| unusable_file(path, &error))
}

/// Looks at the database's version before anything is written, then brings it up to date.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let database = |error: rusqlite::Error| unusable(path, &error);
    let known = newest();
    let check = |found| match found {
        found if found > known => Err(StoreError::Newer { path: path.to_owned(), found, known }),
        found => Ok(found),
    };
    connection.busy_timeout(BUSY).map_err(database)?;
    check(version(connection).map_err(database)?)?;
    if fs::metadata(path).is_ok_and(|file| file.len() <= LOOKED_THROUGH) {
        let found: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(database)?;
        if found != "ok" {
            return Err(StoreError::Damaged { path: path.to_owned(), message: found });
        }
    }
    connection.pragma_update(None, "foreign_keys", true).map_err(database)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(database)?;
    // Also if there is nothing to migrate: who cannot write must not start.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
    let found = check(version(&transaction).map_err(database)?)?;
    migrate(&transaction, found).map_err(database)?;
    transaction.commit().map_err(database)?;
    // What a gateway that was killed has left beside the file goes into it. A backup that reads it may be in the way.
    let _ = connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()));
    Ok(())
}

/// The newest version of the schema.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Makes the newest version of the schema out of this one.
fn migrate(transaction: &Transaction, found: i64) -> rusqlite::Result<()> {
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest())
}

/// Why SQLite cannot use the database, and what to do about it.
fn unusable(path: &Path, error: &rusqlite::Error) -> StoreError {
    let (path, message) = (path.to_owned(), error.to_string());
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return StoreError::Damaged { path, message };
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has it open and does not let go of it; end that, and start again"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => WRITABLE,
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => ROOM,
        _ => "",
    };
    StoreError::Database { path, message, advice }
}

/// The same of what the system says.
fn unusable_file(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Database { path: path.to_owned(), message: error.to_string(), advice: advice(error) }
}

const WRITABLE: &str =
    "make it writable for the gateway, or name another directory in CODEX_GATEWAY_DATA_DIR";
const ROOM: &str = "look at its disk: make room there if it is full";

/// What to do about an error of the system.
pub(super) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => WRITABLE,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ROOM,
        _ => "",
    }
}
