//! The error of server functions and other requests of the page.

use codex_gateway_wire::{ThreadId, lenient_deserialize};
use leptos::{prelude::*, server_fn::codec::JsonEncoding};
use serde::Serialize;

/// The code of a response that is not the gateway's own. The message is its status.
pub(crate) const FOREIGN_REPLY: &str = "foreign_reply";
/// The code of a response by which a proxy asks for its own sign-in.
const PROXY_SIGNED_OUT: &str = "proxy_signed_out";
/// The code of a request without a response.
const UNREACHABLE: &str = "unreachable";

/// Why a request failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// A stable identifier.
    pub code: String,
    /// A description for people.
    pub message: String,
    /// The thread of a session that has ended. A new session can resume it.
    pub thread_id: Option<ThreadId>,
}
lenient_deserialize!(ApiError { code, message, thread_id });

impl ApiError {
    /// Reads an unsuccessful response, of the gateway or of a proxy in front of it.
    pub(crate) fn of_reply(status: u16, body: &str) -> Self {
        /// The fields of all errors of the gateway.
        #[derive(Default)]
        struct ErrorBody {
            code: String,
            message: String,
            error: String,
            thread_id: Option<ThreadId>,
        }
        lenient_deserialize!(ErrorBody { code, message, error, thread_id });
        let body: ErrorBody = serde_json::from_str(body).unwrap_or_default();
        let message = if body.message.is_empty() { body.error } else { body.message };
        match (body.code.as_str(), status) {
            // Each error of the gateway has a code.
            ("", 401 | 407 | 511) => return Self::proxy_signed_out(),
            ("", _) => return Self::new(FOREIGN_REPLY, status.to_string()),
            _ => {}
        }
        Self { code: body.code, message, thread_id: body.thread_id }
    }

    pub(crate) fn new(code: &str, message: String) -> Self {
        Self { code: code.to_owned(), message, thread_id: None }
    }

    /// Returns the error of a request without a response.
    pub(crate) fn unreachable() -> Self {
        Self::new(UNREACHABLE, String::new())
    }

    /// Returns the error of a response by which a proxy asks for its own sign-in.
    pub(crate) fn proxy_signed_out() -> Self {
        Self::new(PROXY_SIGNED_OUT, String::new())
    }

    pub(super) fn internal(message: String) -> Self {
        Self::new("internal", message)
    }

    pub(super) fn not_found() -> Self {
        Self::new("not_found", "There is no such page.".to_owned())
    }

    /// Returns `true` if the conversation or page does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == "not_found"
    }

    /// Returns `true` if codex cannot read the file of the thread.
    pub(crate) fn is_damaged_thread(&self) -> bool {
        self.code == "thread_damaged"
    }

    /// Returns `true` if codex is indexing the conversation. A later request succeeds.
    pub(crate) fn is_indexing(&self) -> bool {
        self.code == "indexing"
    }

    /// Returns `true` if no response came.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.code == UNREACHABLE
    }

    /// Returns `true` if the gateway may have done what was requested: its own response did not come.
    pub(crate) fn is_open(&self) -> bool {
        self.is_unreachable() || self.code == FOREIGN_REPLY
    }

    /// Returns `true` if a proxy in front of the gateway asks for its own sign-in.
    pub(crate) fn is_proxy_signed_out(&self) -> bool {
        self.code == PROXY_SIGNED_OUT
    }

    /// Returns `true` if the reader has to sign in again.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.code == "unauthorized"
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = match &error {
            ServerFnErrorErr::Request(_) => UNREACHABLE,
            // The server could not read the arguments. In the browser, it is a response that could not be read.
            #[cfg(feature = "ssr")]
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_) => {
                super::context::set_status(400);
                "bad_body"
            }
            _ => "internal",
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn response_without_a_code_is_a_proxys() {
        assert!(ApiError::of_reply(401, "<!DOCTYPE html>").is_proxy_signed_out());
        assert!(ApiError::of_reply(401, "{}").is_proxy_signed_out());
        assert!(ApiError::of_reply(401, r#"{"code":"unauthorized","message":"m"}"#).is_unauthorized());
        let foreign = ApiError::of_reply(502, "<html>");
        assert!(foreign.is_open() && foreign.message == "502");
        assert_eq!(ApiError::of_reply(409, r#"{"code":"turn_active","message":"m"}"#).code, "turn_active");
    }
}
