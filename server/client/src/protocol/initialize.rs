//! Requests about the process itself: `initialize`, the account, the models and the loaded threads.

use std::time::Duration;

use codex_gateway_wire::{Json, api::Model};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::Request;
use crate::version::Version;

/// `initialize`: must be the first request to a process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialize {
    /// The client that sends the requests.
    pub client_info: ClientInfo,
    /// The capabilities of that client.
    pub capabilities: Capabilities,
}
// Not probed: on a busy machine, a process that is starting may write nothing for some time.
request!(Initialize = "initialize" -> InitializeReply, within 15 s, probed: false);

/// A client of codex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClientInfo {
    /// The name for programs.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// The client's version.
    pub version: &'static str,
}

/// The capabilities of a client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Whether experimental methods and fields may be used.
    pub experimental_api: bool,
    /// Whether codex may send requests for attestation.
    pub request_attestation: bool,
}

impl Initialize {
    /// Creates the request of a client that uses the experimental API.
    pub fn new(client_info: ClientInfo) -> Self {
        Self {
            client_info,
            capabilities: Capabilities { experimental_api: true, request_attestation: false },
        }
    }
}

/// The reply to `initialize`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InitializeReply {
    /// Codex's user agent, which contains its version.
    pub user_agent: Option<String>,
    /// `unix` or `windows`.
    pub platform_family: Option<String>,
    /// `linux`, `macos`, …
    pub platform_os: Option<String>,
}

impl InitializeReply {
    /// Returns the version in the user agent. `None` if the user agent contains no valid version.
    pub fn version(&self) -> Option<Version> {
        Version::from_user_agent(self.user_agent.as_deref()?)
    }
}

/// `account/read`: the account that codex is signed in with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRead {
    /// Whether to refresh the tokens first.
    pub refresh_token: bool,
}
request!(AccountRead = "account/read" -> AccountReply);

/// The reply to `account/read`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountReply {
    /// The account as codex's JSON. `None` if codex is not signed in.
    pub account: Option<Json>,
    /// Whether the model provider requires a sign-in with OpenAI.
    pub requires_openai_auth: bool,
}

/// `thread/loaded/list`: the threads that the process has open. Used as a probe: codex answers it without reading a
/// file or contacting a server, so a process that does not answer is stuck.
#[derive(Debug, Serialize)]
pub struct LoadedList {}
request!(LoadedList = "thread/loaded/list" -> IgnoredAny);

/// `model/list`: a page of the models that can be chosen.
#[derive(Debug, Serialize)]
pub struct ModelList {
    /// The cursor of the page. `None` for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
request!(ModelList = "model/list" -> ModelPage);

/// The reply to `model/list`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelPage {
    /// The models of the page.
    pub data: Vec<Model>,
    /// The cursor of the next page. `None` on the last page.
    pub next_cursor: Option<String>,
}
