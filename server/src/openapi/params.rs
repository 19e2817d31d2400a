//! Parameters of paths, queries and headers.
#![allow(dead_code, reason = "only described: handlers have extractors of their own")]

use codex_gateway_wire::{
    ItemId, QueueItemId, RequestId, RuleId, SessionId, ThreadId, UploadId, api::StateDetail,
};
use utoipa::IntoParams;

/// Path of a session.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SessionPath {
    /// Id of the session.
    id: SessionId,
}

/// Path of a queued message.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct QueuePath {
    /// Id of the session.
    id: SessionId,
    /// Id of the queued message.
    item: QueueItemId,
}

/// Path of a request to the user.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RequestPath {
    /// Id of the session.
    id: SessionId,
    /// Id of the request.
    request: RequestId,
}

/// Path of a rule.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RulePath {
    /// Id of the rule.
    id: RuleId,
}

/// Path of a picture in a conversation.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PicturePath {
    /// Id of the session.
    id: SessionId,
    /// Id of the conversation's entry with the picture.
    item: ItemId,
}

/// Path of a thread.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ThreadPath {
    /// Id of the thread.
    id: ThreadId,
}

/// Path of an upload.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UploadPath {
    /// Id of the image.
    id: UploadId,
}

/// Header of an idempotent request.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeader {
    /// A retried request with the same key, path and body gets the first response, and has no further effect.
    /// Bodies are compared by meaning; how long the reply waits does not count.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
}

/// Amount of session state in the reply.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// `none`: without the transcript, the newest events and the models. Takes precedence over `Prefer`.
    #[param(inline)]
    state: Option<StateDetail>,
}

/// Preferred amount of session state in the reply.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct PreferHeader {
    /// `return=minimal` is the same as `?state=none`.
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}

/// Token in the query, for clients that cannot send headers, such as `EventSource`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// The token, instead of an `Authorization` header.
    access_token: Option<String>,
    /// Alias of `access_token`.
    #[deprecated]
    token: Option<String>,
}

/// Where a stream resumes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ResumeHeader {
    /// Id of the last event that the client has received. Takes precedence over `since`.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}
