//! Files in memory.

use std::{
    io,
    path::{Component, Path},
    time::SystemTime,
};

/// Files in memory, by path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryFiles(
    #[cfg_attr(not(any(test, feature = "embed")), allow(dead_code))] pub(crate) FindFile,
);

/// Finds a file by its path, such as `pkg/codex-gateway.css`.
pub(crate) type FindFile = fn(&str) -> Option<MemoryFile>;

/// A file in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryFile {
    pub(crate) content: &'static [u8],
    /// Time of the last modification, if known.
    pub(crate) modified: Option<SystemTime>,
}

impl MemoryFiles {
    pub(crate) fn get(self, path: &str) -> Option<MemoryFile> {
        (self.0)(path)
    }

    /// Returns the file at a path from `ServeDir`, which begins with `.`.
    pub(crate) fn by_path(self, path: &Path) -> io::Result<MemoryFile> {
        let mut plain = String::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) => {
                    let name = name.to_str().ok_or(io::ErrorKind::NotFound)?;
                    if !plain.is_empty() {
                        plain.push('/');
                    }
                    plain.push_str(name);
                }
                _ => return Err(io::ErrorKind::NotFound.into()),
            }
        }
        self.get(&plain).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
