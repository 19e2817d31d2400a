//! Why a session cannot do what it was asked.

use std::time::Duration;

use codex_gateway_wire::{
    RequestResolved, SessionId, ThreadId,
    api::ErrorCode,
    request::{Outcome, ResolvedBy},
    turn::MAX_PROMPT_CHARS,
};

use crate::{
    bridge::{BridgeError, RpcError, protocol::thread_damage},
    requests::BadAnswer,
    store::StoreError,
    uploads::UploadError,
};

/// Why a session cannot do what it was asked. The message is for people; [`SessionError::code`] for programs.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no such session, or it is somebody else's.
    #[error("there is no such session")]
    NotFound,
    /// The session has ended, and the thread that it was in has not.
    #[error("the session has ended; a new one can go on with its thread {thread}")]
    Ended {
        /// The thread.
        thread: ThreadId,
    },
    /// As many sessions are live as may be, and all of them are busy.
    #[error("the limit of {0} live sessions is reached, and all of them are busy; try again later")]
    Limit(usize),
    /// The session's process has ended too often.
    #[error("codex ended {times} times without completing a turn{}; sending a message again tries once more",
        .last.as_ref().map(|last| format!(" ({last})")).unwrap_or_default())]
    Crashing {
        /// How often.
        times: u32,
        /// What the last one said.
        last: Option<String>,
    },
    /// A turn is running, or about to.
    #[error("a turn is active; wait for its end, or interrupt it")]
    TurnActive,
    /// No turn is running, but a command or a sub-agent is still at work, or a question waits.
    #[error("the conversation is still at work; wait until that ends, or end its session first")]
    StillAtWork,
    /// No turn is running.
    #[error("no turn is active")]
    NoActiveTurn,
    /// The user said nothing.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// The model cannot think that hard.
    #[error("effort is {effort:?}, which {model} does not take; it takes: {known}")]
    BadEffort {
        /// What was asked for.
        effort: String,
        /// Of which model.
        model: String,
        /// What it takes.
        known: String,
    },
    /// The message has more parts than it may.
    #[error("a message can have {0} parts at most")]
    TooManyParts(usize),
    /// The texts of the message are longer than codex takes.
    #[error("the message has {0} characters, and codex takes {MAX_PROMPT_CHARS} at most")]
    PromptTooLong(usize),
    /// The message brings more images than it may.
    #[error("a message can bring {0} images at most")]
    TooManyImages(usize),
    /// The model does not look at images.
    #[error("the model {0} takes no images; choose another, or leave them out")]
    NoImages(String),
    /// The file is outside of where the session works.
    #[error("{0:?} is not inside the session's directory")]
    OutsideSession(String),
    /// There is no such file where the session works.
    #[error("there is no {0:?} in the session's directory")]
    NoSuchFile(String),
    /// The message brings an upload that is none, or somebody else's.
    #[error("the message brings an image that was not uploaded, or is gone")]
    NoSuchUpload,
    /// It cannot be kept, or given back.
    #[error(transparent)]
    Upload(UploadError),
    /// Nothing of that id waits for its turn, or does not any more.
    #[error("there is no such message in the queue; it may have been sent")]
    NoSuchQueueItem,
    /// It is on its way to codex.
    #[error("this message is being sent")]
    QueueItemSending,
    /// As many messages wait as may.
    #[error("{items} messages wait already; wait until one is sent, or take one out")]
    QueueFull {
        /// How many may wait.
        items: usize,
    },
    /// The messages that wait would say more than they may.
    #[error("the messages that wait may have {} KiB together; wait until one is sent, or say less", .bytes >> 10)]
    QueueTooLong {
        /// How much they may say, in bytes.
        bytes: usize,
    },
    /// Messages wait for their turn in the thread that the session is in.
    #[error("messages wait in the queue for this thread; send them or take them out first")]
    QueueWaits,
    /// The conversation ends with another turn than the client expects.
    #[error("the conversation has gone on; look at its newest turns, and send the message again")]
    ConversationChanged,
    /// The session is changing its thread or starting its process.
    #[error("the session is starting its codex process; try again in a moment")]
    Starting,
    /// The turn did not begin in time to be interrupted, or told something.
    #[error("the turn did not begin within {} s, so it could not be interrupted or told anything", .0.as_secs())]
    NeverStarted(Duration),
    /// The turn was stopped before its message was sent to codex.
    #[error(
        "the turn was stopped while codex was still being started, so the message was not sent; send it again"
    )]
    StoppedEarly,
    /// Nothing of that id waits for the user, or ever did.
    #[error("there is no such request")]
    NoSuchRequest,
    /// It does not wait any more.
    #[error("this request has ended: {}", how(.0))]
    RequestEnded(RequestResolved),
    /// There is no such rule, or it is another owner's.
    #[error("there is no such rule")]
    NoSuchRule,
    /// The owner has as many rules as they may.
    #[error("there are {0} rules already; revoke one first, or allow it once")]
    TooManyRules(usize),
    /// The answer does not fit the request, which still waits.
    #[error(transparent)]
    BadAnswer(#[from] BadAnswer),
    /// There is no such entry in the conversation.
    #[error("there is no such entry in the conversation")]
    NoSuchEntry,
    /// There is no such turn in the conversation.
    #[error("there is no such turn in the conversation")]
    NoSuchTurn,
    /// Nothing was said yet, so that there is nothing to be done with it.
    #[error("nothing has been said in this conversation yet")]
    EmptyThread,
    /// It must be brought back first.
    #[error("this thread is archived; unarchive it first")]
    Archived,
    /// The entry has no picture, or none that may be shown: it is not in the session's directory, too large, or none.
    #[error("there is no picture there that can be shown")]
    NoImage,
    /// The key of the request was another request's.
    #[error("this Idempotency-Key was another request's; a new request has a new one")]
    KeyReused,
    /// A request with this key was begun, and nobody knows what came of it.
    #[error(
        "a request with this Idempotency-Key was begun, and what came of it is not known; look at the session, or send it again \
         with another key"
    )]
    KeyUnfinished,
    /// The gateway is stopping.
    #[error("the gateway is shutting down")]
    ShuttingDown,
    /// Codex is indexing the conversation, and tells nothing of it until that is done.
    #[error("codex is indexing this conversation; try again in a moment")]
    Indexing,
    /// There is no such thread, or it is somebody else's.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// What should be a thread's id is none.
    #[error("threadId is not the id of a thread: it should be a UUID")]
    BadThreadId,
    /// A thread has one writer, and it is another.
    #[error("{}", held(.session.as_ref()))]
    ThreadHeld {
        /// The session that holds it; none if no session of this gateway does.
        session: Option<SessionId>,
    },
    /// What should say where a list goes on does not.
    #[error("cursor is none that this list has given, or it is of before the gateway was restarted")]
    BadCursor,
    /// More is being read than can be read at the same time.
    #[error("too many threads are being read; try again in a moment")]
    TooManyReads,
    /// The directory cannot be worked in.
    #[error("cwd is {0:?}, which is not a directory that can be used")]
    BadCwd(String),
    /// The directory is outside of those that the operator allows.
    #[error("cwd is {0:?}, which is not inside a directory that CODEX_GATEWAY_WORKSPACES names")]
    OutsideWorkspaces(String),
    /// The operator allows less.
    #[error("{field} can be {ceiling} at most: the operator allows no more")]
    OverCeiling {
        /// What was asked for too much of.
        field: &'static str,
        /// How much there is.
        ceiling: &'static str,
    },
    /// The gateway's own database does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was written down of the session is not what a gateway writes.
    #[error("what was written down of this session cannot be read ({0}); it can be deleted")]
    Unreadable(String),
    /// Codex cannot read the file of the thread.
    #[error(
        "codex cannot read this conversation: its file {0}; restore the file, or go on in a new conversation"
    )]
    ThreadDamaged(String),
    /// Codex cannot read its configuration; where, and why.
    #[error("codex cannot read its configuration: {0}")]
    ConfigBroken(String),
    /// Codex cannot do it.
    #[error(transparent)]
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

fn held(session: Option<&SessionId>) -> String {
    match session {
        Some(session) => format!("the session {session} holds this thread; delete it, or go on there"),
        None => "a program outside of this gateway holds this thread".to_owned(),
    }
}

impl SessionError {
    /// Returns `true` if the work may have been done in spite of the error, so that it must not be repeated.
    pub(crate) fn may_have_been_done(&self) -> bool {
        match self {
            Self::Codex(error) => !matches!(
                error,
                BridgeError::Refused { .. }
                    | BridgeError::Lacks(_)
                    | BridgeError::TooOld(_)
                    | BridgeError::Spawn { .. }
            ),
            Self::ShuttingDown | Self::NeverStarted(_) => true,
            _ => false,
        }
    }

    /// For programs.
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
            Self::QueueWaits => ErrorCode::QueueWaits,
            Self::TooManyRules(_) => ErrorCode::TooManyRules,
            Self::Upload(error) => error.code(),
            Self::NoImages(_) => ErrorCode::NoImages,
            Self::OutsideSession(_) => ErrorCode::OutsideSession,
            Self::NoSuchFile(_) => ErrorCode::NoSuchFile,
            Self::BadThreadId => ErrorCode::BadThreadId,
            Self::ThreadHeld { .. } => ErrorCode::ThreadHeld,
            Self::BadCursor => ErrorCode::BadQuery,
            Self::TooManyReads => ErrorCode::TooManyReads,
            Self::Indexing => ErrorCode::Indexing,
            Self::BadCwd(_) => ErrorCode::BadCwd,
            Self::OutsideWorkspaces(_) => ErrorCode::OutsideWorkspaces,
            Self::OverCeiling { .. } => ErrorCode::OverCeiling,
            Self::Store(_) | Self::Unreadable(_) => ErrorCode::Store,
            Self::Limit(_) => ErrorCode::SessionLimit,
            Self::Crashing { .. } => ErrorCode::CodexCrashing,
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
            Self::NeverStarted(_) | Self::StoppedEarly => ErrorCode::CodexTimeout,
            Self::ThreadDamaged(_) => ErrorCode::ThreadDamaged,
            Self::ConfigBroken(_) => ErrorCode::CodexConfig,
            Self::Codex(error) => error.code(),
        }
    }
}

impl BridgeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Deadline { .. } | Self::Unresponsive => ErrorCode::CodexTimeout,
            Self::Refused { error, .. } => match error.code {
                RpcError::OVERLOADED => ErrorCode::CodexOverloaded,
                RpcError::INVALID_REQUEST | RpcError::INVALID_PARAMS => ErrorCode::CodexRefused,
                _ => ErrorCode::CodexFailed,
            },
            Self::TooOld(_) => ErrorCode::CodexTooOld,
            Self::Lacks(_) => ErrorCode::CodexLacks,
            Self::BadReply { .. } | Self::ReplyTooLong => ErrorCode::CodexBadReply,
            Self::Spawn { .. } | Self::Exited(_) | Self::Closed => ErrorCode::CodexUnavailable,
        }
    }
}

impl From<UploadError> for SessionError {
    /// What went wrong with an image of a message.
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NotFound => Self::NoSuchUpload,
            UploadError::Store(error) => Self::Store(error),
            error => Self::Upload(error),
        }
    }
}

/// How a request ended, in words.
fn how(ended: &RequestResolved) -> String {
    let outcome = match ended.outcome {
        Outcome::Accepted => "accepted",
        Outcome::Declined => "declined",
        Outcome::Cancelled => "cancelled",
        Outcome::Answered => "answered",
        Outcome::Withdrawn | Outcome::Other => "withdrawn",
    };
    let by = match ended.by {
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
