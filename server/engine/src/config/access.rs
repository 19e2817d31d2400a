//! The operator's ceilings: the sandbox of commands, trust in projects, and the approval policy.

use codex_gateway_wire::api;

/// The sandbox of an agent's commands, in codex's terms, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Sandbox {
    /// They may read.
    ReadOnly,
    /// They may write in the session's directory.
    WorkspaceWrite,
    /// They may do what the gateway's user may.
    DangerFullAccess,
}

impl Sandbox {
    /// The value in codex's protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::DangerFullAccess => "danger-full-access",
        }
    }
}

impl From<api::SandboxMode> for Sandbox {
    fn from(mode: api::SandboxMode) -> Self {
        match mode {
            api::SandboxMode::ReadOnly => Self::ReadOnly,
            api::SandboxMode::WorkspaceWrite => Self::WorkspaceWrite,
            api::SandboxMode::DangerFullAccess => Self::DangerFullAccess,
        }
    }
}

/// When codex may use the settings in the folders of sessions (`.codex`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TrustProjects {
    /// Never.
    #[value(name = "0", aliases = ["false", "no", "off", "n", "f"])]
    Never,
    /// If the owner of the session has decided to trust the folder.
    #[value(name = "ask")]
    Ask,
    /// Unless the owner of the session has decided not to trust the folder.
    #[value(name = "1", aliases = ["true", "yes", "on", "y", "t"])]
    Always,
}

impl TrustProjects {
    /// Returns `true` if codex may use the settings of a folder with this decision of the owner.
    pub fn allows(self, decision: api::ProjectTrust) -> bool {
        match self {
            Self::Never => false,
            Self::Ask => decision == api::ProjectTrust::Trusted,
            Self::Always => decision != api::ProjectTrust::Untrusted,
        }
    }
}

/// When codex asks before it leaves the sandbox, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum ApprovalPolicy {
    /// Never: what the sandbox does not allow fails.
    Never,
    /// When the agent thinks it must.
    OnRequest,
}

impl From<Sandbox> for api::SandboxMode {
    fn from(sandbox: Sandbox) -> Self {
        match sandbox {
            Sandbox::ReadOnly => Self::ReadOnly,
            Sandbox::WorkspaceWrite => Self::WorkspaceWrite,
            Sandbox::DangerFullAccess => Self::DangerFullAccess,
        }
    }
}

impl ApprovalPolicy {
    /// The value in codex's protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnRequest => "on-request",
            Self::Never => "never",
        }
    }
}

impl From<api::ApprovalPolicy> for ApprovalPolicy {
    fn from(policy: api::ApprovalPolicy) -> Self {
        match policy {
            api::ApprovalPolicy::OnRequest => Self::OnRequest,
            api::ApprovalPolicy::Never => Self::Never,
        }
    }
}

impl From<ApprovalPolicy> for api::ApprovalPolicy {
    fn from(policy: ApprovalPolicy) -> Self {
        match policy {
            ApprovalPolicy::OnRequest => Self::OnRequest,
            ApprovalPolicy::Never => Self::Never,
        }
    }
}
