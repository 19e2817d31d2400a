//! Files that are in the program.

use std::{
    io,
    path::{Component, Path},
    time::SystemTime,
};

/// The files in the program, found by their path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files(#[cfg_attr(not(any(test, feature = "embed")), allow(dead_code))] pub(crate) Find);

/// Finds a file by its path, such as `pkg/codex-gateway.css`.
pub(crate) type Find = fn(&str) -> Option<MemoryFile>;

/// A file in the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryFile {
    pub(crate) content: &'static [u8],
    /// When the build wrote it.
    pub(crate) modified: Option<SystemTime>,
}

impl Files {
    pub(crate) fn get(self, path: &str) -> Option<MemoryFile> {
        (self.0)(path)
    }

    /// The file at a path as `ServeDir` makes them, which begins with `.`.
    pub(crate) fn at(self, path: &Path) -> io::Result<MemoryFile> {
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
