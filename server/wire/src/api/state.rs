//! A session's state, in the documented form.

use serde::{Deserialize, Serialize};

use crate::{
    codex::McpServer,
    ids::{ThreadId, TurnId},
    json::Json,
    read_fields,
    request::UserRequest,
    turn::{ApprovalPolicy, QueueItem, SandboxMode},
    words::words,
};

/// The text view of a session: the documented `state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// Whether a process serves the session.
    pub ready: bool,
    /// The directory that the thread works in, absolute.
    pub cwd: String,
    /// When the process was started (RFC 3339, UTC).
    pub started_at: Option<String>,
    /// What codex says of the machine it runs on.
    pub runtime: Runtime,
    /// Who codex is signed in as.
    pub account: AccountState,
    /// The models that can be chosen. Left out where the request asked for a lean reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub models: Option<Vec<Model>>,
    /// The model that is used now.
    pub selected_model: Option<String>,
    /// How hard it thinks; as it does by itself without.
    pub effort: Option<String>,
    /// What commands may touch now; none if this version has no word for it.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks now; none if this version has no word for it.
    pub approval_policy: Option<ApprovalPolicy>,
    /// What waits for its turn, the next one first.
    pub queue: Vec<QueueItem>,
    /// The thread.
    pub thread_id: Option<ThreadId>,
    /// What the thread is doing, as codex says it.
    pub thread_status: Option<crate::codex::ThreadStatus>,
    /// The turn that is running.
    pub current_turn_id: Option<TurnId>,
    /// Whether a turn is running, or about to.
    pub active_turn: bool,
    /// How the last turn ended.
    pub last_turn_status: Option<String>,
    /// The newest 100 entries of the conversation, as text. Left out where the request asked for a lean reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transcript: Option<Vec<TextEntry>>,
    /// The newest 120 events, in short. Left out where the request asked for a lean reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub recent_events: Option<Vec<RecentEvent>>,
    /// The MCP servers of the process that serves the session, and how far the start of each has come. Empty without a process.
    #[serde(default)]
    pub mcp_servers: Vec<McpServer>,
    /// What waits for the user, the oldest first.
    pub pending_requests: Vec<UserRequest>,
}

impl SessionState {
    /// Leaves out what grows with the conversation, and what is the same in every reply.
    pub fn make_lean(&mut self) {
        (self.models, self.transcript, self.recent_events) = (None, None, None);
    }
}

words! {
    /// How much of a session's state a reply has.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum StateDetail {
        /// All of it.
        #[default]
        Full = "full",
        /// Neither the transcript, nor the newest events, nor the models.
        None = "none",
    }
}

/// What codex says of the machine it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Runtime {
    /// `unix` or `windows`.
    pub platform_family: Option<String>,
    /// `linux`, `macos`, …
    pub platform_os: Option<String>,
    /// Codex's user agent, its version in it.
    pub user_agent: Option<String>,
}

/// Who codex is signed in as.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AccountState {
    /// As codex says it.
    pub raw: Option<Json>,
    /// In a few words.
    pub summary: String,
    /// Whether this model provider needs a sign-in with OpenAI.
    pub requires_openai_auth: bool,
}

/// A model that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// What to choose it by.
    pub model: String,
    /// What people call it.
    pub display_name: String,
    /// Whether codex takes it when none is chosen.
    pub is_default: bool,
    /// Whether codex leaves it out of its own list.
    pub hidden: bool,
    /// Whether it can take on a personality.
    pub supports_personality: bool,
    /// What it reads: `text`, `image`.
    pub input_modalities: Vec<String>,
    /// How hard it can think, the least first.
    pub supported_reasoning_efforts: Vec<ReasoningEffort>,
    /// How hard it thinks if nothing else is said.
    pub default_reasoning_effort: Option<String>,
}
read_fields!(Model {
    model,
    display_name,
    is_default,
    hidden,
    supports_personality,
    input_modalities,
    supported_reasoning_efforts,
    default_reasoning_effort
});

impl Model {
    /// Whether it looks at images.
    pub fn sees(&self) -> bool {
        self.input_modalities.iter().any(|modality| modality == "image")
    }
}

/// One of the ways in which a model can think.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReasoningEffort {
    /// What to choose it by: `low`, `medium`, `high`, …
    pub reasoning_effort: String,
    /// What it is good for, for people.
    pub description: String,
}
read_fields!(ReasoningEffort { reasoning_effort, description });

/// An entry of the conversation, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TextEntry {
    /// Its id.
    pub id: String,
    /// Who says it.
    pub role: Role,
    /// What it says.
    pub text: String,
    /// How far it has come: `inProgress`, `completed`, …
    pub status: String,
    /// What kind of item it is, in codex's words.
    pub source: String,
    /// When it began, in Unix milliseconds.
    pub created_at: Option<i64>,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The agent.
    Assistant,
    /// Everything that happened between them.
    System,
}

/// An event, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecentEvent {
    /// When it came (RFC 3339, UTC).
    pub at: String,
    /// The event's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Codex's method.
    pub method: Option<String>,
    /// The kind of the item it is about.
    pub item_type: Option<String>,
    /// The item it is about.
    pub item_id: Option<String>,
    /// A status that it tells.
    pub status: Option<String>,
    /// The beginning of its text.
    pub text_preview: Option<String>,
}
