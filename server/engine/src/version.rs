//! Which versions of codex the gateway can work with.

use std::fmt;

use crate::bridge::Launch;

/// The version whose protocol the gateway is written for: the one that `package.json` pins. Newer ones are
/// expected to work: what they add passes through.
pub const MADE_FOR: Version = Version(0, 171, 0);

/// The oldest version that can do what a session needs, and `cargo xtask test versions` runs it. Those before it cannot
/// read a thread's history page by page: `thread/turns/list` came with 0.123, `excludeTurns` of a resume with this one.
pub const OLDEST: Version = Version(0, 125, 0);

/// A version of codex, as far as it is compared: what follows the three numbers is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// Reads what codex says of itself: `0.171.0`, `0.128.0-alpha.1`. `None` for what it may be or not: other words,
    /// and 0.0.0, which a codex says that somebody has built from its source.
    pub fn parse(words: &str) -> Option<Self> {
        let numbers = words.trim().split(['-', '+']).next()?;
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        (numbers.next().is_none() && version != Self(0, 0, 0)).then_some(version)
    }

    /// Reads it from a user agent: `codex_gateway/0.171.0 (Debian 12.0.0; x86_64) …`.
    pub(crate) fn of_user_agent(agent: &str) -> Option<Self> {
        Self::parse(agent.split_once('/')?.1.split(' ').next()?)
    }

    /// Whether it is as new as it must be.
    pub(crate) fn check(self, launch: &Launch) -> Result<(), TooOld> {
        if self >= OLDEST { Ok(()) } else { Err(TooOld::new(self, launch)) }
    }
}

/// The codex that was found is older than it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "codex {found} ({program}) is too old: this gateway needs {OLDEST} or newer, and is made for {MADE_FOR}. Install one \
     with `npm install -g @openai/codex@latest`, or name another one in CODEX_GATEWAY_CODEX_BIN"
)]
pub struct TooOld {
    found: Version,
    program: String,
}

impl TooOld {
    fn new(found: Version, launch: &Launch) -> Self {
        Self { found, program: launch.program.display().to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn versions_are_read_and_compared_by_their_numbers() {
        assert_eq!(Version::parse("0.171.0"), Some(MADE_FOR));
        assert_eq!(Version::parse(" 0.128.0-alpha.1\n"), Some(Version(0, 128, 0)));
        assert_eq!(Version::parse("0.1.2505172129"), None, "of the first days, and no number that fits");
        for words in ["", "codex", "0.169", "1.2.3.4", "0.0.0", "0.0.0-fake", "v0.1.2"] {
            assert_eq!(Version::parse(words), None, "{words}");
        }
        assert!(Version(0, 99, 9) < Version(0, 125, 0) && Version(1, 0, 0) > Version(0, 125, 0));
        let agent = "codex_gateway/0.110.0 (Debian 12.0.0; x86_64) xterm (codex_gateway; 0.1)";
        assert_eq!(Version::of_user_agent(agent), Some(Version(0, 110, 0)));
        assert_eq!(Version::of_user_agent("fake/0.0.0"), None);
    }

    #[test]
    fn the_gateway_is_made_for_the_version_that_is_pinned() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../package.json");
        let package = std::fs::read_to_string(package).unwrap();
        assert!(package.contains(&format!("\"@openai/codex\": \"{MADE_FOR}\"")), "{package}");
    }
}
