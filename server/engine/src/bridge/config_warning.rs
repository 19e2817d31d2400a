//! What codex says of its own configuration when it starts.

use serde::Deserialize;

/// `configWarning`: codex cannot use its configuration, or leaves out a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigWarning {
    summary: String,
    details: Option<String>,
    /// The file that cannot be used. `None` if codex only leaves out settings.
    path: Option<String>,
}

impl ConfigWarning {
    /// Returns `true` if codex cannot use the configuration at all: it opens no thread then.
    pub fn is_fatal(&self) -> bool {
        self.path.is_some()
    }

    /// What is the matter, in one line: the file, the line and the reason, or the settings that are left out.
    pub fn text(&self) -> String {
        let text = self.details.as_ref().filter(|_| self.is_fatal()).unwrap_or(&self.summary);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> ConfigWarning {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn broken_configuration_is_told_by_file_and_line() {
        let warning = read(
            r#"{"summary":"Invalid configuration; using defaults.","details":"/h/config.toml:2:8: unclosed array",
            "path":"/h/config.toml","range":{"start":{"line":2,"column":8}}}"#,
        );
        assert!(warning.is_fatal());
        assert_eq!(warning.text(), "/h/config.toml:2:8: unclosed array");
    }

    #[test]
    fn settings_that_are_left_out_are_named_in_one_line() {
        let warning = read(
            r#"{"summary":"Codex is ignoring 1 unrecognized configuration setting.\n  user (/h/config.toml): `x.y` is ignored.","details":null}"#,
        );
        assert!(!warning.is_fatal());
        let expected = "Codex is ignoring 1 unrecognized configuration setting. user (/h/config.toml): `x.y` is ignored.";
        assert_eq!(warning.text(), expected);
    }
}
