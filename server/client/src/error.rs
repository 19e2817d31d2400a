//! Why a request to codex failed.

use std::time::Duration;

use crate::{
    bridge::Exit,
    codec::MAX_LINE_BYTES,
    message::RpcError,
    version::{TARGET_VERSION, TooOld},
};

/// Why a process could not be started, or a request to codex failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BridgeError {
    /// The process could not be started.
    #[error("codex could not be started ({program}): {message}")]
    Spawn {
        /// The path of the executable.
        program: String,
        /// The reason.
        message: String,
    },
    /// The process exited before it replied.
    #[error("the codex process has ended{}", .0.last_line.as_ref().map(|line| format!(": {line}")).unwrap_or_default())]
    Exited(Exit),
    /// The process is shutting down, or its input is closed.
    #[error("the codex process is not there any more")]
    Closed,
    /// The process showed no sign of life, and was killed.
    #[error("codex did not react, so its process was ended; try again")]
    Unresponsive,
    /// Codex did not reply before the deadline.
    #[error("codex did not answer {method} within {} s{}", .after.as_secs(), .hint.as_deref().unwrap_or_default())]
    Deadline {
        /// The method of the request.
        method: &'static str,
        /// The time limit.
        after: Duration,
        /// A possible cause, appended to the message.
        hint: Option<String>,
    },
    /// The version of codex is not supported.
    #[error(transparent)]
    TooOld(#[from] TooOld),
    /// Codex does not know the method. The value is the method.
    #[error("this codex does not know {0} (the client is made for codex {TARGET_VERSION})")]
    Unsupported(&'static str),
    /// Codex replied with an error.
    #[error("codex refused {method}: {}", .error.message)]
    Refused {
        /// The method of the request.
        method: &'static str,
        /// The error that codex replied with.
        error: RpcError,
    },
    /// The reply exceeds the maximum length of a line.
    #[error("codex's reply was longer than {} MiB", MAX_LINE_BYTES / 1024 / 1024)]
    ReplyTooLong,
    /// The reply does not have the expected shape.
    #[error("codex's reply to {method} was not understood: {message}")]
    BadReply {
        /// The method of the request.
        method: &'static str,
        /// What is wrong with the reply.
        message: String,
    },
}
