//! The state of a session.

use serde::{Deserialize, Serialize};

use crate::{
    codex::McpServer,
    ids::{ThreadId, TurnId},
    json::Json,
    lenient_deserialize,
    request::UserRequest,
    string_enum::string_enum,
    turn::{ApprovalPolicy, QueueItem, SandboxMode},
};

/// The state of a session, with the transcript as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// Whether the session has a process.
    pub ready: bool,
    /// The thread's working directory, absolute.
    pub cwd: String,
    /// When the process started (RFC 3339, UTC).
    pub started_at: Option<String>,
    /// Codex's description of the machine it runs on.
    pub runtime: Runtime,
    /// The account that codex is signed in with.
    pub account: AccountState,
    /// The available models. Omitted from replies without details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub models: Option<Vec<Model>>,
    /// The current model.
    pub selected_model: Option<String>,
    /// The current reasoning effort. `null`: the model's default.
    pub effort: Option<String>,
    /// What commands may access. `null` if this version does not know the mode.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval. `null` if this version does not know the policy.
    pub approval_policy: Option<ApprovalPolicy>,
    /// The queued messages, the next one first.
    pub queue: Vec<QueueItem>,
    /// The session's thread.
    pub thread_id: Option<ThreadId>,
    /// The thread's status, as codex reports it.
    pub thread_status: Option<crate::codex::ThreadStatus>,
    /// The running turn.
    pub current_turn_id: Option<TurnId>,
    /// Whether a turn is running or about to start.
    pub active_turn: bool,
    /// The status of the last turn.
    pub last_turn_status: Option<String>,
    /// The newest 100 entries of the transcript, as text. Omitted from replies without details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transcript: Option<Vec<TextEntry>>,
    /// Summaries of the newest 120 events. Omitted from replies without details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub recent_events: Option<Vec<RecentEvent>>,
    /// The MCP servers of the session's process, with their startup status. Empty without a process.
    #[serde(default)]
    pub mcp_servers: Vec<McpServer>,
    /// The pending requests to the user, oldest first.
    pub pending_requests: Vec<UserRequest>,
}

impl SessionState {
    /// Removes the fields that grow with the conversation and those that are the same in every reply.
    pub fn make_lean(&mut self) {
        (self.models, self.transcript, self.recent_events) = (None, None, None);
    }
}

string_enum! {
    /// The details of a session's state in a reply.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum StateDetail {
        /// The whole state.
        #[default]
        Full = "full",
        /// Without the transcript, the newest events and the models.
        None = "none",
    }
}

/// Codex's description of the machine it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Runtime {
    /// `unix` or `windows`.
    pub platform_family: Option<String>,
    /// `linux`, `macos`, …
    pub platform_os: Option<String>,
    /// Codex's user agent, which includes its version.
    pub user_agent: Option<String>,
}

/// The account that codex is signed in with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AccountState {
    /// The account as codex reports it.
    pub raw: Option<Json>,
    /// A short human-readable description.
    pub summary: String,
    /// Whether the model provider requires a sign-in with OpenAI.
    pub requires_openai_auth: bool,
}

/// A model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The model's id.
    pub model: String,
    /// The name to display.
    pub display_name: String,
    /// Whether the model is codex's default.
    pub is_default: bool,
    /// Whether codex hides the model in its own list.
    pub hidden: bool,
    /// Whether the model supports personalities.
    pub supports_personality: bool,
    /// The supported kinds of input: `text`, `image`.
    pub input_modalities: Vec<String>,
    /// The supported reasoning efforts, the lowest first.
    pub supported_reasoning_efforts: Vec<ReasoningEffort>,
    /// The default reasoning effort.
    pub default_reasoning_effort: Option<String>,
}
lenient_deserialize!(Model {
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
    /// Returns `true` if the model accepts images.
    pub fn supports_images(&self) -> bool {
        self.input_modalities.iter().any(|modality| modality == "image")
    }
}

/// A reasoning effort of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReasoningEffort {
    /// The value: `low`, `medium`, `high`, …
    pub reasoning_effort: String,
    /// Human-readable description.
    pub description: String,
}
lenient_deserialize!(ReasoningEffort { reasoning_effort, description });

/// An entry of the transcript, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TextEntry {
    /// The entry's id.
    pub id: String,
    /// The author.
    pub role: Role,
    /// The text.
    pub text: String,
    /// The status: `inProgress`, `completed`, …
    pub status: String,
    /// Codex's type of the item.
    pub source: String,
    /// When the entry started, in Unix milliseconds.
    pub created_at: Option<i64>,
}

/// The author of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The agent.
    Assistant,
    /// Everything else: commands, changes of files, notices, …
    System,
}

/// A summary of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecentEvent {
    /// The time of the event (RFC 3339, UTC).
    pub at: String,
    /// The event's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Codex's method.
    pub method: Option<String>,
    /// The type of the event's item.
    pub item_type: Option<String>,
    /// The id of the event's item.
    pub item_id: Option<String>,
    /// The status in the event.
    pub status: Option<String>,
    /// The first characters of the event's text.
    pub text_preview: Option<String>,
}
