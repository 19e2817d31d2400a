//! Opens the database: checks an existing file before changing it, and migrates it to the newest schema. Each error
//! names the problem and what to do about it.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::{StoreError, worker::BUSY_TIMEOUT};

/// The file name of the database in the data directory.
pub(super) const DATABASE_FILE: &str = "gateway.db";
/// Migrations in order. The database's `user_version` is the number of applied migrations.
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
    include_str!("../../migrations/0011_idempotency_keys.sql"),
];
/// The maximum size of a database that gets a `quick_check` when it is opened, in bytes. The check reads the whole
/// file. SQLite detects truncated files without it.
const MAX_QUICK_CHECK_BYTES: u64 = 64 * 1024 * 1024;

/// Opens two connections to the database of a data directory: one that writes, and one that only reads and never waits
/// for the writer. Creates the database if the file does not exist.
///
/// # Errors
/// [`StoreError`] with the path of the file.
pub(super) fn open(dir: &Path) -> Result<[Connection; 2], StoreError> {
    let path = dir.join(DATABASE_FILE);
    if exists(&path)? {
        // SQLite gives the `-wal` and `-shm` files the mode of this one.
        let file = OpenOptions::new().append(true).open(&path);
        file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
            .map_err(|error| file_error(&path, &error))?;
    } else {
        create(&path)?;
    }
    let connect = || Connection::open(&path).map_err(|error| database_error(&path, &error));
    let mut writer = connect()?;
    prepare(&mut writer, &path)?;
    let reader = connect()?;
    reader
        .busy_timeout(BUSY_TIMEOUT)
        .and_then(|()| reader.pragma_update(None, "query_only", true))
        .map_err(|error| database_error(&path, &error))?;
    Ok([writer, reader])
}

/// Returns `true` if there is a database.
///
/// Remains of a database are an error: SQLite would take an empty file for a new database and delete its `-wal` file.
fn exists(path: &Path) -> Result<bool, StoreError> {
    let length = |path: &Path| match fs::metadata(path) {
        Ok(file) => Ok(Some(file.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path, &error)),
    };
    let damaged =
        |message: &str| Err(StoreError::Damaged { path: path.to_owned(), message: message.to_owned() });
    match (length(path)?, length(&with_suffix(path, "-wal"))?) {
        (None, None | Some(0)) => Ok(false),
        (None, Some(_)) => damaged("it is missing, and what was last written to it, its -wal file, is there"),
        (Some(0), _) => damaged("it is empty, which no database is"),
        (Some(_), _) => Ok(true),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a database that only the gateway's user can read. The file gets its final name when it is complete: a
/// gateway that is killed before that leaves nothing that looks like a damaged database.
fn create(path: &Path) -> Result<(), StoreError> {
    let new = with_suffix(path, ".new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new);
    drop(file.map_err(|error| file_error(path, &error))?);
    let created = Connection::open(&new).and_then(|mut connection| {
        let transaction = connection.transaction()?;
        migrate(&transaction, 0)?;
        transaction.commit()?;
        connection.close().map_err(|(_, error)| error)
    });
    created.map_err(|error| database_error(path, &error))?;
    fs::rename(&new, path).map_err(|error| file_error(path, &error))
}

/// Checks the schema version before anything is written, then migrates the database.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let database = |error: rusqlite::Error| database_error(path, &error);
    let known = newest_version();
    let check = |found| match found {
        found if found > known => Err(StoreError::Newer { path: path.to_owned(), found, known }),
        found => Ok(found),
    };
    connection.busy_timeout(BUSY_TIMEOUT).map_err(database)?;
    check(version(connection).map_err(database)?)?;
    if fs::metadata(path).is_ok_and(|file| file.len() <= MAX_QUICK_CHECK_BYTES) {
        let found: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(database)?;
        if found != "ok" {
            return Err(StoreError::Damaged { path: path.to_owned(), message: found });
        }
    }
    connection.pragma_update(None, "foreign_keys", true).map_err(database)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(database)?;
    // Taken even if there is nothing to migrate: the gateway must not start with a database that it cannot write.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
    let found = check(version(&transaction).map_err(database)?)?;
    migrate(&transaction, found).map_err(database)?;
    transaction.commit().map_err(database)?;
    // Moves the `-wal` file of a killed gateway into the database. May fail while a backup reads the database.
    let _ = connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()));
    Ok(())
}

/// The newest schema version that this gateway knows.
fn newest_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Migrates from schema version `found` to the newest.
fn migrate(transaction: &Transaction, found: i64) -> rusqlite::Result<()> {
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest_version())
}

/// Describes an error of SQLite, with advice.
fn database_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let (path, message) = (path.to_owned(), error.to_string());
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return StoreError::Damaged { path, message };
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has it open and does not let go of it; end that, and start again"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => WRITABLE_ADVICE,
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => FREE_SPACE_ADVICE,
        _ => "",
    };
    StoreError::Database { path, message, advice }
}

/// Describes an error of the file system, with advice.
fn file_error(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Database { path: path.to_owned(), message: error.to_string(), advice: advice(error) }
}

const WRITABLE_ADVICE: &str =
    "make it writable for the gateway, or name another directory in CODEX_GATEWAY_DATA_DIR";
const FREE_SPACE_ADVICE: &str = "look at its disk: make room there if it is full";

/// The advice for an error of the file system. Empty for an error without advice.
pub(super) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => WRITABLE_ADVICE,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FREE_SPACE_ADVICE,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::OwnerId;

    use super::*;
    use crate::store::{PriorRequest, Store};

    /// Creates a database with the schema of an earlier gateway.
    fn create_at_version(dir: &Path, version: usize) -> Connection {
        let connection = Connection::open(dir.join(DATABASE_FILE)).unwrap();
        for migration in &MIGRATIONS[..version] {
            connection.execute_batch(migration).unwrap();
        }
        connection.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
        connection
    }

    #[tokio::test]
    async fn rows_of_table_once_are_kept_as_idempotency_keys() {
        let dir = tempfile::tempdir().unwrap();
        let old = create_at_version(dir.path(), 10);
        let now = crate::clock::now_ms();
        let insert = "INSERT INTO once (owner, key, request, outcome, begun_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        old.execute(insert, ("ada", "finished", [7_u8; 32], Some("\"response\""), now)).unwrap();
        old.execute(insert, ("ada", "unfinished", [8_u8; 32], None::<&str>, now)).unwrap();
        drop(old);

        let store = Store::open(dir.path()).unwrap();
        let ada = OwnerId::from("ada");
        for (key, hash, response) in
            [("finished", 7, Some("\"response\"".to_owned())), ("unfinished", 8, None)]
        {
            let prior = store.begin_request(&ada, key, [hash; 32]).await.unwrap();
            assert_eq!(prior, PriorRequest::Started { request_mac: [hash; 32], response }, "{key}");
        }
        assert_eq!(store.begin_request(&ada, "new", [9; 32]).await.unwrap(), PriorRequest::New);
        let names = store.read(|connection| {
            let mut select = connection.prepare(
                "SELECT name FROM sqlite_master WHERE (name LIKE 'once%' OR name LIKE 'idempotency_keys%') ORDER BY name",
            )?;
            let names = select.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        });
        assert_eq!(names.await.unwrap(), ["idempotency_keys", "idempotency_keys_begun"]);
    }

    #[tokio::test]
    async fn every_earlier_schema_is_migrated_to_the_newest() {
        for version in 0..MIGRATIONS.len() {
            let dir = tempfile::tempdir().unwrap();
            drop(create_at_version(dir.path(), version));
            let store = Store::open(dir.path()).unwrap();
            let found = store.read(|connection| super::version(connection)).await.unwrap();
            assert_eq!(found, newest_version(), "from version {version}");
        }
    }
}
