//! Bodies and replies of the HTTP API.

use serde::{Deserialize, Serialize};

pub use crate::turn::{
    ApprovalPolicy, EditQueueItem, InputPart, QueueChange, SandboxMode, Sent, StartTurn, TurnOutcome,
    WhenBusy,
};
use crate::{
    ids::{EventId, SessionId, ThreadId, TurnId, UploadId},
    json::Json,
    read_fields,
    request::{ApprovalMode, RequestResolved, UserRequest},
    turn::QueueItem,
    words::words,
};

/// What every session reply says of the session.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// When it was made (RFC 3339, UTC).
    pub created_at: String,
    /// When it was last used (RFC 3339, UTC).
    pub last_access_at: String,
    /// When it expires if it is not used again (RFC 3339, UTC); none if it never does.
    pub expires_at: Option<String>,
    /// Who answers what codex asks.
    pub approvals: ApprovalMode,
}
read_fields!(SessionInfo { id, created_at, last_access_at, expires_at, approvals });

/// `POST /api/sessions`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateSession {
    /// The model; codex's own default without one.
    pub model: Option<String>,
    /// A thread to go on with.
    pub resume_thread_id: Option<ThreadId>,
    /// Who answers what codex asks; the operator's default without.
    pub approvals: Option<ApprovalMode>,
    /// The directory to work in; the operator's without one. It must be inside one that the operator allows.
    pub cwd: Option<String>,
    /// What commands may touch; what the operator allows at most without.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks; as the operator has it without.
    pub approval_policy: Option<ApprovalPolicy>,
}

/// `POST /api/sessions/{id}/thread/new`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NewThread {
    /// The model; the session's preferred one without.
    pub model: Option<String>,
}

/// `POST /api/sessions/{id}/thread/resume`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumeThread {
    /// The thread to go on with.
    pub thread_id: ThreadId,
}

/// `POST /api/sessions/{id}/thread/fork`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ForkThread {
    /// The last turn that the new thread has; all of them without.
    pub last_turn_id: Option<TurnId>,
}

/// `POST /api/sessions/{id}/thread/revert`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevertThread {
    /// The first turn that is taken back; all later ones are, too.
    pub before_turn_id: TurnId,
}

/// `POST /api/sessions/{id}/thread/review`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ReviewThread {
    /// What is looked at.
    pub target: ReviewTarget,
}

/// What a review looks at, in codex's words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ReviewTarget {
    /// What is changed in the working directory and not committed.
    UncommittedChanges,
    /// What differs from a branch.
    BaseBranch {
        /// The branch.
        branch: String,
    },
    /// A commit.
    Commit {
        /// Which.
        sha: String,
        /// Its title, for people.
        #[serde(default)]
        title: Option<String>,
    },
    /// What somebody says.
    Custom {
        /// What they say.
        instructions: String,
    },
}

/// `POST /api/sessions/{id}/thread/name`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct NameThread {
    /// What people call the thread; not empty.
    pub name: String,
}

words! {
    /// What can be done with a conversation, beside talking in it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ThreadAction {
        /// Begin another one with what was said until the end of a turn.
        Fork = "fork",
        /// Take back a turn and all that came later.
        Revert = "revert",
        /// Make its history shorter, for the model.
        Compact = "compact",
        /// Look at what was changed.
        Review = "review",
        /// Put it out of the way.
        Archive = "archive",
        /// Bring it back.
        Unarchive = "unarchive",
    }
}

/// The reply of a request that is about a thread, and is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDone {
    /// Always true.
    pub ok: bool,
    /// The thread.
    pub thread_id: ThreadId,
}

/// `GET /api/threads`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadList {
    /// Always true.
    pub ok: bool,
    /// A page of the caller's threads, as codex describes them.
    pub threads: Vec<Json>,
    /// Where the next page begins; none after the last one.
    pub next_cursor: Option<String>,
    /// Codex's reply, without what is not the caller's.
    pub raw: Json,
}

/// `GET /api/threads/{threadId}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReply {
    /// Always true.
    pub ok: bool,
    /// The thread's id.
    pub thread_id: ThreadId,
    /// The thread with its turns, as codex describes it.
    pub thread: Json,
    /// Codex's reply.
    pub raw: Json,
}

/// The reply of every request that a session answers with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReply {
    /// Always true.
    pub ok: bool,
    /// The session.
    pub session_id: SessionId,
    /// The session, its times included.
    pub session: SessionInfo,
    /// Its state.
    pub state: SessionState,
    /// The newest event that the state includes.
    pub last_event_id: EventId,
}

/// The reply to a message: what became of it, and the session's state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TurnReply {
    /// The session.
    #[serde(flatten)]
    pub session: SessionReply,
    /// What became of it.
    #[serde(flatten)]
    pub sent: Sent,
}

/// `GET /api/sessions/{id}/queue`, and the reply to every change of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueReply {
    /// Always true.
    pub ok: bool,
    /// What waits for its turn, the next one first.
    pub queue: Vec<QueueItem>,
    /// The newest event that this includes.
    pub last_event_id: EventId,
}

words! {
    /// A kind of image that can be uploaded.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ImageKind {
        /// PNG.
        Png = "png",
        /// JPEG.
        Jpeg = "jpeg",
        /// GIF.
        Gif = "gif",
        /// WebP.
        Webp = "webp",
    }
}

/// `POST /api/uploads`: an image that messages can bring, by its id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Upload {
    /// Always true.
    pub ok: bool,
    /// Its id.
    pub id: UploadId,
    /// What kind of image it is, by its content.
    pub kind: ImageKind,
    /// How wide it is, in pixels.
    pub width: u32,
    /// How high it is, in pixels.
    pub height: u32,
    /// How large it is, in bytes.
    pub bytes: u64,
}
read_fields!(Upload { ok, width, height, bytes; id, kind });

/// The text view of a session: the documented `state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The models that can be chosen.
    pub models: Vec<Model>,
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
    /// The newest 100 entries of the conversation, as text.
    pub transcript: Vec<TextEntry>,
    /// The newest 120 events, in short.
    pub recent_events: Vec<RecentEvent>,
    /// What waits for the user, the oldest first.
    pub pending_requests: Vec<UserRequest>,
}

/// What codex says of the machine it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// `DELETE /api/sessions/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// Always true.
    pub ok: bool,
    /// The session that is gone.
    pub session_id: SessionId,
}

/// `GET /healthz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always true.
    pub ok: bool,
    /// How long the gateway has run, in seconds.
    pub uptime_seconds: u64,
}

/// `GET /readyz`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether the codex executable can be run.
    pub ok: bool,
    /// How many sessions are live.
    pub active_sessions: usize,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `GET /api/sessions/{id}/files`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileList {
    /// Always true.
    pub ok: bool,
    /// What fits the query, the best first.
    pub files: Vec<FoundFile>,
    /// Whether the whole directory was looked through; it may be too large.
    pub complete: bool,
}

/// A file or a directory that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FoundFile {
    /// Its path, from the session's directory.
    pub path: String,
    /// Whether it is a directory.
    pub directory: bool,
}
read_fields!(FoundFile { path, directory });

/// The body of every error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    /// For people.
    pub error: String,
    /// For programs: a stable word.
    pub code: String,
    /// What the log calls the request.
    pub request_id: Option<String>,
    /// How a request to the user ended that does not wait any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<RequestResolved>,
    /// The session that is in the way, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}

/// `GET /api/sessions`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionList {
    /// Always true.
    pub ok: bool,
    /// The caller's own live ones, the last used first.
    pub sessions: Vec<ListedSession>,
}

/// A session in the API's list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    /// What every reply says of it.
    #[serde(flatten)]
    pub session: SessionInfo,
    /// What it is about.
    pub title: Option<String>,
    /// The thread that it is in.
    pub thread_id: Option<ThreadId>,
    /// The directory that the thread works in, absolute.
    pub cwd: Option<String>,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether something waits for the user.
    pub waiting: bool,
}

/// A directory that is offered to work in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Its path, absolute.
    pub path: String,
    /// The git branch that is checked out there.
    pub branch: Option<String>,
}
read_fields!(Workspace { path, branch });

/// A session in the page's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// Its id.
    pub id: SessionId,
    /// What it is about.
    pub title: Option<String>,
    /// The thread that it is in.
    pub thread_id: Option<ThreadId>,
    /// When it was last used, in Unix milliseconds.
    pub last_access_ms: i64,
    /// Whether a turn is running.
    pub running: bool,
    /// Whether something waits for the user.
    pub waiting: bool,
    /// When a turn last ended, or something was last asked of the user, in Unix milliseconds; 0 if never.
    pub news_ms: i64,
}
read_fields!(SessionSummary { id, title, thread_id, last_access_ms, running, waiting, news_ms });

/// `GET /api/sessions/{id}/diff`: what was changed in files, as told by the agent's own changes of files. What its
/// commands wrote is not in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffReply {
    /// Always true.
    pub ok: bool,
    /// The event it includes last.
    pub at: EventId,
    /// The thread it is of; none before the session has one.
    pub thread_id: Option<ThreadId>,
    /// What the newest turn has changed so far; none before there is one.
    pub turn: Option<TurnDiff>,
    /// What the whole conversation has changed.
    pub thread: ThreadDiff,
}

/// What a turn has changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TurnDiff {
    /// The turn.
    pub id: TurnId,
    /// What it has changed.
    #[serde(flatten)]
    pub changed: Changed,
}

/// What a conversation has changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreadDiff {
    /// Whether it was looked at from its beginning.
    pub complete: bool,
    /// What it has changed.
    #[serde(flatten)]
    pub changed: Changed,
}

/// What was changed: several changes of a file are one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// A unified diff, as git writes it. Paths are told from the thread's directory.
    pub diff: String,
    /// Whether the end of the diff was left out: it has at most 1 MiB. The files are all there.
    pub cut: bool,
    /// The files.
    pub files: Vec<ChangedFile>,
}

/// A file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// Where it was, or is if it is new; told from the thread's directory if it is in there, else absolute.
    pub path: String,
    /// `add`, `delete` or `update`.
    pub kind: String,
    /// Where it was moved to.
    pub move_path: Option<String>,
    /// How many lines came.
    pub added: usize,
    /// How many lines went.
    pub removed: usize,
}
