//! A file lock that lets one gateway use a data directory. The system releases the lock whenever the process ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{StoreError, opening};

/// The file name of the lock in the data directory. (SQLite has its own locks on the database file.)
const LOCK_FILE: &str = "gateway.lock";

/// The lock on a data directory. Released when dropped.
#[derive(Debug)]
pub(super) struct DataDirLock(#[expect(dead_code, reason = "held for its lock only")] File);

impl DataDirLock {
    /// Acquires the lock and writes the id of this process into the file.
    ///
    /// # Errors
    /// [`StoreError::InUse`]; [`StoreError::Directory`] if the file cannot be created.
    pub(super) fn acquire(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(LOCK_FILE);
        let directory = |error: std::io::Error| StoreError::Directory {
            path: dir.to_owned(),
            message: format!("{LOCK_FILE}: {error}"),
            advice: opening::advice(&error),
        };
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = open.map_err(directory)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let process = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                return Err(StoreError::InUse { path: dir.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(directory(error)),
        }
        // Informational: the lock does not depend on the content.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

/// A gateway that uses a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirUser {
    /// The process id that the gateway wrote into the lock file, if it wrote one.
    pub process: Option<String>,
}

/// Returns the gateway that uses a data directory now. `None` if the directory is not in use. Blocks.
pub fn data_dir_user(dir: &Path) -> Option<DataDirUser> {
    let path = dir.join(LOCK_FILE);
    // A shared lock, so that two callers at the same time do not mistake each other for a gateway.
    match File::open(&path).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            Some(DataDirUser { process: Some(text.trim().to_owned()).filter(|text| !text.is_empty()) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_lock_is_refused_and_names_the_first_process() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DataDirLock::acquire(dir.path()).unwrap();
        let error = DataDirLock::acquire(dir.path()).unwrap_err().to_string();
        let own = format!("(process {})", std::process::id());
        assert!(error.contains(&own) && error.contains("CODEX_GATEWAY_DATA_DIR"), "{error}");
        let user = DataDirUser { process: Some(std::process::id().to_string()) };
        assert_eq!(data_dir_user(dir.path()), Some(user));
        drop(lock);
        assert_eq!(data_dir_user(dir.path()), None);
        DataDirLock::acquire(dir.path()).unwrap();
    }
}
