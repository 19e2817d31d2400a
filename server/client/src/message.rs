//! The messages of codex's protocol: JSON-RPC without its version field, one message per line.

use std::borrow::Cow;

use codex_gateway_wire::Json;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The id of a request from codex: a number or a string. Sent back unchanged with the answer.
pub type RpcRequestId = Json;

/// A message from codex. Its parameters and its result are left unparsed.
#[derive(Deserialize)]
pub(crate) struct Incoming<'a> {
    #[serde(borrow, default)]
    pub id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub result: Option<&'a RawValue>,
    #[serde(default)]
    pub error: Option<RpcError>,
}

/// A JSON-RPC error: from codex, or in an answer of the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcError {
    /// The error code: one of JSON-RPC or of codex.
    pub code: i64,
    /// The message for people.
    #[serde(default)]
    pub message: String,
}

impl RpcError {
    /// "Server overloaded; retry later": codex's queues are full.
    pub const OVERLOADED: i64 = -32001;
    /// The request is invalid. Codex uses this code for most requests that it refuses.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The parameters are invalid.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The method is unknown.
    pub const METHOD_NOT_FOUND: i64 = -32601;

    /// Returns `true` if codex does not know `method`. Recognized by serde's message `unknown variant`, because the
    /// code is the same for all refusals. (Codex uses "method not found" for methods that it knows and cannot serve
    /// now.)
    pub(crate) fn is_unknown_method(&self, method: &str) -> bool {
        self.message.contains(&format!("unknown variant `{method}`"))
    }
}

#[derive(Serialize)]
pub(crate) struct OutgoingRequest<'a, P> {
    pub id: u64,
    pub method: &'a str,
    pub params: &'a P,
}

#[derive(Serialize)]
pub(crate) struct OutgoingNotification<'a> {
    pub method: &'a str,
}

/// An answer to a request from codex.
#[derive(Clone, Debug)]
pub enum RpcAnswer {
    /// A result.
    Result(Json),
    /// A result that is left out of [`Inbound::Raw`](crate::Inbound::Raw), because it contains a secret.
    Secret(Json),
    /// An error.
    Error(RpcError),
}

/// The message that carries an [`RpcAnswer`].
#[derive(Serialize)]
pub(crate) struct OutgoingReply<'a> {
    pub id: &'a RpcRequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a RpcError>,
}

/// Returns the id of the request that a reply belongs to, from the beginning of a line that was too long. `None` if
/// the line is no reply.
pub(crate) fn id_of_long_reply(prefix: &[u8]) -> Option<u64> {
    let rest = prefix.strip_prefix(b"{\"id\":")?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let after = &rest[end..];
    if !after.starts_with(b",\"result\"") && !after.starts_with(b",\"error\"") {
        return None;
    }
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_method_is_distinguished_from_an_unknown_value() {
        let error = |message: &str| RpcError { code: -32600, message: message.to_owned() };
        let method =
            "Invalid request: unknown variant `thread/revert`, expected one of `initialize`, `thread/start`";
        assert!(
            error(method).is_unknown_method("thread/revert")
                && !error(method).is_unknown_method("thread/start")
        );
        assert!(
            !error("Invalid request: unknown variant `hardest`, expected `low`")
                .is_unknown_method("turn/start")
        );
    }

    #[test]
    fn id_is_read_from_the_beginning_of_a_reply() {
        assert_eq!(id_of_long_reply(br#"{"id":17,"result":{"turns":["#), Some(17));
        assert_eq!(id_of_long_reply(br#"{"id":17,"method":"item/tool/call""#), None);
        assert_eq!(id_of_long_reply(br#"{"method":"item/completed","params":"#), None);
        assert_eq!(id_of_long_reply(br#"{"id":"#), None);
    }
}
