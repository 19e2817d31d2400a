//! Additional environment variables for codex (`CODEX_GATEWAY_PASS_ENV`).

use std::str::FromStr;

/// The prefix of the gateway's own variables, some of which are secrets.
const OWN_PREFIX: &str = "CODEX_GATEWAY_";
/// The variable that names codex's home. The gateway sets it itself, because it reads files there.
const CODEX_HOME: &str = "CODEX_HOME";

/// The value of `CODEX_GATEWAY_PASS_ENV`: names of variables, and prefixes of names. Never matches the gateway's own
/// variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassEnv(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Name(String),
    Prefix(String),
}

/// Why a value of `CODEX_GATEWAY_PASS_ENV` is invalid. The messages continue "it takes".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassEnvError {
    /// A part is neither a name nor a prefix.
    #[error(
        "names of variables, and prefixes that end in * (SSH_AUTH_SOCK,AWS_*), with commas between; {0:?} is neither"
    )]
    NotAName(String),
    /// A part names one of the gateway's own variables.
    #[error("no variables of the gateway's own: {0:?} is never passed to codex")]
    Own(String),
    /// A part names `CODEX_HOME`.
    #[error("no CODEX_HOME: codex gets it anyway, and CODEX_GATEWAY_CODEX_HOME overrides it")]
    CodexHome,
}

impl PassEnv {
    /// Returns `true` if a variable of this name is passed to codex.
    pub fn matches(&self, name: &str) -> bool {
        let matches = |pattern: &Pattern| match pattern {
            Pattern::Name(exact) => exact == name,
            Pattern::Prefix(prefix) => name.starts_with(prefix),
        };
        !is_own(name) && name != CODEX_HOME && self.0.iter().any(matches)
    }
}

impl FromStr for PassEnv {
    type Err = PassEnvError;

    fn from_str(value: &str) -> Result<Self, PassEnvError> {
        let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(Pattern::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Pattern {
    fn parse(part: &str) -> Result<Self, PassEnvError> {
        let prefix = part.strip_suffix('*');
        let name = prefix.unwrap_or(part);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match prefix {
            _ if !is_name => Err(PassEnvError::NotAName(part.to_owned())),
            _ if is_own(name) => Err(PassEnvError::Own(part.to_owned())),
            None if name == CODEX_HOME => Err(PassEnvError::CodexHome),
            Some(prefix) => Ok(Self::Prefix(prefix.to_owned())),
            None => Ok(Self::Name(name.to_owned())),
        }
    }
}

/// Returns `true` for the name of one of the gateway's own variables.
pub(crate) fn is_own(name: &str) -> bool {
    name.starts_with(OWN_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(value: &str) -> PassEnv {
        value.parse().unwrap()
    }

    #[test]
    fn names_match_exactly_and_prefixes_match_their_beginnings() {
        let pass = pass("MY_KEY, SSH_*,,_x");
        for name in ["MY_KEY", "SSH_AUTH_SOCK", "SSH_", "_x"] {
            assert!(pass.matches(name), "{name}");
        }
        for name in ["MY_KEY_2", "MY", "SSH", "XSSH_A", "", "my_key"] {
            assert!(!pass.matches(name), "{name}");
        }
        assert!(!PassEnv::default().matches("PATH"));
        assert_eq!(self::pass(" , "), PassEnv::default());
    }

    #[test]
    fn gateway_variables_never_match() {
        let pass = pass("CODEX_*,C*");
        assert!(pass.matches("CODEX_LOG") && pass.matches("CI"));
        for name in ["CODEX_GATEWAY_JWT_SECRET", "CODEX_GATEWAY_PROCESS", "CODEX_GATEWAY_", "CODEX_HOME"] {
            assert!(!pass.matches(name), "{name}");
        }
    }

    #[test]
    fn invalid_names_and_gateway_variables_are_refused() {
        for value in ["*", "A B", "1A", "A=b", "A*B", "*_KEY", "größe", "A,-"] {
            assert!(matches!(value.parse::<PassEnv>(), Err(PassEnvError::NotAName(_))), "{value}");
        }
        for value in ["CODEX_GATEWAY_JWT_SECRET", "A,CODEX_GATEWAY_*", "CODEX_GATEWAY_J*"] {
            assert!(matches!(value.parse::<PassEnv>(), Err(PassEnvError::Own(_))), "{value}");
        }
        assert_eq!("CODEX_HOME".parse::<PassEnv>(), Err(PassEnvError::CodexHome));
    }
}
