//! Trust levels of projects. The `.codex` directories of a trusted project can configure MCP servers, hooks and
//! rules, which run outside of the sandbox.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

/// Codex's trust level of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustLevel {
    /// Codex uses the project's `.codex` directories.
    Trusted,
    /// Codex uses neither these nor, since 0.150, the project's `AGENTS.md`.
    Untrusted,
}

/// `projects` in codex's configuration: the trust level of the project in each directory. Codex does not trust a
/// project that is not listed, but uses its `AGENTS.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Projects(BTreeMap<String, Project>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Project {
    trust_level: TrustLevel,
}

impl Projects {
    /// Sets the same level for all `dirs`.
    pub fn all<D: AsRef<Path>>(level: TrustLevel, dirs: impl IntoIterator<Item = D>) -> Self {
        let project = Project { trust_level: level };
        let name = |dir: D| dir.as_ref().to_string_lossy().into_owned();
        Self(dirs.into_iter().map(|dir| (name(dir), project)).collect())
    }

    /// Returns `true` if no directory is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_have_the_json_that_codex_expects() {
        let projects = Projects::all(TrustLevel::Untrusted, Path::new("/a/b \"c\"").ancestors());
        assert_eq!(
            serde_json::to_value(&projects).unwrap(),
            serde_json::json!({
                "/": { "trust_level": "untrusted" },
                "/a": { "trust_level": "untrusted" },
                "/a/b \"c\"": { "trust_level": "untrusted" },
            })
        );
        let trusted = Projects::all(TrustLevel::Trusted, ["/w"]);
        assert_eq!(serde_json::to_string(&trusted).unwrap(), r#"{"/w":{"trust_level":"trusted"}}"#);
    }
}
