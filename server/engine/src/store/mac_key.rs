//! The key of the HMACs in the database: 32 random bytes in a file beside it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use aws_lc_rs::{hmac, rand};

use super::{StoreError, opening};

/// The name of the file in the data directory.
const KEY_FILE: &str = "mac.key";
/// The length of the key, in bytes.
const KEY_BYTES: usize = 32;

/// Reads the key of a data directory. If the directory has no key, creates one that only the gateway's user can read.
///
/// The caller holds the lock of the directory.
pub(super) fn open(dir: &Path) -> Result<hmac::Key, StoreError> {
    let path = dir.join(KEY_FILE);
    let failure = |error: io::Error| StoreError::Directory {
        path: dir.to_owned(),
        message: format!("{KEY_FILE}: {error}"),
        advice: opening::advice(&error),
    };
    let key = match fs::read(&path) {
        Ok(key) if key.len() == KEY_BYTES => key,
        Ok(_) => create(&path).map_err(failure)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path).map_err(failure)?,
        Err(error) => return Err(failure(error)),
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

/// Creates a key. A file that has another length, as after a crash, is replaced: retried requests of the time before are
/// then refused as different ones, and none runs twice.
fn create(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_BYTES];
    rand::fill(&mut key).map_err(|_| io::Error::other("the system has no random numbers"))?;
    let new = path.with_extension("key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(dir: &Path) -> Vec<u8> {
        hmac::sign(&open(dir).unwrap(), b"x").as_ref().to_vec()
    }

    #[test]
    fn key_is_kept_and_differs_between_directories() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let signed = sign(one.path());
        assert_eq!(sign(one.path()), signed);
        assert_ne!(sign(other.path()), signed);
    }

    #[test]
    fn key_of_another_length_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let signed = sign(dir.path());
        fs::write(dir.path().join(KEY_FILE), "short").unwrap();
        let replaced = sign(dir.path());
        assert_ne!(replaced, signed);
        assert_eq!(sign(dir.path()), replaced);
    }
}
