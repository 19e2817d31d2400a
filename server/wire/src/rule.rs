//! Rules: what a user allows from then on, where they decide "always".

use serde::{Deserialize, Serialize};

use crate::{
    ids::{RuleId, SessionId},
    read_fields,
    timestamp::Timestamp,
    turn::SandboxMode,
    words::words,
};

/// A rule of one owner. It allows what it describes without asking, in sessions that are not stricter than the one in
/// which it was made. Codex does not know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What it allows.
    pub kind: RuleKind,
    /// The words that a command begins with. Empty for a host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The host that can be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The protocol by which the host can be reached, in codex's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The directory in which it holds, absolute. Directories below it are others.
    pub cwd: String,
    /// The sandbox of the session in which it was made. It does not hold in stricter sessions.
    pub sandbox: SandboxMode,
    /// The session in which it was made.
    pub session_id: SessionId,
    /// When it was made.
    pub created_at: Timestamp,
}
read_fields!(Rule { command, host, protocol; id, kind, cwd, sandbox, session_id, created_at });

impl Rule {
    /// The beginning of the command, or the host.
    pub fn title(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.command.join(" "))
    }
}

words! {
    /// What a rule allows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RuleKind {
        /// Commands that begin with certain words. They run without the sandbox.
        Command = "command",
        /// Connections to a host.
        Network = "network",
        /// A word that this version does not know.
        Other = "other",
    }
    other = Other
}

/// `GET /api/rules`: the caller's rules, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleList {
    /// Always true.
    pub ok: bool,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// The reply to `DELETE /api/rules/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RuleDeleted {
    /// Always true.
    pub ok: bool,
    /// The rule that is revoked.
    pub rule_id: RuleId,
}
