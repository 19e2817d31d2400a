//! Errors of sessions.

use std::{fmt, time::Duration};

use codex_app_server_client::{
    BridgeError, RpcError,
    protocol::thread_damage,
    version::{MIN_VERSION, TARGET_VERSION, TooOld},
};
use codex_gateway_wire::{
    RequestResolved, SessionId, ThreadId,
    api::ErrorCode,
    request::{RequestOutcome, ResolvedBy},
    turn::MAX_PROMPT_CHARS,
};

use crate::{
    server_requests::{BadAnswer, NotPending},
    store::StoreError,
    uploads::UploadError,
};

/// An error of a session or of the registry. Its message is for people; [`SessionError::code`] is for programs.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    /// The session does not exist, or belongs to another owner.
    #[error("there is no such session")]
    NotFound,
    /// The session has ended, but its thread can be resumed.
    #[error("the session has ended; a new one can go on with its thread {thread}")]
    Ended {
        /// The session's thread.
        thread: ThreadId,
    },
    /// The maximum number of sessions have processes, and all of them are busy. The value is that maximum.
    #[error("the limit of {0} live sessions is reached, and all of them are busy; try again later")]
    SessionLimit(usize),
    /// The session's process has exited too often without completing a turn.
    #[error("codex ended {times} times without completing a turn{}; sending a message again tries once more",
        .last.as_ref().map(|last| format!(" ({last})")).unwrap_or_default())]
    CrashLoop {
        /// How often the process has exited.
        times: u32,
        /// The last line of its error output.
        last: Option<String>,
    },
    /// A turn is running or starting.
    #[error("a turn is active; wait for its end, or interrupt it")]
    TurnActive,
    /// No turn is running, but a command or a sub-agent is, or a request waits for the user.
    #[error("the conversation is still at work; wait until that ends, or end its session first")]
    StillAtWork,
    /// No turn is running.
    #[error("no turn is active")]
    NoActiveTurn,
    /// The prompt is empty.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// The model does not support the effort.
    #[error("effort is {effort:?}, which {model} does not take; it takes: {known}")]
    BadEffort {
        /// The requested effort.
        effort: String,
        /// The model.
        model: String,
        /// The efforts that the model supports.
        known: String,
    },
    /// The message has too many parts. The value is the maximum.
    #[error("a message can have {0} parts at most")]
    TooManyParts(usize),
    /// The texts of the message exceed [`MAX_PROMPT_CHARS`]. The value is their length in characters.
    #[error("the message has {0} characters, and codex takes {MAX_PROMPT_CHARS} at most")]
    PromptTooLong(usize),
    /// The message has too many images. The value is the maximum.
    #[error("a message can bring {0} images at most")]
    TooManyImages(usize),
    /// The model does not support images. The value is the model.
    #[error("the model {0} takes no images; choose another, or leave them out")]
    NoImages(String),
    /// The file is outside of the session's directory. The value is its path.
    #[error("{0:?} is not inside the session's directory")]
    OutsideSession(String),
    /// The file does not exist in the session's directory. The value is its path.
    #[error("there is no {0:?} in the session's directory")]
    NoSuchFile(String),
    /// An image of the message was not uploaded, was removed, or belongs to another owner.
    #[error("the message brings an image that was not uploaded, or is gone")]
    NoSuchUpload,
    /// An upload cannot be stored or read.
    #[error(transparent)]
    Upload(UploadError),
    /// The queue has no message with this id, or no longer has it.
    #[error("there is no such message in the queue; it may have been sent")]
    NoSuchQueueItem,
    /// The queued message is being sent to codex.
    #[error("this message is being sent")]
    QueueItemSending,
    /// The queue has the maximum number of messages.
    #[error("{items} messages wait already; wait until one is sent, or take one out")]
    QueueFull {
        /// The maximum number of messages.
        items: usize,
    },
    /// The texts of the queued messages would exceed the maximum.
    #[error("the messages that wait may have {} KiB together; wait until one is sent, or say less", .bytes >> 10)]
    QueueTooLong {
        /// The maximum, in bytes.
        bytes: usize,
    },
    /// Messages are queued for the session's current thread.
    #[error("messages wait in the queue for this thread; send them or take them out first")]
    QueueNotEmpty,
    /// The last turn of the conversation is not the one that the client expects.
    #[error("the conversation has gone on; look at its newest turns, and send the message again")]
    ConversationChanged,
    /// The session is changing its thread or starting its process.
    #[error("the session is starting its codex process; try again in a moment")]
    Starting,
    /// The turn did not start in time to be interrupted or steered. The value is that time.
    #[error("the turn did not begin within {} s, so it could not be interrupted or told anything", .0.as_secs())]
    TurnStartTimeout(Duration),
    /// The turn was interrupted before its message was sent to codex.
    #[error(
        "the turn was stopped while codex was still being started, so the message was not sent; send it again"
    )]
    StoppedEarly,
    /// There has never been a server request with this id.
    #[error("there is no such request")]
    NoSuchRequest,
    /// The server request is already resolved.
    #[error("this request has ended: {}", describe_resolution(.0))]
    RequestEnded(RequestResolved),
    /// The rule does not exist, or belongs to another owner.
    #[error("there is no such rule")]
    NoSuchRule,
    /// The owner has the maximum number of rules. The value is that maximum.
    #[error("there are {0} rules already; revoke one first, or allow it once")]
    TooManyRules(usize),
    /// The answer does not match the server request, which stays open.
    #[error(transparent)]
    BadAnswer(#[from] BadAnswer),
    /// The entry is not in the conversation.
    #[error("there is no such entry in the conversation")]
    NoSuchEntry,
    /// The turn is not in the conversation.
    #[error("there is no such turn in the conversation")]
    NoSuchTurn,
    /// The thread has no turn yet, so the operation is not possible.
    #[error("nothing has been said in this conversation yet")]
    EmptyThread,
    /// The thread is archived, and must be unarchived first.
    #[error("this thread is archived; unarchive it first")]
    Archived,
    /// The entry has no image that can be shown. The file may be outside of the session's directory, too large, or no
    /// image.
    #[error("there is no picture there that can be shown")]
    NoImage,
    /// The idempotency key was used for a different request.
    #[error("this Idempotency-Key was another request's; a new request has a new one")]
    KeyReused,
    /// A request with this idempotency key was started, and its outcome is unknown.
    #[error(
        "a request with this Idempotency-Key was begun, and what came of it is not known; look at the session, or send it again \
         with another key"
    )]
    KeyUnfinished,
    /// The gateway is stopping.
    #[error("the gateway is shutting down")]
    ShuttingDown,
    /// Codex is indexing the thread, which cannot be read until then.
    #[error("codex is indexing this conversation; try again in a moment")]
    Indexing,
    /// The thread does not exist, or belongs to another owner.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The thread id is malformed.
    #[error("threadId is not the id of a thread: it should be a UUID")]
    BadThreadId,
    /// Another session or program has the thread open for writing.
    #[error("{}", describe_lock(.session.as_ref()))]
    ThreadHeld {
        /// The session that is in the thread. `None` if no session of this gateway is.
        session: Option<SessionId>,
    },
    /// The cursor is malformed, or was issued before the gateway was restarted.
    #[error("cursor is none that this list has given, or it is of before the gateway was restarted")]
    BadCursor,
    /// The maximum number of threads are being read.
    #[error("too many threads are being read; try again in a moment")]
    ReadersBusy,
    /// `cwd` is not a usable directory. The value is its path.
    #[error("cwd is {0:?}, which is not a directory that can be used")]
    BadCwd(String),
    /// `cwd` is outside of `CODEX_GATEWAY_WORKSPACES`. The value is its path.
    #[error("cwd is {0:?}, which is not inside a directory that CODEX_GATEWAY_WORKSPACES names")]
    OutsideWorkspaces(String),
    /// The request exceeds the operator's limit.
    #[error("{field} can be {ceiling} at most: the operator allows no more")]
    OverCeiling {
        /// The field of the request.
        field: &'static str,
        /// The largest value that the operator allows.
        ceiling: &'static str,
    },
    /// The gateway's database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The session's row in the store is malformed. The value is the reason.
    #[error("what was written down of this session cannot be read ({0}); it can be deleted")]
    CorruptSession(String),
    /// Codex cannot read the thread's file. The value is the file's name and the reason.
    #[error(
        "codex cannot read this conversation: its file {0}; restore the file, or go on in a new conversation"
    )]
    ThreadDamaged(String),
    /// Codex cannot read its configuration. The value is the location and the reason.
    #[error("codex cannot read its configuration: {0}")]
    ConfigBroken(String),
    /// A request to codex failed.
    #[error("{}", CodexErrorText(.0))]
    Codex(BridgeError),
}

impl From<BridgeError> for SessionError {
    fn from(error: BridgeError) -> Self {
        match &error {
            BridgeError::Refused { error: refused, .. } => {
                thread_damage(refused).map_or(Self::Codex(error), Self::ThreadDamaged)
            }
            _ => Self::Codex(error),
        }
    }
}

/// Describes for people which session or program has locked a thread.
fn describe_lock(session: Option<&SessionId>) -> String {
    match session {
        Some(session) => format!("the session {session} holds this thread; delete it, or go on there"),
        None => "a program outside of this gateway holds this thread".to_owned(),
    }
}

impl SessionError {
    /// Returns `true` if the operation may have taken effect in spite of the error, so that it must not be repeated.
    pub(crate) fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Codex(error) => !matches!(
                error,
                BridgeError::Refused { .. }
                    | BridgeError::Unsupported(_)
                    | BridgeError::TooOld(_)
                    | BridgeError::Spawn { .. }
            ),
            Self::ShuttingDown | Self::TurnStartTimeout(_) => true,
            _ => false,
        }
    }

    /// Returns the error code for programs.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound
            | Self::Ended { .. }
            | Self::ThreadNotFound
            | Self::NoSuchRequest
            | Self::NoSuchRule
            | Self::NoSuchEntry
            | Self::NoSuchQueueItem
            | Self::NoSuchTurn
            | Self::NoImage => ErrorCode::NotFound,
            Self::EmptyThread => ErrorCode::EmptyThread,
            Self::Archived => ErrorCode::Archived,
            Self::BadEffort { .. } => ErrorCode::BadEffort,
            Self::TooManyParts(_) => ErrorCode::TooManyParts,
            Self::TooManyImages(_) => ErrorCode::TooManyImages,
            Self::PromptTooLong(_) => ErrorCode::PromptTooLong,
            Self::NoSuchUpload => ErrorCode::NoSuchUpload,
            Self::QueueItemSending => ErrorCode::QueueItemSending,
            Self::QueueFull { .. } | Self::QueueTooLong { .. } => ErrorCode::QueueFull,
            Self::QueueNotEmpty => ErrorCode::QueueWaits,
            Self::TooManyRules(_) => ErrorCode::TooManyRules,
            Self::Upload(error) => error.code(),
            Self::NoImages(_) => ErrorCode::NoImages,
            Self::OutsideSession(_) => ErrorCode::OutsideSession,
            Self::NoSuchFile(_) => ErrorCode::NoSuchFile,
            Self::BadThreadId => ErrorCode::BadThreadId,
            Self::ThreadHeld { .. } => ErrorCode::ThreadHeld,
            Self::BadCursor => ErrorCode::BadQuery,
            Self::ReadersBusy => ErrorCode::TooManyReads,
            Self::Indexing => ErrorCode::Indexing,
            Self::BadCwd(_) => ErrorCode::BadCwd,
            Self::OutsideWorkspaces(_) => ErrorCode::OutsideWorkspaces,
            Self::OverCeiling { .. } => ErrorCode::OverCeiling,
            Self::Store(_) | Self::CorruptSession(_) => ErrorCode::Store,
            Self::SessionLimit(_) => ErrorCode::SessionLimit,
            Self::CrashLoop { .. } => ErrorCode::CodexCrashing,
            Self::TurnActive | Self::StillAtWork => ErrorCode::TurnActive,
            Self::NoActiveTurn => ErrorCode::NoActiveTurn,
            Self::EmptyPrompt => ErrorCode::EmptyPrompt,
            Self::ConversationChanged => ErrorCode::ConversationChanged,
            Self::Starting => ErrorCode::Starting,
            Self::RequestEnded(_) => ErrorCode::RequestEnded,
            Self::BadAnswer(_) => ErrorCode::BadAnswer,
            Self::KeyReused => ErrorCode::KeyReused,
            Self::KeyUnfinished => ErrorCode::KeyUnfinished,
            Self::ShuttingDown => ErrorCode::ShuttingDown,
            Self::TurnStartTimeout(_) | Self::StoppedEarly => ErrorCode::CodexTimeout,
            Self::ThreadDamaged(_) => ErrorCode::ThreadDamaged,
            Self::ConfigBroken(_) => ErrorCode::CodexConfig,
            Self::Codex(error) => codex_error_code(error),
        }
    }
}

/// Returns the error code of a failed request to codex.
fn codex_error_code(error: &BridgeError) -> ErrorCode {
    match error {
        BridgeError::Deadline { .. } | BridgeError::Unresponsive => ErrorCode::CodexTimeout,
        BridgeError::Refused { error, .. } => match error.code {
            RpcError::OVERLOADED => ErrorCode::CodexOverloaded,
            RpcError::INVALID_REQUEST | RpcError::INVALID_PARAMS => ErrorCode::CodexRefused,
            _ => ErrorCode::CodexFailed,
        },
        BridgeError::TooOld(_) => ErrorCode::CodexTooOld,
        BridgeError::Unsupported(_) => ErrorCode::CodexLacks,
        BridgeError::BadReply { .. } | BridgeError::ReplyTooLong => ErrorCode::CodexBadReply,
        BridgeError::Spawn { .. } | BridgeError::Exited(_) | BridgeError::Closed => {
            ErrorCode::CodexUnavailable
        }
    }
}

/// Displays an error of a codex process for people. It adds what the client does not know: the gateway's settings.
#[derive(Debug)]
pub struct CodexErrorText<'a>(pub &'a BridgeError);

impl fmt::Display for CodexErrorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            BridgeError::TooOld(error) => f.write_str(&describe_too_old(error)),
            BridgeError::Unsupported(method) => write!(
                f,
                "this codex cannot do that: it does not know {method} (the gateway is made for codex {TARGET_VERSION})"
            ),
            error => fmt::Display::fmt(error, f),
        }
    }
}

/// Describes for people that the installed codex is too old, and what to do.
pub fn describe_too_old(error: &TooOld) -> String {
    let TooOld { found, program } = error;
    format!(
        "codex {found} ({program}) is too old: this gateway needs {MIN_VERSION} or newer, and is made for {TARGET_VERSION}. \
         Install one with `npm install -g @openai/codex@latest`, or name another one in CODEX_GATEWAY_CODEX_BIN"
    )
}

impl From<NotPending> for SessionError {
    fn from(error: NotPending) -> Self {
        match error {
            NotPending::Unknown => Self::NoSuchRequest,
            NotPending::Resolved(resolved) => Self::RequestEnded(resolved),
        }
    }
}

impl From<UploadError> for SessionError {
    /// Converts an error about an image of a message.
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NotFound => Self::NoSuchUpload,
            UploadError::Store(error) => Self::Store(error),
            error => Self::Upload(error),
        }
    }
}

/// Describes for people how and why a server request was resolved.
fn describe_resolution(resolved: &RequestResolved) -> String {
    let outcome = match resolved.outcome {
        RequestOutcome::Accepted => "accepted",
        RequestOutcome::Declined => "declined",
        RequestOutcome::Cancelled => "cancelled",
        RequestOutcome::Answered => "answered",
        RequestOutcome::Withdrawn | RequestOutcome::Other => "withdrawn",
    };
    let by = match resolved.by {
        ResolvedBy::User => "by a user",
        ResolvedBy::Policy => "by the session's setting",
        ResolvedBy::Rule => "by a rule",
        ResolvedBy::Absence => "because nobody was there",
        ResolvedBy::Deadline => "because nobody answered in time",
        ResolvedBy::Codex => "because its turn went on or ended without it",
        ResolvedBy::Process => "because its process ended",
        ResolvedBy::Session | ResolvedBy::Other => "because its session ended",
    };
    format!("{outcome} {by}")
}
