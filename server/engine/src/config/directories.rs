//! Checks and resolves the directories in the configuration.

use std::path::{Component, Path, PathBuf};

use super::error::ConfigError;

/// Returns the absolute path of a readable directory, without symbolic links.
pub(super) fn readable_dir(path: &Path) -> std::io::Result<PathBuf> {
    let path = path.canonicalize()?;
    std::fs::read_dir(&path)?;
    Ok(path)
}

/// Returns the absolute path without symbolic links. The end of the path need not exist.
pub(super) fn resolve_symlinks(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for existing in path.ancestors() {
        if let (Ok(mut real), Ok(missing)) = (existing.canonicalize(), path.strip_prefix(existing)) {
            let parent = Component::ParentDir;
            for part in missing.components() {
                // A missing component is not a symbolic link, so `..` removes it.
                if part == parent {
                    real.pop();
                } else {
                    real.push(part);
                }
            }
            // After `..`, the rest of the path may exist again.
            return if missing.components().any(|part| part == parent) {
                resolve_symlinks(&real)
            } else {
                real
            };
        }
    }
    path
}

/// Creates a directory that only the gateway's user can read, unless it exists. Returns its absolute path. An existing
/// directory that others can read is left as it is, because that may be intended.
pub(super) fn private_directory(path: PathBuf) -> Result<PathBuf, ConfigError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let make = |path: &Path| {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let mode = path.metadata()?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(
                "CODEX_GATEWAY_CODEX_HOME is {}, which other users can look into (chmod 700): codex keeps its login there",
                path.display()
            );
        }
        path.canonicalize()
    };
    make(&path).map_err(|error| ConfigError::CodexHome { path, message: error.to_string() })
}
