//! Codex's requests and replies: one of the two places that know its JSON (the other is `wire::codex`).
//!
//! Only the fields that the gateway sends or reads; replies are read tolerantly.
//! (Source: the types that `codex app-server generate-ts --experimental` prints for 0.171.0.)

use std::time::Duration;

use codex_gateway_wire::{
    Json, ThreadId, TurnId,
    api::{ApprovalPolicy, Model, SandboxMode},
    codex::{SandboxPolicy, Turn},
};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::version::Version;

/// A request: its parameters, with what it is called, how long it may take, and what it is answered.
pub trait Request: Serialize + Sync {
    /// What codex calls it.
    const METHOD: &'static str;
    /// How long the answer may take.
    const DEADLINE: Duration = Duration::from_secs(30);
    /// Whether the process is asked for a sign of life when the answer takes long.
    const PROBED: bool = true;
    /// The answer.
    type Reply: DeserializeOwned + Send;
}

macro_rules! request {
    ($name:ident = $method:literal -> $reply:ty $(, within $seconds:literal s)? $(, probed: $probed:literal)?) => {
        impl Request for $name {
            const METHOD: &'static str = $method;
            $(const DEADLINE: Duration = Duration::from_secs($seconds);)?
            $(const PROBED: bool = $probed;)?
            type Reply = $reply;
        }
    };
}

mod config;
mod damage;
mod indexing;
mod stored;
mod threads;
mod trust;

pub use self::config::{CodexConfig, ConfigRead, ConfigReply, ProjectEntry, WorkspaceWrite};
pub use self::damage::thread_damage;
pub use self::indexing::{ThreadIndex, is_without_provider};
pub use self::stored::{
    ItemTimes, MAX_INCLUDED_THREADS, PEOPLES_THREADS, PastTurn, ThreadDelete, ThreadList, ThreadNameSet,
    ThreadPage, ThreadRead, TurnsList, TurnsPage, is_bad_cursor, is_held, is_no_thread,
};
pub use self::threads::{
    CompactStart, Reverted, ReviewStart, ThreadArchive, ThreadFork, ThreadRevert, ThreadUnarchive,
    WholeTurns, WholeTurnsPage, is_archived, is_no_turn, is_without_turns,
};
pub use self::trust::{Projects, TrustLevel};

/// `initialize`: the first request of a process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialize {
    /// Who we are.
    pub client_info: ClientInfo,
    /// What we understand.
    pub capabilities: Capabilities,
}
// A process that is just being started on a busy machine may say nothing for some time.
request!(Initialize = "initialize" -> Initialized, within 15 s, probed: false);

/// Who speaks to codex.
#[derive(Debug, Serialize)]
pub struct ClientInfo {
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Our version.
    pub version: &'static str,
}

/// What a client of codex understands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Experimental methods and fields.
    pub experimental_api: bool,
    /// Requests for attestation.
    pub request_attestation: bool,
}

impl Initialize {
    /// What the gateway says of itself.
    pub fn gateway() -> Self {
        Self {
            client_info: ClientInfo {
                name: "codex_gateway",
                title: "Codex Gateway",
                version: env!("CARGO_PKG_VERSION"),
            },
            capabilities: Capabilities { experimental_api: true, request_attestation: false },
        }
    }
}

/// The answer to `initialize`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Initialized {
    /// Codex's user agent, its version in it.
    pub user_agent: Option<String>,
    /// `unix` or `windows`.
    pub platform_family: Option<String>,
    /// `linux`, `macos`, …
    pub platform_os: Option<String>,
}

impl Initialized {
    /// The version that codex says it has, if it says one.
    pub fn version(&self) -> Option<Version> {
        Version::of_user_agent(self.user_agent.as_deref()?)
    }
}

/// `account/read`: who codex is signed in as.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRead {
    /// Whether to ask for fresh tokens first.
    pub refresh_token: bool,
}
request!(AccountRead = "account/read" -> AccountReply);

/// The answer to `account/read`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountReply {
    /// The account, as codex says it.
    pub account: Option<Json>,
    /// Whether the model provider needs a sign-in with OpenAI.
    pub requires_openai_auth: bool,
}

/// `thread/loaded/list`: the threads that the process has open. It reads no file and asks no server, so that a process
/// which does not answer it is stuck.
#[derive(Debug, Serialize)]
pub struct LoadedList {}
request!(LoadedList = "thread/loaded/list" -> IgnoredAny);

/// `model/list`: a page of the models that can be chosen.
#[derive(Debug, Serialize)]
pub struct ModelList {
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
request!(ModelList = "model/list" -> ModelPage);

/// The answer to `model/list`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelPage {
    /// The models.
    pub data: Vec<Model>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// `thread/start`: a new thread.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStart {
    /// The model; codex's own default without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The directory to work in, absolute.
    pub cwd: String,
    /// What commands may touch.
    pub sandbox: &'static str,
    /// When codex asks.
    pub approval_policy: &'static str,
    /// Whom codex asks: `user`. Its own configuration may have a model answer instead.
    pub approvals_reviewer: &'static str,
    /// Instructions that go before the conversation; those of codex's own configuration without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub developer_instructions: Option<String>,
    /// What is otherwise than in codex's own configuration.
    #[serde(skip_serializing_if = "ThreadConfig::is_empty")]
    pub config: ThreadConfig,
}
request!(ThreadStart = "thread/start" -> ThreadReply, within 60 s);

/// What a thread has otherwise than codex's own configuration, in the words of that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ThreadConfig {
    /// How hard the model shall think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_reasoning_effort: Option<String>,
    /// How far projects are trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projects: Option<Projects>,
    /// What the sandbox `workspace-write` allows beside the directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_workspace_write: Option<WorkspaceWrite>,
    /// Where commands put temporary files. (The path of the key: other variables that the configuration sets stay.)
    #[serde(rename = "shell_environment_policy.set.TMPDIR", skip_serializing_if = "Option::is_none")]
    pub temp_dir: Option<String>,
}

impl ThreadConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `thread/resume`: a thread that is on disk goes on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadResume {
    /// The thread.
    pub thread_id: ThreadId,
    /// Whether to leave its history out of the answer.
    pub exclude_turns: bool,
    /// The rest is as for a new one: codex remembers not all of it.
    #[serde(flatten)]
    pub start: ThreadStart,
}
request!(ThreadResume = "thread/resume" -> ThreadReply, within 60 s);

/// The answer to `thread/start` and `thread/resume`.
#[derive(Clone, Debug, Deserialize)]
pub struct ThreadReply {
    /// The thread.
    pub thread: Thread,
    /// The model it talks to.
    pub model: String,
    /// The directory it works in, absolute.
    pub cwd: String,
    /// How hard the model thinks; as it does by itself without.
    #[serde(default, rename = "reasoningEffort")]
    pub effort: Option<String>,
    /// What commands may touch.
    #[serde(default)]
    pub sandbox: SandboxPolicy,
    /// When codex asks.
    #[serde(default, rename = "approvalPolicy")]
    pub approval_policy: Json,
    /// The files of instructions that codex has read, absolute.
    #[serde(default, rename = "instructionSources")]
    pub instruction_sources: Vec<String>,
}

/// A thread.
#[derive(Clone, Debug, Deserialize)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// The name it was given.
    #[serde(default)]
    pub name: Option<String>,
    /// Usually the first thing that the user said.
    #[serde(default)]
    pub preview: Option<String>,
}

/// `turn/start`: the user says something, and the agent goes to work.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnStart {
    /// The thread.
    pub thread_id: ThreadId,
    /// What the user says.
    pub input: Vec<Input>,
    /// What changes from here on.
    #[serde(flatten)]
    pub overrides: Overrides,
    /// A JSON Schema for the answer of this turn alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// The client's own id of the message; comes back as `clientId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_user_message_id: Option<String>,
}
request!(TurnStart = "turn/start" -> TurnReply, within 60 s);

/// What a thread shall run with from here on, where it differs from before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overrides {
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How hard it thinks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may touch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_policy: Option<SandboxOverride>,
    /// When codex asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
}

impl Overrides {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What commands may touch, as codex takes it with a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SandboxOverride {
    /// They may read.
    ReadOnly {
        /// Whether they reach the network.
        network_access: bool,
    },
    /// They may write in the thread's directory.
    WorkspaceWrite {
        /// Where else they may write.
        writable_roots: Vec<String>,
        /// Whether they reach the network.
        network_access: bool,
        /// Whether `$TMPDIR` is left out.
        exclude_tmpdir_env_var: bool,
        /// Whether `/tmp` is left out.
        exclude_slash_tmp: bool,
    },
    /// They may do what the gateway's user may.
    DangerFullAccess,
}

impl SandboxOverride {
    /// A mode, with what `workspace-write` allows beside the directory.
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

/// One part of what the user says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Input {
    /// A text.
    Text {
        /// The text.
        text: String,
        /// Spans with a meaning of their own; none.
        text_elements: [(); 0],
    },
    /// An image that is a file.
    LocalImage {
        /// Its path, absolute.
        path: String,
    },
    /// A file that the message is about. Codex shows it to people; the model sees nothing of it.
    Mention {
        /// What people call it.
        name: String,
        /// Its path, absolute.
        path: String,
    },
    /// A skill to use.
    Skill {
        /// Its name.
        name: String,
        /// The path of its `SKILL.md`, absolute.
        path: String,
    },
}

impl Input {
    /// A text.
    pub fn text(text: String) -> Self {
        Self::Text { text, text_elements: [] }
    }
}

/// `turn/steer`: the user says something to the agent that is at work.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnSteer {
    /// The thread.
    pub thread_id: ThreadId,
    /// The turn that must be running.
    pub expected_turn_id: TurnId,
    /// What the user says.
    pub input: Vec<Input>,
    /// The client's own id of the message; comes back as `clientId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_user_message_id: Option<String>,
}
request!(TurnSteer = "turn/steer" -> IgnoredAny);

/// `thread/settings/update`: what later turns of a thread run with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdate {
    /// The thread.
    pub thread_id: ThreadId,
    /// What changes.
    #[serde(flatten)]
    pub overrides: Overrides,
}
request!(ThreadSettingsUpdate = "thread/settings/update" -> IgnoredAny);

/// The answer to `turn/start`.
#[derive(Clone, Debug, Deserialize)]
pub struct TurnReply {
    /// The turn that has begun.
    pub turn: Turn,
}

/// `turn/interrupt`: the agent shall stop.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnInterrupt {
    /// The thread.
    pub thread_id: ThreadId,
    /// The turn, which must have been announced by `turn/started`.
    pub turn_id: TurnId,
}
request!(TurnInterrupt = "turn/interrupt" -> IgnoredAny, within 5 s);

/// `thread/backgroundTerminals/terminate`: a command shall stop.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminalTerminate {
    /// The thread.
    pub thread_id: ThreadId,
    /// The command's process, as its item names it.
    pub process_id: String,
}
request!(TerminalTerminate = "thread/backgroundTerminals/terminate" -> IgnoredAny, within 3 s);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_codex_reads_it() {
        let json = serde_json::to_string(&Input::text("Hi".into())).unwrap();
        assert_eq!(json, r#"{"type":"text","text":"Hi","text_elements":[]}"#);
    }

    #[test]
    fn a_sandbox_is_written_as_codex_reads_it() {
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

    #[test]
    fn a_resume_carries_all_that_a_start_does() {
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
