//! Which commit a release is made of: as one is told, else as git says.

use std::env;

use crate::command::{answer, program};

/// `BUILD_COMMIT` and `BUILD_DATE`, those that are known. (`server/src/version.rs` reads them when it is compiled.)
pub(crate) fn variables() -> Vec<(&'static str, String)> {
    let told = |name| env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(commit) = told("BUILD_COMMIT") {
        let date = told("BUILD_DATE").map(|date| ("BUILD_DATE", date));
        return [("BUILD_COMMIT", commit)].into_iter().chain(date).collect();
    }
    // No tag's name: the commit's own, in full.
    let commit =
        answer(program("git").args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]));
    let date = answer(program("git").args(["show", "--no-patch", "--format=%cs"]));
    match (commit, date) {
        (Some(commit), Some(date)) => vec![("BUILD_COMMIT", commit), ("BUILD_DATE", date)],
        _ => Vec::new(),
    }
}
