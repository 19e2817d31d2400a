//! Versions of codex: which one is installed, and which ones the client supports.

use std::{fmt, time::Duration};

use crate::process::LaunchConfig;

/// The version whose protocol the client is written for: the one that `package.json` pins. Newer versions are expected
/// to work, because messages and fields that the client does not know pass through.
pub const TARGET_VERSION: Version = Version(0, 171, 0);

/// The oldest supported version. `cargo xtask test versions` runs it. Older versions cannot return a thread's history
/// in pages: `thread/turns/list` came with 0.123, and `excludeTurns` of a resume with 0.125.
pub const MIN_VERSION: Version = Version(0, 125, 0);

/// How long `codex --version` may take.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A version of codex. Only the three numbers are compared: suffixes such as `-alpha.1` are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// Parses a version as codex prints it: `0.171.0`, `0.128.0-alpha.1`. Returns `None` if the age of the version is
    /// unknown: other text, and `0.0.0`, which a codex reports that was built from source.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim().split(['-', '+']).next()?;
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        (numbers.next().is_none() && version != Self(0, 0, 0)).then_some(version)
    }

    /// Parses the version in a user agent: `codex_gateway/0.171.0 (Debian 12.0.0; x86_64) …`.
    pub(crate) fn from_user_agent(user_agent: &str) -> Option<Self> {
        Self::parse(user_agent.split_once('/')?.1.split(' ').next()?)
    }

    /// Returns an error if the version is older than [`MIN_VERSION`].
    pub(crate) fn check(self, launch: &LaunchConfig) -> Result<(), TooOld> {
        if self >= MIN_VERSION { Ok(()) } else { Err(TooOld::new(self, launch)) }
    }
}

/// The installed codex is older than [`MIN_VERSION`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("codex {found} ({program}) is too old: the client needs {MIN_VERSION} or newer")]
pub struct TooOld {
    /// The installed version.
    pub found: Version,
    /// The path of the executable.
    pub program: String,
}

impl TooOld {
    fn new(found: Version, launch: &LaunchConfig) -> Self {
        Self { found, program: launch.program.display().to_string() }
    }
}

/// Runs `codex --version` and returns the version without the program's name: `0.171.0`.
///
/// # Errors
/// A message for people if codex cannot be run.
pub async fn installed_version(launch: &LaunchConfig) -> Result<String, String> {
    let program = launch.program.display();
    let output = launch
        .run(&["--version"], &[], VERSION_TIMEOUT)
        .await
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} --version ended with {}", output.status));
    }
    let printed = output.stdout.trim();
    Ok(printed.rsplit_once(' ').map_or(printed, |(_, version)| version).to_owned())
}

/// Checks a version that [`installed_version`] returned. A version that cannot be parsed is accepted.
///
/// # Errors
/// [`TooOld`]
pub fn ensure_supported(version: &str, launch: &LaunchConfig) -> Result<(), TooOld> {
    Version::parse(version).map_or(Ok(()), |version| version.check(launch))
}

/// Returns an error value if the installed codex is too old. Explains a failed start: a codex that has no
/// `app-server` command does not report that it is too old.
pub(crate) async fn find_too_old(launch: &LaunchConfig) -> Option<TooOld> {
    ensure_supported(&installed_version(launch).await.ok()?, launch).err()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn versions_are_parsed_and_compared_by_their_numbers() {
        assert_eq!(Version::parse("0.171.0"), Some(TARGET_VERSION));
        assert_eq!(Version::parse(" 0.128.0-alpha.1\n"), Some(Version(0, 128, 0)));
        assert_eq!(
            Version::parse("0.1.2505172129"),
            None,
            "the earliest releases have a number that is too large"
        );
        for text in ["", "codex", "0.169", "1.2.3.4", "0.0.0", "0.0.0-fake", "v0.1.2"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
        assert!(Version(0, 99, 9) < Version(0, 125, 0) && Version(1, 0, 0) > Version(0, 125, 0));
        let user_agent = "codex_gateway/0.110.0 (Debian 12.0.0; x86_64) xterm (codex_gateway; 0.1)";
        assert_eq!(Version::from_user_agent(user_agent), Some(Version(0, 110, 0)));
        assert_eq!(Version::from_user_agent("fake/0.0.0"), None);
    }

    #[test]
    fn target_version_is_the_version_that_package_json_pins() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../package.json");
        let package = std::fs::read_to_string(package).unwrap();
        assert!(package.contains(&format!("\"@openai/codex\": \"{TARGET_VERSION}\"")), "{package}");
    }
}
