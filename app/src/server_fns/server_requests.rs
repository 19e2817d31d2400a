//! The server function that answers requests of codex: approvals, questions and forms.

use codex_gateway_wire::{RequestId, SessionId, request::AnswerRequest};
use leptos::{server, server_fn::codec::Json};

#[cfg(feature = "ssr")]
use super::context::{ServerContext, to_api_error};
use super::{ApiError, GatewayClient};

/// Answers a request that is waiting for the user.
///
/// # Errors
/// `request_ended` if the request has been answered or withdrawn; `bad_answer`; `not_found`.
#[server(prefix = "/_fn", endpoint = "answer", input = Json, output = Json, client = GatewayClient)]
pub async fn answer_server_request(
    id: SessionId,
    request: RequestId,
    answer: AnswerRequest,
) -> Result<(), ApiError> {
    let session = ServerContext::current()?.session(&id).await.map_err(to_api_error)?;
    session.answer(request, answer).await.map_err(to_api_error)?;
    Ok(())
}
