//! Projects: the codex settings in a folder, and whether its owner trusts them.

use serde::{Deserialize, Serialize};

use crate::{lenient_deserialize, string_enum::string_enum};

string_enum! {
    /// Whether codex may use the settings in a folder.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub enum ProjectTrust {
        /// The owner has not decided yet. Codex does not use the settings.
        #[default]
        Undecided = "undecided",
        /// Codex uses the settings.
        Trusted = "trusted",
        /// Codex does not use the settings.
        Untrusted = "untrusted",
    }
}

/// A folder, its codex settings, and whether codex may use them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// The folder: an absolute path without symbolic links.
    pub path: String,
    /// Whether codex may use the settings in sessions of the caller.
    pub trust: ProjectTrust,
    /// Whether the caller may trust the folder. `false` if the operator forbids it (`CODEX_GATEWAY_TRUST_PROJECTS=0`).
    pub can_trust: bool,
    /// The settings in `.codex` directories, from the root of the project down to the folder.
    pub settings: ProjectSettings,
}
lenient_deserialize!(Project { path, trust, can_trust, settings });

/// The settings in a project's `.codex` directories. Codex runs MCP servers and hooks outside of its sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectSettings {
    /// MCP servers that codex would start or connect to.
    pub mcp_servers: Vec<ProjectMcpServer>,
    /// Commands that codex would run at certain events.
    pub hooks: Vec<ProjectHook>,
    /// Absolute paths of files with rules about which commands need an approval.
    pub rules: Vec<String>,
    /// The names of the other settings.
    pub other: Vec<String>,
    /// Absolute paths of the files that were read.
    pub files: Vec<String>,
    /// Files that cannot be displayed completely: too large, invalid, with too many entries, or links to outside of
    /// their folder.
    pub unreadable: Vec<String>,
}
lenient_deserialize!(ProjectSettings { mcp_servers, hooks, rules, other, files, unreadable });

impl ProjectSettings {
    /// Returns `true` if no `.codex` directory sets anything.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.rules.is_empty() && self.unreadable.is_empty()
    }
}

/// An MCP server of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectMcpServer {
    /// The server's name.
    pub name: String,
    /// The command with its arguments, or the URL.
    pub target: String,
    /// The absolute path of the file that defines the server.
    pub file: String,
}
lenient_deserialize!(ProjectMcpServer { name, target, file });

/// A hook of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectHook {
    /// The event: `PreToolUse`, `SessionStart`, …
    pub event: String,
    /// The command.
    pub command: String,
    /// The absolute path of the file that defines the hook.
    pub file: String,
}
lenient_deserialize!(ProjectHook { event, command, file });

/// `GET /api/projects/status`, and the reply to `POST /api/projects/trust`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectReply {
    /// Always true.
    pub ok: bool,
    /// The folder.
    pub project: Project,
}

/// `POST /api/projects/trust`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TrustProject {
    /// The folder, as in `POST /api/sessions`. Default: the operator's.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The decision. `undecided` revokes an earlier decision.
    pub trust: ProjectTrust,
}

/// `GET /api/projects`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectList {
    /// Always true.
    pub ok: bool,
    /// The caller's decisions, the newest first.
    pub projects: Vec<DecidedProject>,
}

/// A folder that its owner trusts or does not trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DecidedProject {
    /// The folder: an absolute path without symbolic links. It may have been removed since.
    pub path: String,
    /// The decision.
    pub trust: ProjectTrust,
    /// When the decision was made (RFC 3339, UTC).
    pub decided_at: String,
}
