//! Version of this program, its commit, and the supported codex version.
//!
//! The commit of a release is set by its build: `cargo xtask build --release` asks git, and an image build
//! takes an argument. Development builds have none, because a new commit should not cause a rebuild.

use std::sync::LazyLock;

use codex_app_server_client::version::TARGET_VERSION;

/// Version of the gateway.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Full hash of the commit, with the suffix `-dirty` for uncommitted changes. `None` if the build did not set
/// it.
pub fn commit() -> Option<&'static str> {
    option_env!("BUILD_COMMIT").filter(|commit| !commit.is_empty())
}

/// Date of the commit, such as `2026-11-29`. `None` if the build did not set it.
fn date() -> Option<&'static str> {
    option_env!("BUILD_DATE").filter(|date| !date.is_empty())
}

/// Returns all of it, one item per line, for `--version`.
pub fn long() -> &'static str {
    static LINES: LazyLock<String> = LazyLock::new(lines);
    &LINES
}

fn lines() -> String {
    let commit = commit().map(|commit| match date() {
        Some(date) => format!("commit {commit} of {date}"),
        None => format!("commit {commit}"),
    });
    let codex = format!("made for codex {TARGET_VERSION}");
    [Some(VERSION.to_owned()), commit, Some(codex)].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_version_names_supported_codex() {
        let long = long();
        assert!(
            long.starts_with(VERSION) && long.ends_with(&format!("made for codex {TARGET_VERSION}")),
            "{long}"
        );
    }
}
