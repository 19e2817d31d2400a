//! One gateway for each data directory: a lock that the system gives back when its process ends, however that comes
//! about.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{StoreError, opening};

/// Its name in the data directory. (Not the database itself: SQLite has locks of its own there.)
const FILE: &str = "gateway.lock";

/// The lock, for as long as this is held.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is held, not used")] File);

impl Lock {
    /// Takes it, and writes down who has it.
    ///
    /// # Errors
    /// [`StoreError::InUse`]; [`StoreError::Directory`] if the directory takes no files.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let directory = |error: std::io::Error| StoreError::Directory {
            path: dir.to_owned(),
            message: format!("{FILE}: {error}"),
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
        // Only for people.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

/// A gateway that uses a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirUser {
    /// Its process, as it has written it down.
    pub process: Option<String>,
}

/// Returns the gateway that uses a data directory now. `None` if none does. Blocks.
pub fn data_dir_user(dir: &Path) -> Option<DataDirUser> {
    let path = dir.join(FILE);
    // A shared lock: others that look at the same time do not find each other.
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
    fn one_at_a_time_and_the_other_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let error = Lock::take(dir.path()).unwrap_err().to_string();
        let own = format!("(process {})", std::process::id());
        assert!(error.contains(&own) && error.contains("CODEX_GATEWAY_DATA_DIR"), "{error}");
        let user = DataDirUser { process: Some(std::process::id().to_string()) };
        assert_eq!(data_dir_user(dir.path()), Some(user));
        drop(lock);
        assert_eq!(data_dir_user(dir.path()), None);
        Lock::take(dir.path()).unwrap();
    }
}
