//! What this program is: its version, the commit that it was made of, and the codex that it was made for.
//!
//! A release is told its commit by who builds it (`cargo xtask build --release` asks git; an image's build takes it as an
//! argument). A build for developing is not, so that no commit makes it build anew.

use std::sync::LazyLock;

use serde_json::Value;

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, in full, with `-dirty` behind it if more was changed; none if nobody has told.
pub fn commit() -> Option<&'static str> {
    option_env!("BUILD_COMMIT").filter(|commit| !commit.is_empty())
}

/// The day of the commit, such as `2026-11-29`; none if nobody has told.
fn date() -> Option<&'static str> {
    option_env!("BUILD_DATE").filter(|date| !date.is_empty())
}

/// The version of codex that is pinned; that of the one which is found may be another.
pub fn pinned_codex() -> Option<String> {
    let packages: Value = serde_json::from_str(include_str!("../../package.json")).ok()?;
    Some(packages["dependencies"]["@openai/codex"].as_str()?.to_owned())
}

/// All of it, in lines: what `--version` prints behind the program's name.
pub fn long() -> &'static str {
    static LINES: LazyLock<String> = LazyLock::new(lines);
    &LINES
}

fn lines() -> String {
    let commit = commit().map(|commit| match date() {
        Some(date) => format!("commit {commit} of {date}"),
        None => format!("commit {commit}"),
    });
    let codex = pinned_codex().map(|codex| format!("made for codex {codex}"));
    [Some(VERSION.to_owned()), commit, codex].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_says_which_codex_it_is_for() {
        let codex = pinned_codex().unwrap();
        assert!(codex.split('.').count() == 3 && codex.starts_with(|c: char| c.is_ascii_digit()), "{codex}");
        let long = long();
        assert!(long.starts_with(VERSION) && long.ends_with(&format!("made for codex {codex}")), "{long}");
    }
}
