//! Rules: standing approvals, made by the decision to always allow something.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{RuleId, SessionId},
    lenient_deserialize,
    string_enum::string_enum,
    timestamp::Timestamp,
    turn::SandboxMode,
};

/// A rule of an owner. It allows matching requests without asking, in sessions that are not stricter than the one in
/// which the rule was created. Rules belong to the gateway; codex does not know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The rule's id.
    pub id: RuleId,
    /// What the rule allows.
    pub kind: RuleKind,
    /// The first words of the allowed commands. Empty for a network rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The allowed host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The allowed protocol, as codex names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The absolute working directory in which the rule applies. It does not apply in subdirectories.
    pub cwd: String,
    /// The sandbox of the session in which the rule was created. The rule does not apply in stricter sessions.
    pub sandbox: SandboxMode,
    /// The session in which the rule was created.
    pub session_id: SessionId,
    /// When the rule was created.
    pub created_at: Timestamp,
}
lenient_deserialize!(Rule { command, host, protocol; id, kind, cwd, sandbox, session_id, created_at });

impl Rule {
    /// The first words of the commands, or the host.
    pub fn title(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.command.join(" "))
    }
}

string_enum! {
    /// What a rule allows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RuleKind {
        /// Commands that start with certain words. They run without the sandbox.
        Command = "command",
        /// Connections to a host.
        Network = "network",
        /// A value that this version does not know.
        Other = "other",
    }
    other = Other
}

/// `GET /api/rules`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleList {
    /// Always true.
    pub ok: bool,
    /// The caller's rules, oldest first.
    pub rules: Vec<Rule>,
}

/// The reply to `DELETE /api/rules/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RuleDeleted {
    /// Always true.
    pub ok: bool,
    /// The revoked rule.
    pub rule_id: RuleId,
}
