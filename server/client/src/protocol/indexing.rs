//! Makes codex index a thread. Codex has no request for that, but it indexes a thread when that is resumed.

use std::{collections::BTreeMap, path::Path, time::Duration};

use codex_gateway_wire::ThreadId;
use serde::{Serialize, de::IgnoredAny};

use super::{Projects, Request, TrustLevel};
use crate::message::RpcError;

/// `thread/resume` of a thread that is only to be indexed, and in which no turn will run. Codex replies when it has
/// indexed the thread: about 10 s for 70 MiB of history.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadIndex {
    /// The thread.
    thread_id: ThreadId,
    /// Whether to leave the history out of the reply.
    exclude_turns: bool,
    /// Overrides of codex's configuration.
    config: IndexConfig,
}
request!(ThreadIndex = "thread/resume" -> IgnoredAny, within 900 s);

/// Overrides of codex's configuration for a thread that is only indexed.
#[derive(Clone, Debug, Default, Serialize)]
struct IndexConfig {
    /// The trust levels of projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    projects: Option<Projects>,
    /// Additional model providers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    model_providers: BTreeMap<String, Provider>,
}

/// A model provider.
#[derive(Clone, Debug, Serialize)]
struct Provider {
    name: String,
    base_url: &'static str,
    wire_api: &'static str,
}

impl ThreadIndex {
    /// Creates the request without overrides.
    pub fn new(thread_id: ThreadId) -> Self {
        Self { thread_id, exclude_turns: true, config: IndexConfig::default() }
    }

    /// Marks the project in `dir` as untrusted.
    #[must_use]
    pub fn untrusted(mut self, dir: &Path) -> Self {
        self.config.projects = Some(Projects::all(TrustLevel::Untrusted, dir.ancestors()));
        self
    }

    /// Adds a dummy model provider with this name. Codex resumes no thread whose provider it does not know. Since no
    /// turn runs, the provider is never contacted.
    #[must_use]
    pub fn with_provider(mut self, name: &str) -> Self {
        let provider =
            Provider { name: name.to_owned(), base_url: "http://127.0.0.1:9/v1", wire_api: "responses" };
        self.config.model_providers.insert(name.to_owned(), provider);
        self
    }
}

/// Returns `true` if an error means that codex does not know the thread's model provider.
pub fn is_unknown_provider(error: &RpcError) -> bool {
    error.message.contains("no longer configured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_includes_the_trust_level_and_the_dummy_provider() {
        let request = ThreadIndex::new("t".into()).untrusted(Path::new("/")).with_provider("mine");
        assert_eq!(
            serde_json::to_value(&request).unwrap(),
            serde_json::json!({
                "threadId": "t",
                "excludeTurns": true,
                "config": {
                    "projects": { "/": { "trust_level": "untrusted" } },
                    "model_providers": {
                        "mine": { "name": "mine", "base_url": "http://127.0.0.1:9/v1", "wire_api": "responses" },
                    },
                },
            })
        );
    }
}
