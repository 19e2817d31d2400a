//! The data that pages begin with.

use codex_gateway_wire::{
    ApprovalMode, Snapshot,
    api::{ApprovalPolicy, Model, Project, SandboxMode, SessionSummary, Workspace},
    lenient_deserialize,
};
use serde::Serialize;

use super::ApiError;
use crate::router::thread_path;

/// The gateway's settings that the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SiteConfig {
    /// Whether a mock replaces the model.
    pub demo: bool,
    /// The sandbox of new conversations, and the widest that a conversation can have.
    pub sandbox: SandboxMode,
    /// When codex asks for approval. A conversation can choose never.
    pub approval_policy: ApprovalPolicy,
    /// Who approves in conversations that the page starts.
    pub approvals: ApprovalMode,
    /// The server's time in Unix milliseconds. The browser's clock may differ.
    pub now_ms: i64,
}
lenient_deserialize!(SiteConfig { demo, sandbox, approval_policy, approvals, now_ms });

/// The data of the home page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Home {
    /// The gateway's settings.
    pub site: SiteConfig,
    /// The directories that a new conversation can work in. The first is the default.
    pub workspaces: Vec<Workspace>,
    /// The models that a conversation can use.
    pub models: Vec<Model>,
    /// The reader's latest conversations, newest first.
    pub recent: Vec<SessionSummary>,
    /// Why codex cannot run. `None` if it can.
    pub codex_error: Option<String>,
    /// The folder of the default workspace.
    pub project: Option<Project>,
}
lenient_deserialize!(Home { site, workspaces, models, recent, codex_error, project });

/// The data of a conversation's page. The session has an empty id if the conversation is not open in one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conversation {
    /// The gateway's settings.
    pub site: SiteConfig,
    /// The conversation.
    pub snapshot: Snapshot,
    /// The folder that the conversation works in. `None` if it no longer exists or is no longer allowed.
    pub project: Option<Project>,
}
lenient_deserialize!(Conversation { site, project; snapshot });

/// The data that a page begins with. One of the fields before `seal` is set.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "ssr", derive(Serialize))]
pub struct PageData {
    /// The home page.
    pub(crate) home: Option<Home>,
    /// A conversation.
    pub(crate) conversation: Option<Conversation>,
    /// The error in place of a page.
    pub(crate) failure: Option<ApiError>,
    /// Nothing yet: the conversation is too large to render on the server, and the browser loads it.
    pub(crate) is_deferred: bool,
    /// Equals [`SEAL`] if the data arrived unchanged.
    pub(crate) seal: String,
}
lenient_deserialize!(PageData { home, conversation, failure, is_deferred, seal });

/// Two spaces. A proxy that minifies HTML shortens them to one.
const SEAL: &str = "a  b";

/// Only the server writes this data, so the code that serializes it stays out of the module.
#[cfg(not(feature = "ssr"))]
impl Serialize for PageData {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl PageData {
    /// Returns `true` for the page of a conversation, which may take long to render.
    pub fn has_conversation(&self) -> bool {
        self.conversation.is_some()
    }

    /// Returns the data of a page whose content the browser loads.
    pub fn deferred() -> Self {
        Self { is_deferred: true, ..Self::default() }
    }

    /// Returns the data as it is written into the document.
    pub(crate) fn sealed(self) -> Self {
        Self { seal: SEAL.to_owned(), ..self }
    }

    /// Returns the data if it arrived unchanged; otherwise the browser loads it again.
    pub(crate) fn unsealed(self) -> Self {
        if self.seal == SEAL { self } else { Self::deferred() }
    }

    pub(super) fn home(home: Home) -> Self {
        Self { home: Some(home), ..Self::default() }
    }

    pub(super) fn conversation(conversation: Conversation) -> Self {
        Self { conversation: Some(conversation), ..Self::default() }
    }

    pub(super) fn failed(failure: ApiError) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }

    /// Returns the path of the thread whose session has ended. The conversation continues there.
    pub fn moved_to(&self) -> Option<String> {
        self.failure.as_ref()?.thread_id.as_ref().map(thread_path)
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn data_changed_by_a_proxy_is_loaded_again() {
        let sent = serde_json::to_string(&PageData::failed(ApiError::not_found()).sealed()).unwrap();
        let read = |json: &str| serde_json::from_str::<PageData>(json).unwrap().unsealed();
        assert!(read(&sent).failure.is_some());
        assert!(read(&sent.replace("  ", " ")).is_deferred);
        assert!(read("{}").is_deferred);
    }
}
