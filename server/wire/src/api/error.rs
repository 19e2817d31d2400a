//! What a request is answered with that cannot be done.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{SessionId, ThreadId},
    request::RequestResolved,
    words::words,
};

/// The body of every error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    /// For people.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: String,
    /// For programs: a stable word.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: ErrorCode,
    /// What the log calls the request.
    pub request_id: Option<String>,
    /// How a request to the user ended that does not wait any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<RequestResolved>,
    /// The session that is in the way, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The thread of a session that has ended: a new session can go on with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<ThreadId>,
}

words! {
    /// Why a request cannot be done, for programs.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub enum ErrorCode {
        /// The body is not JSON, says that it is something else, or is not of the right shape.
        BadBody = "bad_body",
        /// A part of the query cannot be understood, a cursor is none that the list has given, or of before the gateway
        /// was restarted.
        BadQuery = "bad_query",
        /// An `Idempotency-Key` is sent once, and is 1 to 255 visible ASCII characters.
        BadKey = "bad_key",
        /// A request has one `Host`, and its target names no other.
        BadHost = "bad_host",
        /// The prompt is empty.
        EmptyPrompt = "empty_prompt",
        /// The model cannot think that hard.
        BadEffort = "bad_effort",
        /// The texts of the message are longer than codex takes: 1,048,576 characters.
        PromptTooLong = "prompt_too_long",
        /// The message has more parts than it may.
        TooManyParts = "too_many_parts",
        /// The message brings more images than it may.
        TooManyImages = "too_many_images",
        /// The message brings an image that was not uploaded, or is gone.
        NoSuchUpload = "no_such_upload",
        /// The message mentions a file that is not there.
        NoSuchFile = "no_such_file",
        /// What should be a thread's id is none.
        BadThreadId = "bad_thread_id",
        /// The directory cannot be worked in.
        BadCwd = "bad_cwd",
        /// The answer does not fit the request, which still waits.
        BadAnswer = "bad_answer",
        /// No valid token, or one that ended while the request waited.
        Unauthorized = "unauthorized",
        /// The request names a host that is not this gateway's.
        ForeignHost = "foreign_host",
        /// A page of another site sent the request.
        ForeignOrigin = "foreign_origin",
        /// The file is outside of where the session works.
        OutsideSession = "outside_session",
        /// The directory is outside of those that the operator allows.
        OutsideWorkspaces = "outside_workspaces",
        /// The operator allows less.
        OverCeiling = "over_ceiling",
        /// It is not there, or somebody else's.
        NotFound = "not_found",
        /// There is something at this path, but not for this method.
        MethodNotAllowed = "method_not_allowed",
        /// The body comes too slowly.
        SlowBody = "slow_body",
        /// A turn is active, or something that it began is still at work.
        TurnActive = "turn_active",
        /// No turn is active.
        NoActiveTurn = "no_active_turn",
        /// The session is changing its thread or starting its process; try again in a moment.
        Starting = "starting",
        /// Nothing was said in the thread yet.
        EmptyThread = "empty_thread",
        /// The thread is archived.
        Archived = "archived",
        /// The message is on its way to codex.
        QueueItemSending = "queue_item_sending",
        /// As many messages wait as may, or they would say more than they may.
        QueueFull = "queue_full",
        /// Messages wait for their turn in the thread that the session is in.
        QueueWaits = "queue_waits",
        /// The caller has as many rules as they may; revoke one first.
        TooManyRules = "too_many_rules",
        /// The conversation ends with another turn than the client expects.
        ConversationChanged = "conversation_changed",
        /// Another session, or another program, holds the thread.
        ThreadHeld = "thread_held",
        /// A request with this key was begun, and what came of it is not known.
        KeyUnfinished = "key_unfinished",
        /// The request to the user does not wait any more; `resolved` says how it ended.
        RequestEnded = "request_ended",
        /// An older gateway had this path.
        Gone = "gone",
        /// The body is larger than its route takes: 4 MiB for a turn, 512 KiB for a change of the queue and for an
        /// answer, 10 MiB for an image, else 64 KiB.
        TooLarge = "too_large",
        /// The body is no image, or does not say that it is one.
        NoImage = "no_image",
        /// The image is broken.
        BrokenImage = "broken_image",
        /// The image has more pixels than it may.
        TooManyPixels = "too_many_pixels",
        /// The model takes no images.
        NoImages = "no_images",
        /// The `Idempotency-Key` was another request's.
        KeyReused = "key_reused",
        /// Codex cannot read the thread's file, which is damaged; `error` says how.
        ThreadDamaged = "thread_damaged",
        /// Codex does not take it, and says why.
        CodexRefused = "codex_refused",
        /// Too much was asked in too short a time; `Retry-After` says when to try again.
        RateLimited = "rate_limited",
        /// A bug of the gateway; its log knows more.
        #[default]
        Internal = "internal",
        /// What the gateway keeps on disk cannot be read or written.
        Store = "store",
        /// Codex could not do it, and says why.
        CodexFailed = "codex_failed",
        /// Codex answered what cannot be understood.
        CodexBadReply = "codex_bad_reply",
        /// This version of codex cannot do it.
        CodexLacks = "codex_lacks",
        /// As many sessions as may be are busy; `Retry-After` says when to try again.
        SessionLimit = "session_limit",
        /// More threads are being read than can be; `Retry-After` says when to try again.
        TooManyReads = "too_many_reads",
        /// The gateway reads as many request bodies as it can; `Retry-After` says when to try again.
        TooManyBodies = "too_many_bodies",
        /// Codex is indexing the conversation; `Retry-After` says when to try again.
        Indexing = "indexing",
        /// Codex has ended too often.
        CodexCrashing = "codex_crashing",
        /// Codex is overloaded, and says so.
        CodexOverloaded = "codex_overloaded",
        /// Codex is older than it may be.
        CodexTooOld = "codex_too_old",
        /// Codex cannot read its configuration; `error` names the file and the line.
        CodexConfig = "codex_config",
        /// The codex executable cannot be run, or has ended.
        CodexUnavailable = "codex_unavailable",
        /// The gateway is stopping.
        ShuttingDown = "shutting_down",
        /// Codex did not answer in time.
        CodexTimeout = "codex_timeout",
        /// The caller keeps as many images as they may.
        NoRoom = "no_room",
    }
    other = Internal
}

impl ErrorCode {
    /// The HTTP status that says it.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadBody
            | Self::BadQuery
            | Self::BadKey
            | Self::BadHost
            | Self::EmptyPrompt
            | Self::BadEffort
            | Self::PromptTooLong
            | Self::TooManyParts
            | Self::TooManyImages
            | Self::NoSuchUpload
            | Self::NoSuchFile
            | Self::BadThreadId
            | Self::BadCwd
            | Self::BadAnswer => 400,
            Self::Unauthorized => 401,
            Self::ForeignHost
            | Self::ForeignOrigin
            | Self::OutsideSession
            | Self::OutsideWorkspaces
            | Self::OverCeiling => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::SlowBody => 408,
            Self::TurnActive
            | Self::NoActiveTurn
            | Self::Starting
            | Self::EmptyThread
            | Self::Archived
            | Self::QueueItemSending
            | Self::QueueFull
            | Self::QueueWaits
            | Self::TooManyRules
            | Self::ConversationChanged
            | Self::ThreadHeld
            | Self::KeyUnfinished
            | Self::RequestEnded => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::NoImage => 415,
            Self::BrokenImage
            | Self::TooManyPixels
            | Self::NoImages
            | Self::KeyReused
            | Self::ThreadDamaged
            | Self::CodexRefused => 422,
            Self::RateLimited => 429,
            Self::Internal | Self::Store | Self::CodexFailed | Self::CodexBadReply => 500,
            Self::CodexLacks => 501,
            Self::SessionLimit
            | Self::TooManyReads
            | Self::TooManyBodies
            | Self::Indexing
            | Self::CodexCrashing
            | Self::CodexOverloaded
            | Self::CodexTooOld
            | Self::CodexConfig
            | Self::CodexUnavailable
            | Self::ShuttingDown => 503,
            Self::CodexTimeout => 504,
            Self::NoRoom => 507,
        }
    }
}
