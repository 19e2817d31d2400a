//! What a thread runs with, and what it is doing.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    json::Json,
    read_fields,
    turn::{ApprovalPolicy, SandboxMode},
};

/// What a thread is doing, in codex's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadStatus {
    /// `idle`, `active`, `systemError`, `notLoaded`, or what comes next.
    #[serde(rename = "type")]
    pub kind: String,
    /// What an active thread waits for: `waitingOnApproval`, `waitingOnUserInput`.
    pub active_flags: Vec<String>,
}
read_fields!(ThreadStatus { kind as "type", active_flags });

/// What a thread runs with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadSettings {
    /// The model.
    pub model: String,
    /// How hard the model thinks; as it does by itself without.
    pub effort: Option<String>,
    /// What commands may touch; none if the gateway has no word for it.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks; none if the gateway has no word for it.
    pub approval_policy: Option<ApprovalPolicy>,
}

impl<'de> Deserialize<'de> for ThreadSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = SettingsParams::deserialize(deserializer)?;
        Ok(Self {
            model: settings.model,
            effort: settings.effort,
            sandbox: settings.sandbox_policy.mode(),
            approval_policy: approval_policy(&settings.approval_policy),
        })
    }
}

struct SettingsParams {
    model: String,
    effort: Option<String>,
    sandbox_policy: SandboxPolicy,
    approval_policy: Json,
}
read_fields!(SettingsParams { model, effort, sandbox_policy, approval_policy });

/// What commands may touch, as codex tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxPolicy {
    /// `readOnly`, `workspaceWrite`, `dangerFullAccess`, `externalSandbox`, or what comes next.
    pub kind: String,
}
read_fields!(SandboxPolicy { kind as "type" });

impl SandboxPolicy {
    /// The policy that this word stands for.
    pub fn of(mode: SandboxMode) -> Self {
        let kind = match mode {
            SandboxMode::ReadOnly => "readOnly",
            SandboxMode::WorkspaceWrite => "workspaceWrite",
            SandboxMode::DangerFullAccess => "dangerFullAccess",
        };
        Self { kind: kind.to_owned() }
    }

    /// The word that the gateway has for it.
    pub fn mode(&self) -> Option<SandboxMode> {
        match self.kind.as_str() {
            "readOnly" => Some(SandboxMode::ReadOnly),
            "workspaceWrite" => Some(SandboxMode::WorkspaceWrite),
            "dangerFullAccess" => Some(SandboxMode::DangerFullAccess),
            _ => None,
        }
    }
}

/// The word that the gateway has for what codex says of when it asks: a word, or an object.
pub fn approval_policy(policy: &Json) -> Option<ApprovalPolicy> {
    ApprovalPolicy::parse(policy.get().trim_matches('"'))
}
