//! What the page asks of the server: thin calls into the engine.

#[cfg(feature = "ssr")]
mod actions;
mod call;
pub mod calls;
#[cfg(feature = "ssr")]
mod colours;
#[cfg(feature = "ssr")]
mod context;
mod listing;

use codex_gateway_wire::{
    ApprovalMode, Snapshot, ThreadId,
    api::{ApprovalPolicy, Model, Project, SandboxMode, SessionSummary, Workspace},
    lenient_deserialize,
};
#[cfg(feature = "ssr")]
use leptos::{prelude::*, server_fn::codec::JsonEncoding};
use serde::Serialize;

pub(crate) use calls::{
    act, answer, conversations, files, fork_and_send, highlight, home, interrupt, items, project, queue,
    remove, rename, resume, revoke, rules, search, send, snapshot, start, thread, trust,
};
#[cfg(feature = "ssr")]
pub use colours::{Colours, known as known_colours};
#[cfg(feature = "ssr")]
pub use context::{ServerContext, load};
pub use listing::{Listing, Row};

use crate::route::{Route, thread_path};

/// What the gateway is set to, as far as people should know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SiteConfig {
    /// Whether the model is the stand-in.
    pub demo: bool,
    /// What commands may touch at most, and do if nothing else is said.
    pub sandbox: SandboxMode,
    /// When codex asks; a conversation may have it ask never.
    pub approval_policy: ApprovalPolicy,
    /// Who answers, in conversations that are begun here.
    pub approvals: ApprovalMode,
    /// The server's present moment, in Unix milliseconds: clocks differ.
    pub now_ms: i64,
}
lenient_deserialize!(SiteConfig { demo, sandbox, approval_policy, approvals, now_ms });

/// What the first screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Home {
    /// The gateway's settings.
    pub site: SiteConfig,
    /// Where a new conversation can work; without a choice, in the first.
    pub workspaces: Vec<Workspace>,
    /// The models that can be chosen.
    pub models: Vec<Model>,
    /// The reader's conversations, newest first.
    pub recent: Vec<SessionSummary>,
    /// Why codex cannot be run, if it cannot.
    pub codex_error: Option<String>,
    /// The folder that a new conversation works in, without a choice.
    pub project: Option<Project>,
}
lenient_deserialize!(Home { site, workspaces, models, recent, codex_error, project });

/// What the page of a conversation begins with. One that no session is in has a session without an id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conversation {
    /// The gateway's settings.
    pub site: SiteConfig,
    /// The conversation.
    pub snapshot: Snapshot,
    /// The folder that it works in; `None` if it is gone, or not allowed any more.
    pub project: Option<Project>,
}
lenient_deserialize!(Conversation { site, project; snapshot });

/// What a page begins with: one of these.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "ssr", derive(Serialize))]
pub struct PageData {
    /// The first screen.
    pub(crate) home: Option<Home>,
    /// A conversation.
    pub(crate) conversation: Option<Conversation>,
    /// Or why neither could be had.
    pub(crate) failure: Option<ApiError>,
    /// Or nothing yet: the conversation is too much to be rendered on the server, and the browser is to load it.
    pub(crate) is_deferred: bool,
    /// What shows that the data has come as it was written.
    pub(crate) seal: String,
}
lenient_deserialize!(PageData { home, conversation, failure, is_deferred, seal });

/// Spaces that what shortens documents on their way makes one of.
const SEAL: &str = "a  b";

/// It only ever travels from the server to the page, so what would write it stays out of the browser.
#[cfg(not(feature = "ssr"))]
impl Serialize for PageData {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl PageData {
    /// Whether the page has a conversation, and may take long to render.
    pub fn has_conversation(&self) -> bool {
        self.conversation.is_some()
    }

    /// The same page, whose conversation the browser is to load.
    pub fn deferred() -> Self {
        Self { is_deferred: true, ..Self::default() }
    }

    /// The data as it is written into the page.
    pub(crate) fn sealed(self) -> Self {
        Self { seal: SEAL.to_owned(), ..self }
    }

    /// The data, if it has come as it was written. Otherwise the browser is to load it.
    pub(crate) fn unsealed(self) -> Self {
        if self.seal == SEAL { self } else { Self::deferred() }
    }

    fn failed(failure: ApiError) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }

    /// The path where the conversation goes on of a session that has ended.
    pub fn moved_to(&self) -> Option<String> {
        self.failure.as_ref()?.thread_id.as_ref().map(thread_path)
    }
}

/// The attribute of the `<html>` element that stands for the reader, where one signs in.
pub(crate) const OWNER: &str = "data-signs-in";

/// Whether one signs in here, and can sign out.
pub(crate) fn auth_enabled() -> bool {
    #[cfg(feature = "ssr")]
    return use_context::<ServerContext>().is_some_and(|context| context.auth_enabled);
    #[cfg(not(feature = "ssr"))]
    return crate::browser::root_attribute(OWNER).is_some();
}

/// The colours of code that are known before the page is there: the server's, which writes them into it.
pub(crate) fn written_colours() -> crate::markdown::highlight::Known {
    #[cfg(feature = "ssr")]
    return use_context::<Colours>().unwrap_or_default().0;
    #[cfg(not(feature = "ssr"))]
    return Vec::new();
}

/// Asks the server for what a page begins with.
pub(crate) async fn fetch(route: Route) -> PageData {
    let loaded = match route {
        Route::Home => home().await.map(|home| PageData { home: Some(home), ..PageData::default() }),
        Route::Conversation(id) => snapshot(id)
            .await
            .map(|conversation| PageData { conversation: Some(conversation), ..PageData::default() }),
        Route::Thread(id) => {
            thread(id).await.map(|past| PageData { conversation: Some(past), ..PageData::default() })
        }
        Route::Unknown => Err(ApiError::not_found()),
    };
    loaded.unwrap_or_else(PageData::failed)
}

/// The code of a reply that is not the gateway's own; the message is its status.
pub(crate) const FOREIGN_REPLY: &str = "foreign_reply";
/// The code of a reply by which a proxy asks for its own sign-in.
const PROXY_SIGNED_OUT: &str = "proxy_signed_out";

/// Why a call did not do what it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// For programs: a stable word.
    pub code: String,
    /// For people.
    pub message: String,
    /// The thread of a session that has ended: a new session can go on with it.
    pub thread_id: Option<ThreadId>,
}
lenient_deserialize!(ApiError { code, message, thread_id });

impl ApiError {
    /// What a reply says that is no success: ours, or that of a proxy before us.
    pub(crate) fn of_reply(status: u16, answer: &str) -> Self {
        /// Any error of the gateway's.
        #[derive(Default)]
        struct Refusal {
            code: String,
            message: String,
            error: String,
            thread_id: Option<ThreadId>,
        }
        lenient_deserialize!(Refusal { code, message, error, thread_id });
        let refusal: Refusal = serde_json::from_str(answer).unwrap_or_default();
        let message = if refusal.message.is_empty() { refusal.error } else { refusal.message };
        match (refusal.code.as_str(), status) {
            // The gateway names a reason whenever it refuses something.
            ("", 401 | 407 | 511) => return Self::proxy_signed_out(),
            ("", _) => return Self::new(FOREIGN_REPLY, status.to_string()),
            _ => {}
        }
        Self { code: refusal.code, message, thread_id: refusal.thread_id }
    }

    pub(crate) fn new(code: &str, message: String) -> Self {
        Self { code: code.to_owned(), message, thread_id: None }
    }

    /// The server could not be asked.
    pub(crate) fn unreachable() -> Self {
        Self::new("unreachable", String::new())
    }

    /// A proxy in front of the gateway wants its own sign-in first.
    pub(crate) fn proxy_signed_out() -> Self {
        Self::new(PROXY_SIGNED_OUT, String::new())
    }

    #[cfg(not(feature = "ssr"))]
    fn internal(message: String) -> Self {
        Self::new("internal", message)
    }

    fn not_found() -> Self {
        Self::new("not_found", "There is no such page.".to_owned())
    }

    /// Whether there is no such conversation, or page.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == "not_found"
    }

    /// Returns `true` if codex cannot read the file of the thread.
    pub(crate) fn is_damaged_thread(&self) -> bool {
        self.code == "thread_damaged"
    }

    /// Whether codex is indexing the conversation: it can be read in a moment.
    pub(crate) fn is_indexing(&self) -> bool {
        self.code == "indexing"
    }

    /// Returns `true` if no reply came.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.code == "unreachable"
    }

    /// Returns `true` if the gateway may have done what it was asked: its own reply did not come.
    pub(crate) fn is_open(&self) -> bool {
        self.is_unreachable() || self.code == FOREIGN_REPLY
    }

    /// Returns `true` if a proxy in front of the gateway wants its own sign-in first.
    pub(crate) fn is_proxy_signed_out(&self) -> bool {
        self.code == PROXY_SIGNED_OUT
    }

    /// Whether one has to sign in, again.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.code == "unauthorized"
    }
}

#[cfg(feature = "ssr")]
impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = match &error {
            ServerFnErrorErr::Request(_) => "unreachable",
            #[cfg(feature = "ssr")]
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_) => {
                context::set_status(400);
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
    fn reply_without_a_code_of_the_gateway_is_a_proxys() {
        assert!(ApiError::of_reply(401, "<!DOCTYPE html>").is_proxy_signed_out());
        assert!(ApiError::of_reply(401, "{}").is_proxy_signed_out());
        assert!(ApiError::of_reply(401, r#"{"code":"unauthorized","message":"m"}"#).is_unauthorized());
        let foreign = ApiError::of_reply(502, "<html>");
        assert!(foreign.is_open() && foreign.message == "502");
        assert_eq!(ApiError::of_reply(409, r#"{"code":"turn_active","message":"m"}"#).code, "turn_active");
    }

    #[test]
    fn data_that_was_shortened_on_its_way_is_asked_for_again() {
        let sent = serde_json::to_string(&PageData::failed(ApiError::not_found()).sealed()).unwrap();
        let read = |json: &str| serde_json::from_str::<PageData>(json).unwrap().unsealed();
        assert!(read(&sent).failure.is_some());
        assert!(read(&sent.replace("  ", " ")).is_deferred);
        assert!(read("{}").is_deferred);
    }
}
