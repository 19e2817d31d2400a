//! How far codex trusts a project. The `.codex` directory of one that it trusts can name MCP servers, hooks and rules: they
//! run outside of the sandbox, and nobody is asked.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

/// `projects` of codex's configuration: how far it trusts the project in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Projects(BTreeMap<String, Project>);

/// What codex thinks of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Project {
    trust_level: &'static str,
}

impl Projects {
    /// None in this directory is trusted, nor in one above it: codex looks for `.codex` in each of them. If nothing is said,
    /// codex trusts the project of a thread that may write, and remembers that.
    pub fn untrusted(dir: &Path) -> Self {
        let project = Project { trust_level: "untrusted" };
        Self(dir.ancestors().map(|dir| (dir.to_string_lossy().into_owned(), project)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_directory_on_the_way_is_trusted() {
        let projects = Projects::untrusted(Path::new("/a/b \"c\""));
        assert_eq!(
            serde_json::to_value(&projects).unwrap(),
            serde_json::json!({
                "/": { "trust_level": "untrusted" },
                "/a": { "trust_level": "untrusted" },
                "/a/b \"c\"": { "trust_level": "untrusted" },
            })
        );
    }
}
