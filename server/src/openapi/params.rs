//! What stands in paths and headers.
#![allow(dead_code, reason = "only described: handlers read it by their own means")]

use codex_gateway_wire::{
    ItemId, QueueItemId, RequestId, RuleId, SessionId, ThreadId, UploadId, api::StateDetail,
};
use utoipa::IntoParams;

/// Where a session is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SessionPath {
    /// The session.
    id: SessionId,
}

/// Where a message is that waits.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct QueuePath {
    /// The session.
    id: SessionId,
    /// The message.
    item: QueueItemId,
}

/// Where a request to the user is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RequestPath {
    /// The session.
    id: SessionId,
    /// The request.
    request: RequestId,
}

/// Where a rule is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RulePath {
    /// The rule.
    id: RuleId,
}

/// Where a picture is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PicturePath {
    /// The session.
    id: SessionId,
    /// The entry of the conversation that has the picture.
    item: ItemId,
}

/// Where a thread is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ThreadPath {
    /// The thread.
    id: ThreadId,
}

/// Where an image is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UploadPath {
    /// The image.
    id: UploadId,
}

/// The key of a request that shall be done once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct OnceHeader {
    /// A request with the same key, path and body is answered as the first one was, and does nothing again. Bodies are
    /// compared by what they mean; how long a reply waits is no part of that.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
}

/// How much of the session's state the reply has.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// `none`: neither the transcript, nor the newest events, nor the models. It beats `Prefer`.
    #[param(inline)]
    state: Option<StateDetail>,
}

/// How much of the session's state the reply has, as a preference.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct PreferHeader {
    /// `return=minimal` is the same as `?state=none`.
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}

/// A token where no header can be sent: an `EventSource` cannot.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// The token, instead of an `Authorization` header.
    access_token: Option<String>,
    /// Another name of `access_token`.
    #[deprecated]
    token: Option<String>,
}

/// Where a stream goes on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ResumeHeader {
    /// The last event that the reader has; it beats `since`.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}
