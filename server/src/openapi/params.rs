//! What stands in paths and headers.
#![allow(dead_code, reason = "only described: handlers read it by their own means")]

use codex_gateway_wire::{ItemId, QueueItemId, RequestId, RuleId, SessionId, ThreadId, UploadId};
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
    /// A request with the same key, path and body is answered as the first one was, and does nothing again.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
}

/// Where a stream goes on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ResumeHeader {
    /// The last event that the reader has; it beats `since`.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}
