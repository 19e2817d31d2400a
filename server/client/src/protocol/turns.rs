//! Requests about turns: start, steer, interrupt, and the settings of later turns.

use std::time::Duration;

use codex_gateway_wire::{
    Json, ThreadId, TurnId,
    api::{ApprovalPolicy, SandboxMode},
    codex::Turn,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Request, WorkspaceWrite};

/// `turn/start`: starts a turn with a message of the user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnStart {
    /// The thread.
    pub thread_id: ThreadId,
    /// The message.
    pub input: Vec<TurnInput>,
    /// Settings that change with this turn, for all later ones too.
    #[serde(flatten)]
    pub overrides: Overrides,
    /// A JSON Schema for the agent's answer in this turn only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// The client's id of the message. Codex returns it as `clientId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_user_message_id: Option<String>,
}
request!(TurnStart = "turn/start" -> TurnReply, within 60 s);

/// Settings of a thread that change. `None` fields keep their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overrides {
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The reasoning effort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// The sandbox for commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_policy: Option<SandboxOverride>,
    /// When codex requests an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
}

impl Overrides {
    /// Returns `true` if no setting changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The sandbox for commands, in the form of `turn/start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SandboxOverride {
    /// Commands can read all files.
    ReadOnly {
        /// Whether commands can access the network.
        network_access: bool,
    },
    /// Commands can also write to the thread's working directory.
    WorkspaceWrite {
        /// Further directories that commands can write to.
        writable_roots: Vec<String>,
        /// Whether commands can access the network.
        network_access: bool,
        /// Whether `$TMPDIR` is not writable.
        exclude_tmpdir_env_var: bool,
        /// Whether `/tmp` is not writable.
        exclude_slash_tmp: bool,
    },
    /// Commands run without a sandbox, as the user that codex runs as.
    DangerFullAccess,
}

impl SandboxOverride {
    /// Creates the sandbox for a mode. `allowed` applies to `workspace-write`.
    pub fn new(mode: SandboxMode, allowed: &WorkspaceWrite) -> Self {
        match mode {
            SandboxMode::ReadOnly => Self::ReadOnly { network_access: false },
            SandboxMode::WorkspaceWrite => Self::WorkspaceWrite {
                writable_roots: allowed.writable_roots.clone(),
                network_access: allowed.network_access,
                exclude_tmpdir_env_var: allowed.exclude_tmpdir_env_var,
                exclude_slash_tmp: allowed.exclude_slash_tmp,
            },
            SandboxMode::DangerFullAccess => Self::DangerFullAccess,
        }
    }
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum TurnInput {
    /// A text.
    Text {
        /// The text.
        text: String,
        /// Special spans of the text. Always empty.
        text_elements: [(); 0],
    },
    /// An image file.
    LocalImage {
        /// The absolute path.
        path: String,
    },
    /// A mentioned file. Codex shows it to people, and does not pass it to the model.
    Mention {
        /// The name for people.
        name: String,
        /// The absolute path.
        path: String,
    },
    /// A skill to use.
    Skill {
        /// The skill's name.
        name: String,
        /// The absolute path of its `SKILL.md`.
        path: String,
    },
}

impl TurnInput {
    /// Creates a text part.
    pub fn text(text: String) -> Self {
        Self::Text { text, text_elements: [] }
    }
}

/// `turn/steer`: adds a message to the running turn.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnSteer {
    /// The thread.
    pub thread_id: ThreadId,
    /// The turn. Codex refuses the message if another turn is running.
    pub expected_turn_id: TurnId,
    /// The message.
    pub input: Vec<TurnInput>,
    /// The client's id of the message. Codex returns it as `clientId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_user_message_id: Option<String>,
}
request!(TurnSteer = "turn/steer" -> IgnoredAny);

/// `thread/settings/update`: changes the settings for later turns.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdate {
    /// The thread.
    pub thread_id: ThreadId,
    /// The settings that change.
    #[serde(flatten)]
    pub overrides: Overrides,
}
request!(ThreadSettingsUpdate = "thread/settings/update" -> IgnoredAny);

/// The reply to `turn/start` and `review/start`.
#[derive(Clone, Debug, Deserialize)]
pub struct TurnReply {
    /// The new turn.
    pub turn: Turn,
}

/// `turn/interrupt`: interrupts a turn.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnInterrupt {
    /// The thread.
    pub thread_id: ThreadId,
    /// The turn. Codex must have announced it with `turn/started`.
    pub turn_id: TurnId,
}
request!(TurnInterrupt = "turn/interrupt" -> IgnoredAny, within 5 s);

/// `thread/backgroundTerminals/terminate`: terminates a command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminalTerminate {
    /// The thread.
    pub thread_id: ThreadId,
    /// The process id in the command's item.
    pub process_id: String,
}
request!(TerminalTerminate = "thread/backgroundTerminals/terminate" -> IgnoredAny, within 3 s);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_json_that_codex_expects() {
        let json = serde_json::to_string(&TurnInput::text("Hi".into())).unwrap();
        assert_eq!(json, r#"{"type":"text","text":"Hi","text_elements":[]}"#);
    }

    #[test]
    fn sandbox_override_has_the_json_that_codex_expects() {
        let overrides = |mode| {
            let allowed = WorkspaceWrite { writable_roots: vec!["/a".into()], ..WorkspaceWrite::default() };
            let sandbox = SandboxOverride::new(mode, &allowed.with_temp_dir(Some("/t".into())));
            let overrides = Overrides { sandbox_policy: Some(sandbox), ..Overrides::default() };
            let turn = TurnStart {
                thread_id: "t".into(),
                input: vec![],
                overrides,
                output_schema: None,
                client_user_message_id: None,
            };
            serde_json::to_value(turn).unwrap()["sandboxPolicy"].to_string()
        };
        assert_eq!(overrides(SandboxMode::ReadOnly), r#"{"networkAccess":false,"type":"readOnly"}"#);
        assert_eq!(overrides(SandboxMode::DangerFullAccess), r#"{"type":"dangerFullAccess"}"#);
        assert_eq!(
            overrides(SandboxMode::WorkspaceWrite),
            r#"{"excludeSlashTmp":true,"excludeTmpdirEnvVar":true,"networkAccess":false,"type":"workspaceWrite","writableRoots":["/a","/t"]}"#
        );
    }
}
