//! Requests that open a thread: `thread/start` and `thread/resume`.

use std::time::Duration;

use codex_gateway_wire::{Json, ThreadId, codex::SandboxPolicy};
use serde::{Deserialize, Serialize};

use super::{Projects, Request, WorkspaceWrite};

/// `thread/start`: starts a new thread.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStart {
    /// The model. `None` for codex's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The working directory, absolute.
    pub cwd: String,
    /// The sandbox mode for commands.
    pub sandbox: &'static str,
    /// When codex requests an approval.
    pub approval_policy: &'static str,
    /// Who approves: always `user`, because codex's configuration could let a model approve.
    pub approvals_reviewer: &'static str,
    /// The developer instructions. `None` for those of codex's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub developer_instructions: Option<String>,
    /// Overrides of codex's configuration.
    #[serde(skip_serializing_if = "ThreadConfig::is_empty")]
    pub config: ThreadConfig,
}
request!(ThreadStart = "thread/start" -> ThreadReply, within 60 s);

/// Overrides of codex's configuration for one thread. The fields are named after the configuration's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ThreadConfig {
    /// The reasoning effort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_reasoning_effort: Option<String>,
    /// The trust levels of projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projects: Option<Projects>,
    /// What the sandbox `workspace-write` allows besides the working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_workspace_write: Option<WorkspaceWrite>,
    /// `TMPDIR` of commands. (The full path of the key, so that other variables in the configuration are kept.)
    #[serde(rename = "shell_environment_policy.set.TMPDIR", skip_serializing_if = "Option::is_none")]
    pub temp_dir: Option<String>,
}

impl ThreadConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `thread/resume`: resumes a stored thread.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadResume {
    /// The thread.
    pub thread_id: ThreadId,
    /// Whether to leave the history out of the reply.
    pub exclude_turns: bool,
    /// The settings, as for a new thread, because codex does not restore all of them.
    #[serde(flatten)]
    pub start: ThreadStart,
}
request!(ThreadResume = "thread/resume" -> ThreadReply, within 60 s);

/// The reply to `thread/start`, `thread/resume` and `thread/fork`.
#[derive(Clone, Debug, Deserialize)]
pub struct ThreadReply {
    /// The thread.
    pub thread: Thread,
    /// The model.
    pub model: String,
    /// The working directory, absolute.
    pub cwd: String,
    /// The reasoning effort. `None` for the model's default.
    #[serde(default, rename = "reasoningEffort")]
    pub effort: Option<String>,
    /// The sandbox for commands.
    #[serde(default)]
    pub sandbox: SandboxPolicy,
    /// When codex requests an approval.
    #[serde(default, rename = "approvalPolicy")]
    pub approval_policy: Json,
    /// The absolute paths of the instruction files that codex has read.
    #[serde(default, rename = "instructionSources")]
    pub instruction_sources: Vec<String>,
}

/// A thread.
#[derive(Clone, Debug, Deserialize)]
pub struct Thread {
    /// The thread's id.
    pub id: ThreadId,
    /// The name that the user gave it.
    #[serde(default)]
    pub name: Option<String>,
    /// Usually the beginning of the user's first message.
    #[serde(default)]
    pub preview: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resume_includes_the_fields_of_a_start() {
        let start = ThreadStart {
            model: None,
            cwd: "/w".into(),
            sandbox: "workspace-write",
            approval_policy: "on-request",
            approvals_reviewer: "user",
            developer_instructions: None,
            config: ThreadConfig::default(),
        };
        let resume = ThreadResume { thread_id: "t".into(), exclude_turns: true, start };
        assert_eq!(
            serde_json::to_string(&resume).unwrap(),
            r#"{"threadId":"t","excludeTurns":true,"cwd":"/w","sandbox":"workspace-write","approvalPolicy":"on-request","approvalsReviewer":"user"}"#
        );
    }
}
