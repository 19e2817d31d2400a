//! Messages between codex and us: JSON-RPC without its version field, one to a line.

use std::borrow::Cow;

use codex_gateway_wire::Json;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The id of a request of codex: a number or a string, carried back as it came.
pub type RequestId = Json;

/// A line of codex, read as far as to know whose it is.
#[derive(Deserialize)]
pub(super) struct Incoming<'a> {
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

/// An error of codex, or one that we answer with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcError {
    /// A number of JSON-RPC or of codex.
    pub code: i64,
    /// For people.
    #[serde(default)]
    pub message: String,
}

impl RpcError {
    /// "Server overloaded; retry later": codex's queues are full.
    pub const OVERLOADED: i64 = -32001;
    /// The request cannot be done: codex says so of most of what it does not take.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The parameters are not of the right shape.
    pub const INVALID_PARAMS: i64 = -32602;
    /// There is no such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;

    /// Whether it says that there is no such method. Codex says so in the words of serde, `unknown variant`, with
    /// all that it knows behind. (Its code is that of all refusals; "method not found" it says of what it knows and
    /// cannot do at the moment.)
    pub(super) fn knows_not(&self, method: &str) -> bool {
        self.message.contains(&format!("unknown variant `{method}`"))
    }
}

#[derive(Serialize)]
pub(super) struct OutgoingRequest<'a, P> {
    pub id: u64,
    pub method: &'a str,
    pub params: &'a P,
}

#[derive(Serialize)]
pub(super) struct OutgoingNotification<'a> {
    pub method: &'a str,
}

/// What a request of codex is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A result.
    Result(Json),
    /// A result that nobody else may see, not even when debugging.
    Secret(Json),
    /// An error.
    Error(RpcError),
}

/// Our answer to a request of codex.
#[derive(Serialize)]
pub(super) struct OutgoingReply<'a> {
    pub id: &'a RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a RpcError>,
}

/// The number of our request that a reply is to, taken from the beginning of a line that was too long to read.
pub(super) fn id_of_long_reply(prefix: &[u8]) -> Option<u64> {
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
    fn a_method_that_codex_does_not_know_is_told_from_a_value_that_it_does_not_know() {
        let said = |message: &str| RpcError { code: -32600, message: message.to_owned() };
        let method =
            "Invalid request: unknown variant `thread/revert`, expected one of `initialize`, `thread/start`";
        assert!(said(method).knows_not("thread/revert") && !said(method).knows_not("thread/start"));
        assert!(!said("Invalid request: unknown variant `hardest`, expected `low`").knows_not("turn/start"));
    }

    #[test]
    fn the_beginning_of_a_reply_tells_its_request() {
        assert_eq!(id_of_long_reply(br#"{"id":17,"result":{"turns":["#), Some(17));
        assert_eq!(id_of_long_reply(br#"{"id":17,"method":"item/tool/call""#), None);
        assert_eq!(id_of_long_reply(br#"{"method":"item/completed","params":"#), None);
        assert_eq!(id_of_long_reply(br#"{"id":"#), None);
    }
}
