//! What codex reports about its configuration when it starts.

use serde::Deserialize;

/// The notification `configWarning`: codex cannot use its configuration, or ignores a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigWarning {
    summary: String,
    details: Option<String>,
    /// The file that codex cannot use. `None` if codex only ignores some settings.
    path: Option<String>,
}

impl ConfigWarning {
    /// Returns `true` if codex cannot use the configuration at all. Codex then opens no thread.
    pub fn is_fatal(&self) -> bool {
        self.path.is_some()
    }

    /// Returns a message in one line: the file, the line and the reason, or the settings that codex ignores.
    pub fn text(&self) -> String {
        let text = self.details.as_ref().filter(|_| self.is_fatal()).unwrap_or(&self.summary);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> ConfigWarning {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn fatal_warning_names_file_and_line() {
        let warning = parse(
            r#"{"summary":"Invalid configuration; using defaults.","details":"/h/config.toml:2:8: unclosed array",
            "path":"/h/config.toml","range":{"start":{"line":2,"column":8}}}"#,
        );
        assert!(warning.is_fatal());
        assert_eq!(warning.text(), "/h/config.toml:2:8: unclosed array");
    }

    #[test]
    fn ignored_settings_are_named_in_one_line() {
        let warning = parse(
            r#"{"summary":"Codex is ignoring 1 unrecognized configuration setting.\n  user (/h/config.toml): `x.y` is ignored.","details":null}"#,
        );
        assert!(!warning.is_fatal());
        let expected = "Codex is ignoring 1 unrecognized configuration setting. user (/h/config.toml): `x.y` is ignored.";
        assert_eq!(warning.text(), expected);
    }
}
