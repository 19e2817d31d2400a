//! The commit and the date that a release records: from the environment, else from git.

use std::env;

use crate::command::{program, stdout_of};

/// Returns `BUILD_COMMIT` and `BUILD_DATE` with their values; unknown ones are left out.
///
/// `server/src/version.rs` reads them at compile time.
pub(crate) fn env_vars() -> Vec<(&'static str, String)> {
    let from_env = |name| env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(commit) = from_env("BUILD_COMMIT") {
        let date = from_env("BUILD_DATE").map(|date| ("BUILD_DATE", date));
        return [("BUILD_COMMIT", commit)].into_iter().chain(date).collect();
    }
    // Excludes all tags, so that git prints the full hash.
    let commit =
        stdout_of(program("git").args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]));
    let date = stdout_of(program("git").args(["show", "--no-patch", "--format=%cs"]));
    match (commit, date) {
        (Some(commit), Some(date)) => vec![("BUILD_COMMIT", commit), ("BUILD_DATE", date)],
        _ => Vec::new(),
    }
}
