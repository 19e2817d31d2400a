//! Temporary directories: one per session, below the data directory.
//!
//! Codex's sandbox `workspace-write` lets commands write to `/tmp` and `$TMPDIR`, which all sessions share. The
//! gateway excludes both and allows the session's own directory instead. The directory is kept while the session is
//! parked or the gateway is stopped, and is removed with its session.

use std::{
    ffi::CString,
    fs::{self, DirBuilder},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::DirBuilderExt},
    },
    path::{Path, PathBuf},
};

use codex_gateway_wire::SessionId;
use rustix::{
    fs::{AtFlags, CWD, Dir, Mode, OFlags, RenameFlags, chmod, openat, renameat_with, unlinkat},
    io::Errno,
};
use tokio::task::spawn_blocking;

use crate::store::Store;

/// The name of the parent directory, below the data directory.
const DIRECTORY: &str = "tmp";

/// The temporary directories of all sessions. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct TempDirs {
    root: PathBuf,
}

impl TempDirs {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join(DIRECTORY) }
    }

    /// Creates the directory of a session if it does not exist, and returns its path without symbolic links. `None`
    /// if that fails: the session works without a directory of its own.
    pub(crate) async fn create(&self, session: &SessionId) -> Option<PathBuf> {
        let path = self.path(session);
        let created = blocking_io(move || {
            // Private to the user. (Commands of other sessions run as the same user.)
            DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
            path.canonicalize()
        });
        match created.await {
            Ok(path) if path.to_str().is_some() => Some(path),
            Ok(path) => {
                tracing::warn!(%session, path = %path.display(), "the temporary directory is not used: its path is not UTF-8");
                None
            }
            Err(error) => {
                tracing::warn!(%session, %error, "the temporary directory of a session could not be created");
                None
            }
        }
    }

    /// Removes the directory of a session that has ended, with everything in it.
    pub(crate) async fn remove(&self, session: &SessionId) {
        let path = self.path(session);
        match blocking_io(move || remove_tree(&path)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%session, %error, "the temporary directory of a session could not be removed");
            }
            _ => {}
        }
    }

    /// Lists the sessions that have a directory. Blocks.
    pub(crate) fn list(&self) -> Vec<SessionId> {
        let names = fs::read_dir(&self.root).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter_map(|name| name.into_string().ok()).map(SessionId::from).collect()
    }

    /// Removes the directories of sessions that are not in the store: they were left by a gateway that was killed.
    pub(crate) async fn remove_orphans(&self, listed: Vec<SessionId>, store: &Store) {
        for session in listed {
            match store.has_session(&session).await {
                Ok(false) => self.remove(&session).await,
                Ok(true) => {}
                Err(error) => {
                    return tracing::warn!(%error, "temporary directories of ended sessions are not removed");
                }
            }
        }
    }

    fn path(&self, session: &SessionId) -> PathBuf {
        self.root.join(session.as_str())
    }
}

async fn blocking_io<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Removes a directory and everything in it.
///
/// Nested directories are moved up first, because a command can nest them deeper than the stack, the file descriptor
/// limit or the path length limit allows. Read-only directories, such as a Go module cache, are made writable. No
/// symbolic link is followed.
fn remove_tree(path: &Path) -> io::Result<()> {
    let root = open_dir(CWD, path.as_os_str().as_bytes())?;
    let mut moved = 0_u64;
    loop {
        let names = names(&root)?;
        if names.is_empty() {
            break;
        }
        for name in names {
            if unlinkat(&root, &name, AtFlags::empty()).is_ok() {
                continue;
            }
            let dir = open_dir(&root, name.as_bytes())?;
            for child in self::names(&dir)? {
                if unlinkat(&dir, &child, AtFlags::empty()).is_ok() {
                    continue;
                }
                // A directory can be moved only while it is writable.
                open_dir(&dir, child.as_bytes())?;
                loop {
                    moved += 1;
                    match renameat_with(
                        &dir,
                        &child,
                        &root,
                        format!(".moved-{moved}"),
                        RenameFlags::NOREPLACE,
                    ) {
                        Err(Errno::EXIST) => {}
                        renamed => break renamed?,
                    }
                }
            }
            unlinkat(&root, &name, AtFlags::REMOVEDIR)?;
        }
    }
    fs::remove_dir(path)
}

/// Opens a directory, and gives its owner all permissions.
fn open_dir(parent: impl AsFd, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // `O_PATH` opens a directory without read permission too.
    let handle = openat(parent.as_fd(), name, flags | OFlags::PATH, Mode::empty())?;
    // The link in /proc leads to the directory that was opened, even if its name now belongs to another file.
    chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), Mode::RWXU)?;
    Ok(openat(&handle, ".", flags, Mode::empty())?)
}

/// Returns the names of a directory's entries, without `.` and `..`.
fn names(dir: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::Permissions,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use rustix::fs::mkdirat;

    use super::*;

    #[tokio::test]
    async fn session_directory_is_private_and_is_removed_with_its_content() {
        let data = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("kept"), "").unwrap();
        let (dirs, session) = (TempDirs::new(data.path()), SessionId::from("s"));
        let path = dirs.create(&session).await.unwrap();
        assert_eq!(path, data.path().canonicalize().unwrap().join("tmp/s"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(dirs.create(&session).await, Some(path.clone()), "the directory exists already");

        fs::create_dir_all(path.join("cache/module")).unwrap();
        fs::write(path.join("cache/module/file"), "").unwrap();
        symlink(outside.path(), path.join("cache/link")).unwrap();
        for dir in ["cache/module", "cache"] {
            fs::set_permissions(path.join(dir), Permissions::from_mode(0o500)).unwrap();
        }
        dirs.remove(&session).await;
        assert!(!path.exists() && outside.path().join("kept").exists());
        dirs.remove(&session).await;
    }

    #[tokio::test]
    async fn directory_without_a_session_is_removed_as_an_orphan() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let dirs = TempDirs::new(data.path());
        assert_eq!(dirs.list(), []);
        let left = SessionId::from("left");
        dirs.create(&left).await.unwrap();
        assert_eq!(dirs.list(), std::slice::from_ref(&left));
        dirs.remove_orphans(dirs.list(), &store).await;
        assert_eq!(dirs.list(), []);
    }

    #[tokio::test]
    async fn create_returns_none_if_the_directory_cannot_be_created() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("tmp"), "no directory").unwrap();
        assert_eq!(TempDirs::new(data.path()).create(&SessionId::from("s")).await, None);
    }

    #[test]
    fn directories_nested_deeper_than_stack_and_path_limits_are_removed() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("s");
        fs::create_dir(&path).unwrap();
        let mut dir = open_dir(CWD, path.as_os_str().as_bytes()).unwrap();
        for _ in 0..20_000 {
            mkdirat(&dir, "d", Mode::RWXU).unwrap();
            dir = open_dir(&dir, b"d").unwrap();
        }
        // Occupies a name that a nested directory would be moved to.
        fs::write(path.join(".moved-1"), "").unwrap();
        remove_tree(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(remove_tree(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
