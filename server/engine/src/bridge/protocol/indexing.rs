//! Letting codex index a thread. It has no request for that: it indexes a thread when that is resumed.

use std::{collections::BTreeMap, path::Path, time::Duration};

use codex_gateway_wire::ThreadId;
use serde::{Serialize, de::IgnoredAny};

use super::{Projects, Request, TrustLevel};
use crate::bridge::RpcError;

/// `thread/resume`, of a thread that is to be indexed and in which no turn will run. Codex answers when it has indexed
/// it: about 10 s for 70 MiB of history.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadIndex {
    /// The thread.
    thread_id: ThreadId,
    /// Whether to leave its history out of the answer.
    exclude_turns: bool,
    /// What is otherwise than in codex's own configuration.
    config: IndexConfig,
}
request!(ThreadIndex = "thread/resume" -> IgnoredAny, within 900 s);

/// What a thread that is only indexed has otherwise than codex's own configuration.
#[derive(Clone, Debug, Default, Serialize)]
struct IndexConfig {
    /// How far projects are trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    projects: Option<Projects>,
    /// Model providers that codex does not know.
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
    /// A thread, as codex's own configuration has it.
    pub fn new(thread_id: ThreadId) -> Self {
        Self { thread_id, exclude_turns: true, config: IndexConfig::default() }
    }

    /// The project of the thread, in this directory, is not trusted.
    #[must_use]
    pub fn untrusted(mut self, dir: &Path) -> Self {
        self.config.projects = Some(Projects::all(TrustLevel::Untrusted, dir.ancestors()));
        self
    }

    /// The thread's model provider has this name. Codex resumes no thread whose provider it does not know; no model is
    /// asked anything here, so any provider of that name will do.
    #[must_use]
    pub fn with_provider(mut self, name: &str) -> Self {
        let provider =
            Provider { name: name.to_owned(), base_url: "http://127.0.0.1:9/v1", wire_api: "responses" };
        self.config.model_providers.insert(name.to_owned(), provider);
        self
    }
}

/// Whether an error says that codex does not know the model provider of a thread.
pub fn is_without_provider(error: &RpcError) -> bool {
    error.message.contains("no longer configured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_codex_does_not_know_is_named() {
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
