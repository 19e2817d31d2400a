//! Error bodies and error codes of the HTTP API.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{SessionId, ThreadId},
    request::RequestResolved,
    string_enum::string_enum,
};

/// The body of every error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    /// Human-readable text.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: String,
    /// Machine-readable code; stable across versions.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: ErrorCode,
    /// The request's id in the log.
    pub request_id: Option<String>,
    /// The end of the request to the user, if it is not pending any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<RequestResolved>,
    /// The session that causes the conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The thread of a session that has ended. A new session can resume it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<ThreadId>,
}

string_enum! {
    /// Why a request failed. Machine-readable.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub enum ErrorCode {
        /// The body is not JSON, has another content type, or does not match the schema.
        BadBody = "bad_body",
        /// A query parameter is invalid, or a cursor is unknown. A restart of the gateway makes earlier cursors unknown.
        BadQuery = "bad_query",
        /// The `Idempotency-Key` header is repeated, or is not 1 to 255 visible ASCII characters.
        BadKey = "bad_key",
        /// The request has no `Host`, several, or one that contradicts its target.
        BadHost = "bad_host",
        /// The prompt is empty.
        EmptyPrompt = "empty_prompt",
        /// The model does not support this reasoning effort.
        BadEffort = "bad_effort",
        /// The texts of the message exceed codex's limit of 1,048,576 characters.
        PromptTooLong = "prompt_too_long",
        /// The message has too many parts.
        TooManyParts = "too_many_parts",
        /// The message has too many images.
        TooManyImages = "too_many_images",
        /// An image of the message was never uploaded, or has been removed.
        NoSuchUpload = "no_such_upload",
        /// The message mentions a file that does not exist.
        NoSuchFile = "no_such_file",
        /// The thread id is malformed.
        BadThreadId = "bad_thread_id",
        /// The working directory does not exist or is not usable.
        BadCwd = "bad_cwd",
        /// The answer does not match the request, which is still pending.
        BadAnswer = "bad_answer",
        /// The token is missing or invalid, or expired while the request was waiting.
        Unauthorized = "unauthorized",
        /// The `Host` is not one of this gateway's.
        ForeignHost = "foreign_host",
        /// The request comes from a page of another site.
        ForeignOrigin = "foreign_origin",
        /// The file is outside of the session's directory.
        OutsideSession = "outside_session",
        /// The directory is outside of the workspaces that the operator allows.
        OutsideWorkspaces = "outside_workspaces",
        /// The setting exceeds what the operator allows.
        OverCeiling = "over_ceiling",
        /// The resource does not exist, or belongs to another owner.
        NotFound = "not_found",
        /// The path exists, but not for this method.
        MethodNotAllowed = "method_not_allowed",
        /// The body arrives too slowly.
        SlowBody = "slow_body",
        /// A turn is running, or something that it started still runs.
        TurnActive = "turn_active",
        /// No turn is running.
        NoActiveTurn = "no_active_turn",
        /// The session is switching its thread or starting its process. Try again in a moment.
        Starting = "starting",
        /// The thread has no messages yet.
        EmptyThread = "empty_thread",
        /// The thread is archived.
        Archived = "archived",
        /// The queued message is being sent to codex.
        QueueItemSending = "queue_item_sending",
        /// The queue has reached its maximum of messages or bytes.
        QueueFull = "queue_full",
        /// The session's queue is not empty.
        QueueWaits = "queue_waits",
        /// The caller has the maximum number of rules. Revoke one first.
        TooManyRules = "too_many_rules",
        /// The last turn of the conversation is not the one that the client expects.
        ConversationChanged = "conversation_changed",
        /// The thread is locked by another session or program.
        ThreadHeld = "thread_held",
        /// A request with this `Idempotency-Key` was started, and its result is not known.
        KeyUnfinished = "key_unfinished",
        /// The request to the user is not pending any more. `resolved` has its end.
        RequestEnded = "request_ended",
        /// The path existed in an older version.
        Gone = "gone",
        /// The body exceeds the limit of its route: 4 MiB for a turn, 512 KiB for a change of the queue and for an
        /// answer, 10 MiB for an image, else 64 KiB.
        TooLarge = "too_large",
        /// The body is not an image, or its content type is not that of an image.
        NoImage = "no_image",
        /// The image is damaged.
        BrokenImage = "broken_image",
        /// The image has too many pixels.
        TooManyPixels = "too_many_pixels",
        /// The model does not support images.
        NoImages = "no_images",
        /// The `Idempotency-Key` was used for another request.
        KeyReused = "key_reused",
        /// The thread's file is damaged, and codex cannot read it. `error` has the details.
        ThreadDamaged = "thread_damaged",
        /// Codex rejected the request. `error` has its reason.
        CodexRefused = "codex_refused",
        /// Too many requests. `Retry-After` says when to try again.
        RateLimited = "rate_limited",
        /// A bug of the gateway. The log has the details.
        #[default]
        Internal = "internal",
        /// The gateway cannot read or write its data on disk.
        Store = "store",
        /// Codex failed. `error` has its reason.
        CodexFailed = "codex_failed",
        /// Codex's reply is malformed.
        CodexBadReply = "codex_bad_reply",
        /// This version of codex does not support the request.
        CodexLacks = "codex_lacks",
        /// The maximum number of sessions is busy. `Retry-After` says when to try again.
        SessionLimit = "session_limit",
        /// The maximum number of threads is being read. `Retry-After` says when to try again.
        TooManyReads = "too_many_reads",
        /// The maximum number of request bodies is being read. `Retry-After` says when to try again.
        TooManyBodies = "too_many_bodies",
        /// Codex is indexing the thread. `Retry-After` says when to try again.
        Indexing = "indexing",
        /// The codex process exited too often.
        CodexCrashing = "codex_crashing",
        /// Codex reports that it is overloaded.
        CodexOverloaded = "codex_overloaded",
        /// The version of codex is too old.
        CodexTooOld = "codex_too_old",
        /// Codex cannot read its configuration. `error` names the file and the line.
        CodexConfig = "codex_config",
        /// The codex executable cannot be started, or has exited.
        CodexUnavailable = "codex_unavailable",
        /// The gateway is shutting down.
        ShuttingDown = "shutting_down",
        /// Codex did not reply in time.
        CodexTimeout = "codex_timeout",
        /// The caller has reached the quota for uploads.
        NoRoom = "no_room",
    }
    other = Internal
}

impl ErrorCode {
    /// The HTTP status of the error.
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
