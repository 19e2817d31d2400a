//! Settings and status of a thread.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    json::Json,
    lenient_deserialize,
    turn::{ApprovalPolicy, SandboxMode},
};

/// The status of a thread, as codex reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadStatus {
    /// `idle`, `active`, `systemError`, `notLoaded`, or a later value.
    #[serde(rename = "type")]
    pub kind: String,
    /// What an active thread waits for: `waitingOnApproval`, `waitingOnUserInput`.
    pub active_flags: Vec<String>,
}
lenient_deserialize!(ThreadStatus { kind as "type", active_flags });

/// The settings of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadSettings {
    /// The model.
    pub model: String,
    /// The reasoning effort. `None`: the model's default.
    pub effort: Option<String>,
    /// What commands may access. `None` if the gateway does not know the policy.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval. `None` if the gateway does not know the policy.
    pub approval_policy: Option<ApprovalPolicy>,
}

impl<'de> Deserialize<'de> for ThreadSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = SettingsParams::deserialize(deserializer)?;
        Ok(Self {
            model: settings.model,
            effort: settings.effort,
            sandbox: settings.sandbox_policy.mode(),
            approval_policy: parse_approval_policy(&settings.approval_policy),
        })
    }
}

struct SettingsParams {
    model: String,
    effort: Option<String>,
    sandbox_policy: SandboxPolicy,
    approval_policy: Json,
}
lenient_deserialize!(SettingsParams { model, effort, sandbox_policy, approval_policy });

/// What commands may access, in codex's format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxPolicy {
    /// `readOnly`, `workspaceWrite`, `dangerFullAccess`, `externalSandbox`, or a later value.
    pub kind: String,
}
lenient_deserialize!(SandboxPolicy { kind as "type" });

impl SandboxPolicy {
    /// The policy of a sandbox mode.
    pub fn from_mode(mode: SandboxMode) -> Self {
        let kind = match mode {
            SandboxMode::ReadOnly => "readOnly",
            SandboxMode::WorkspaceWrite => "workspaceWrite",
            SandboxMode::DangerFullAccess => "dangerFullAccess",
        };
        Self { kind: kind.to_owned() }
    }

    /// The sandbox mode of the policy. `None` if there is no such mode.
    pub fn mode(&self) -> Option<SandboxMode> {
        match self.kind.as_str() {
            "readOnly" => Some(SandboxMode::ReadOnly),
            "workspaceWrite" => Some(SandboxMode::WorkspaceWrite),
            "dangerFullAccess" => Some(SandboxMode::DangerFullAccess),
            _ => None,
        }
    }
}

/// Parses codex's approval policy: a string, or an object for custom policies. `None` if the gateway does not know it.
pub fn parse_approval_policy(policy: &Json) -> Option<ApprovalPolicy> {
    ApprovalPolicy::parse(policy.get().trim_matches('"'))
}
