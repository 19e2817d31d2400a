//! Why a session cannot do what it was asked.

use std::time::Duration;

use codex_gateway_wire::{
    ApprovalMode, RequestResolved,
    request::{Outcome, ResolvedBy},
};

use crate::{
    bridge::{BridgeError, RpcError},
    requests::BadAnswer,
};

/// Why a session cannot do what it was asked. The message is for people; [`SessionError::code`] for programs.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no such session, or it is somebody else's.
    #[error("there is no such session")]
    NotFound,
    /// As many sessions are live as may be.
    #[error("the limit of {0} live sessions is reached; delete one, or try again later")]
    Limit(usize),
    /// A turn is running, or about to.
    #[error("a turn is active; wait for its end, or interrupt it")]
    TurnActive,
    /// No turn is running.
    #[error("no turn is active")]
    NoActiveTurn,
    /// The user said nothing.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// The session is changing its thread or starting its process.
    #[error("the session is starting its codex process; try again in a moment")]
    Starting,
    /// The turn did not begin in time to be interrupted.
    #[error("the turn did not begin within {} s, so it could not be interrupted", .0.as_secs())]
    NeverStarted(Duration),
    /// Nothing of that id waits for the user, or ever did.
    #[error("there is no such request")]
    NoSuchRequest,
    /// It does not wait any more.
    #[error("this request has ended: {}", how(.0))]
    RequestEnded(RequestResolved),
    /// The answer does not fit the request, which still waits.
    #[error(transparent)]
    BadAnswer(#[from] BadAnswer),
    /// More is asked to be approved without a person than the operator allows.
    #[error("approvals may not be {asked:?} here; CODEX_GATEWAY_APPROVALS allows at most {most:?}", asked = .asked.as_str(), most = .most.as_str())]
    OverApprovals {
        /// What was asked for.
        asked: ApprovalMode,
        /// The most that is allowed.
        most: ApprovalMode,
    },
    /// The gateway is stopping.
    #[error("the gateway is shutting down")]
    ShuttingDown,
    /// Codex cannot do it.
    #[error(transparent)]
    Codex(#[from] BridgeError),
}

impl SessionError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::NoSuchRequest => "not_found",
            Self::Limit(_) => "session_limit",
            Self::TurnActive => "turn_active",
            Self::NoActiveTurn => "no_active_turn",
            Self::EmptyPrompt => "empty_prompt",
            Self::Starting => "starting",
            Self::RequestEnded(_) => "request_ended",
            Self::BadAnswer(_) => "bad_answer",
            Self::OverApprovals { .. } => "over_ceiling",
            Self::ShuttingDown => "shutting_down",
            Self::NeverStarted(_) | Self::Codex(BridgeError::Deadline { .. }) => "codex_timeout",
            Self::Codex(BridgeError::Refused { .. }) => "codex_refused",
            Self::Codex(BridgeError::BadReply { .. } | BridgeError::ReplyTooLong) => "codex_bad_reply",
            Self::Codex(BridgeError::Spawn { .. } | BridgeError::Exited(_) | BridgeError::Closed) => {
                "codex_unavailable"
            }
        }
    }

    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound | Self::NoSuchRequest => 404,
            Self::TurnActive | Self::NoActiveTurn | Self::Starting | Self::RequestEnded(_) => 409,
            Self::EmptyPrompt | Self::BadAnswer(_) => 400,
            Self::OverApprovals { .. } => 403,
            Self::NeverStarted(_) | Self::Codex(BridgeError::Deadline { .. }) => 504,
            Self::Codex(BridgeError::Refused { error, .. }) if error.code == RpcError::OVERLOADED => 503,
            Self::Codex(
                BridgeError::Refused { .. } | BridgeError::BadReply { .. } | BridgeError::ReplyTooLong,
            ) => 500,
            Self::Limit(_)
            | Self::ShuttingDown
            | Self::Codex(BridgeError::Spawn { .. } | BridgeError::Exited(_) | BridgeError::Closed) => 503,
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
        ResolvedBy::Absence => "because nobody was there",
        ResolvedBy::Deadline => "because nobody answered in time",
        ResolvedBy::Codex => "because its turn went on or ended without it",
        ResolvedBy::Process => "because its process ended",
        ResolvedBy::Session | ResolvedBy::Other => "because its session ended",
    };
    format!("{outcome} {by}")
}
