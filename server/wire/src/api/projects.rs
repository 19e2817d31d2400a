//! Projects: the codex settings that a folder brings along, and whether its owner trusts them.

use serde::{Deserialize, Serialize};

use crate::{read_fields, words::words};

words! {
    /// Whether codex may use the settings that a folder brings along.
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

/// A folder, the codex settings that it brings along, and whether codex may use them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// The folder: an absolute path without symbolic links.
    pub path: String,
    /// Whether codex may use the settings, for the caller.
    pub trust: ProjectTrust,
    /// Whether the caller may trust the folder. `false` if the operator trusts none (`CODEX_GATEWAY_TRUST_PROJECTS=0`).
    pub can_trust: bool,
    /// The settings in `.codex` directories, from the root of the project down to the folder.
    pub settings: ProjectSettings,
}
read_fields!(Project { path, trust, can_trust, settings });

/// What the `.codex` directories of a project set. Codex runs MCP servers and hooks outside of its sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectSettings {
    /// MCP servers that codex would start or connect to.
    pub mcp_servers: Vec<ProjectMcpServer>,
    /// Commands that codex would run at certain events.
    pub hooks: Vec<ProjectHook>,
    /// Files with rules for which commands need an approval, absolute.
    pub rules: Vec<String>,
    /// The other settings, by their names.
    pub other: Vec<String>,
    /// The files that were read, absolute.
    pub files: Vec<String>,
    /// Files that cannot be shown in full: too large, not valid, with too many entries, or links that lead out of their folder.
    pub unreadable: Vec<String>,
}
read_fields!(ProjectSettings { mcp_servers, hooks, rules, other, files, unreadable });

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
    /// Its name.
    pub name: String,
    /// The command with its arguments, or the address.
    pub target: String,
    /// The file that sets it, absolute.
    pub file: String,
}
read_fields!(ProjectMcpServer { name, target, file });

/// A hook of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectHook {
    /// The event: `PreToolUse`, `SessionStart`, …
    pub event: String,
    /// The command.
    pub command: String,
    /// The file that sets it, absolute.
    pub file: String,
}
read_fields!(ProjectHook { event, command, file });

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
    /// The folder, as in `POST /api/sessions`; the operator's default without.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The decision. `undecided` takes an earlier decision back.
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

/// A folder about which its owner has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DecidedProject {
    /// The folder: an absolute path without symbolic links. It may not exist any more.
    pub path: String,
    /// The decision.
    pub trust: ProjectTrust,
    /// When it was made (RFC 3339, UTC).
    pub decided_at: String,
}
