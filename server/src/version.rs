//! What this program is: its version, the commit that it was made of, and the codex that it was made for.
//!
//! A release is told its commit by who builds it (`cargo xtask build --release` asks git; an image's build takes it as an
//! argument). A build for developing is not, so that no commit makes it build anew.

use std::sync::LazyLock;

use codex_gateway_engine::version::MADE_FOR;

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
    let codex = format!("made for codex {MADE_FOR}");
    [Some(VERSION.to_owned()), commit, Some(codex)].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_says_which_codex_it_is_for() {
        let long = long();
        assert!(long.starts_with(VERSION) && long.ends_with(&format!("made for codex {MADE_FOR}")), "{long}");
    }
}
