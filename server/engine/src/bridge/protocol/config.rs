//! `config/read`: codex's configuration, as far as it decides about projects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Request;

/// `config/read`: the configuration of codex's home and of its command line, read anew.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRead {
    /// Whether to list the layers that the configuration is made of.
    pub include_layers: bool,
}
request!(ConfigRead = "config/read" -> ConfigReply);

/// The answer to `config/read`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConfigReply {
    /// The configuration.
    pub config: CodexConfig,
}

/// Codex's configuration, in the words of its `config.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodexConfig {
    /// Which projects codex trusts, by their directories.
    pub projects: Option<BTreeMap<String, ProjectEntry>>,
    /// Names that mark the root of a project; `.git` without.
    pub project_root_markers: Option<Vec<String>>,
    /// Names of files that codex reads where there is no `AGENTS.md`.
    pub project_doc_fallback_filenames: Option<Vec<String>>,
    /// How many bytes of `AGENTS.md` files codex reads.
    pub project_doc_max_bytes: Option<u64>,
    /// Instructions of the user's own.
    pub developer_instructions: Option<String>,
    /// The model provider that is in use.
    pub model_provider: Option<String>,
    /// Model providers by their names, as the configuration has them.
    pub model_providers: Value,
    /// MCP servers by their names, as the configuration has them.
    pub mcp_servers: Value,
    /// What the sandbox `workspace-write` allows beside the directory.
    pub sandbox_workspace_write: Option<WorkspaceWrite>,
}

/// What codex's configuration says of a project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProjectEntry {
    /// `trusted` or `untrusted`.
    pub trust_level: Option<String>,
}

/// What the sandbox `workspace-write` allows beside the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceWrite {
    /// Where else commands may write.
    pub writable_roots: Vec<String>,
    /// Whether they reach the network.
    pub network_access: bool,
    /// Whether `$TMPDIR` is left out.
    pub exclude_tmpdir_env_var: bool,
    /// Whether `/tmp` is left out.
    pub exclude_slash_tmp: bool,
}

impl WorkspaceWrite {
    /// The same, with this directory in the place of the temporary directories that all sessions share. Directories that
    /// the configuration names stay, `/tmp` included.
    #[must_use]
    pub fn with_temp_dir(mut self, dir: Option<String>) -> Self {
        (self.exclude_tmpdir_env_var, self.exclude_slash_tmp) = (true, true);
        self.writable_roots.extend(dir);
        self
    }
}
