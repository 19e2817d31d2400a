//! Directories that are named: whether they can be used, and where they lead.

use std::path::{Component, Path, PathBuf};

use super::ConfigError;

/// The absolute path, without symbolic links, of a directory that can be looked into.
pub(super) fn usable(path: &Path) -> std::io::Result<PathBuf> {
    let path = path.canonicalize()?;
    std::fs::read_dir(&path)?;
    Ok(path)
}

/// Where a path leads, though it need not be there yet: the absolute path, without the symbolic links of what there is.
pub(super) fn destination(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in path.ancestors() {
        if let (Ok(mut real), Ok(missing)) = (there.canonicalize(), path.strip_prefix(there)) {
            let back = Component::ParentDir;
            for part in missing.components() {
                // What is not there yet is no link: one step back is one step up.
                if part == back {
                    real.pop();
                } else {
                    real.push(part);
                }
            }
            // And up there may be something.
            return if missing.components().any(|part| part == back) { destination(&real) } else { real };
        }
    }
    path
}

/// Makes a directory that only its owner can look into, if it is not there; its absolute path. One that others can
/// look into is left as it is: whoever made it may have a reason.
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
