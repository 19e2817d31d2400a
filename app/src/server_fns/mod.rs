//! What the page asks of the server: thin calls into the engine.

pub mod calls;
#[cfg(feature = "ssr")]
mod context;

use codex_gateway_wire::{
    Snapshot,
    api::{Model, SessionSummary},
};
use leptos::{prelude::*, server_fn::codec::JsonEncoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

pub(crate) use calls::{home, interrupt, send, snapshot, start};
#[cfg(feature = "ssr")]
pub use context::{ServerContext, load};

use crate::route::Route;

/// What the gateway is set to, as far as people should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Whether the model is the stand-in.
    pub demo: bool,
    /// The directory that new conversations work in, absolute.
    pub cwd: String,
    /// What commands may touch, in codex's words.
    pub sandbox: String,
    /// When codex asks, in its words.
    pub approval_policy: String,
    /// The server's present moment, in Unix milliseconds: clocks differ.
    pub now_ms: i64,
}

/// What the first screen shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The gateway's settings.
    pub site: Site,
    /// The models that can be chosen.
    pub models: Vec<Model>,
    /// The reader's conversations, newest first.
    pub recent: Vec<SessionSummary>,
    /// Why codex cannot be run, if it cannot.
    pub codex_error: Option<String>,
}

/// What the page of a conversation begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The gateway's settings.
    pub site: Site,
    /// The conversation.
    pub snapshot: Snapshot,
}

/// What a page begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PageData {
    /// The first screen.
    Home(Home),
    /// A conversation.
    Conversation(Box<Conversation>),
}

/// What a page begins with, or why that could not be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded(pub(crate) Result<PageData, Failure>);

/// Nothing: what there is while no request is answered.
impl Default for Loaded {
    fn default() -> Self {
        Self(Err(Failure { code: "internal".to_owned(), message: "There is no request.".to_owned() }))
    }
}

/// Asks the server for what a page begins with.
pub(crate) async fn fetch(route: Route) -> Loaded {
    Loaded(match route {
        Route::Home => home().await.map(|home| PageData::Home(home.0)),
        Route::Conversation(id) => {
            snapshot(id).await.map(|conversation| PageData::Conversation(Box::new(conversation.0)))
        }
        Route::Unknown => Err(Failure::not_found()),
    })
}

/// Why a call did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs: a stable word.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Failure {
    fn not_found() -> Self {
        Self { code: "not_found".to_owned(), message: "There is no such page.".to_owned() }
    }

    /// Whether there is no such conversation, or page.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == "not_found"
    }
}

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = if matches!(error, ServerFnErrorErr::Request(_)) { "unreachable" } else { "internal" };
        Self { code: code.to_owned(), message: error.to_string() }
    }
}

/// Data that only ever travels from the server to the page, in the page or as a reply.
///
/// The page never writes it, so its writer stays out of the page; and whichever way it comes, it is read
/// from a text, so one reader is enough. (Together 6 KB of WASM.)
#[derive(Clone, Debug, PartialEq)]
pub struct Down<T>(pub T);

#[cfg(feature = "ssr")]
impl<T: Serialize> Serialize for Down<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(not(feature = "ssr"))]
impl<T> Serialize for Down<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Down<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        serde_json::from_str(raw.get()).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_down_is_read_from_text_and_bytes() {
        let json = r#"{"code":"turn_active","message":"wait"}"#;
        let failure = Failure { code: "turn_active".to_owned(), message: "wait".to_owned() };
        assert_eq!(serde_json::from_str::<Down<Failure>>(json).unwrap().0, failure);
        assert_eq!(serde_json::from_slice::<Down<Failure>>(json.as_bytes()).unwrap().0, failure);
        assert!(serde_json::from_str::<Down<Failure>>("{}").is_err());
    }
}
