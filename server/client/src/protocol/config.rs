//! `config/read`: the parts of codex's configuration that the client uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Request;

/// `config/read`: reads codex's configuration from its home and its command line.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRead {
    /// Whether the reply lists the layers of the configuration.
    pub include_layers: bool,
}
request!(ConfigRead = "config/read" -> ConfigReply);

/// The reply to `config/read`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConfigReply {
    /// The configuration.
    pub config: CodexConfig,
}

/// Codex's configuration, with the keys of its `config.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodexConfig {
    /// The projects with a trust level, by directory.
    pub projects: Option<BTreeMap<String, ProjectEntry>>,
    /// File names that mark the root of a project. `None` for `.git`.
    pub project_root_markers: Option<Vec<String>>,
    /// File names that codex reads in directories without `AGENTS.md`.
    pub project_doc_fallback_filenames: Option<Vec<String>>,
    /// How many bytes of `AGENTS.md` files codex reads in total.
    pub project_doc_max_bytes: Option<u64>,
    /// The developer instructions for each thread.
    pub developer_instructions: Option<String>,
    /// The name of the model provider in use.
    pub model_provider: Option<String>,
    /// The model providers by name, unparsed.
    pub model_providers: Value,
    /// The MCP servers by name, unparsed.
    pub mcp_servers: Value,
    /// What the sandbox `workspace-write` allows besides the working directory.
    pub sandbox_workspace_write: Option<WorkspaceWrite>,
}

/// The configuration of a project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProjectEntry {
    /// `trusted` or `untrusted`.
    pub trust_level: Option<String>,
}

/// What the sandbox `workspace-write` allows besides the working directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceWrite {
    /// Further directories that commands can write to.
    pub writable_roots: Vec<String>,
    /// Whether commands can access the network.
    pub network_access: bool,
    /// Whether `$TMPDIR` is not writable.
    pub exclude_tmpdir_env_var: bool,
    /// Whether `/tmp` is not writable.
    pub exclude_slash_tmp: bool,
}

impl WorkspaceWrite {
    /// Replaces the temporary directories that all sessions share with `dir`. Directories that the configuration
    /// names stay writable, including `/tmp`.
    #[must_use]
    pub fn with_temp_dir(mut self, dir: Option<String>) -> Self {
        (self.exclude_tmpdir_env_var, self.exclude_slash_tmp) = (true, true);
        self.writable_roots.extend(dir);
        self
    }
}
