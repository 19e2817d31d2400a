//! Which page an address is, and how one goes from page to page without loading anew.
//!
//! (The router of leptos would add 36 KB to the 300 KB that the page may weigh; this is what we need of it.)

use codex_gateway_wire::{SessionId, ThreadId};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::{
    base_path::{address, path_of},
    node::{El, ElementExt as _, Node, el},
    signal::RwSignalExt as _,
};

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`: a new conversation
    #[default]
    Home,
    /// `/c/{id}`: a conversation
    Conversation(SessionId),
    /// `/t/{id}`: a thread, which a session may be in
    Thread(ThreadId),
    /// Anything else
    Unknown,
}

impl Route {
    /// Reads the path of an address.
    pub(crate) fn parse(path: &str) -> Self {
        let mut parts = path.trim_matches('/').split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("") | None, None, _) => Self::Home,
            (Some("c"), Some(id), None) if !id.is_empty() => Self::Conversation(id.into()),
            (Some("t"), Some(id), None) if !id.is_empty() => Self::Thread(id.into()),
            _ => Self::Unknown,
        }
    }

    /// The page that the request is for, or that the browser shows.
    pub(crate) fn current() -> Self {
        #[cfg(feature = "ssr")]
        let path = use_context::<http::request::Parts>().map(|parts| parts.uri.path().to_owned());
        #[cfg(not(feature = "ssr"))]
        let path = window().location().pathname().ok().map(|address| path_of(&address).to_owned());
        path.map_or(Self::Home, |path| Self::parse(&path))
    }
}

/// A link to a page of ours, by its path, that is followed without loading anew.
pub(crate) fn link(path: &str, label: impl Into<Node>) -> El {
    el("a").attr("href", address(path)).attr("data-link", "").child(label.into())
}

/// The path of a conversation.
pub(crate) fn conversation_path(id: &SessionId) -> String {
    format!("/c/{id}")
}

/// The path of a thread.
pub(crate) fn thread_path(id: &ThreadId) -> String {
    format!("/t/{id}")
}

/// The page that is shown; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Navigator {
    route: RwSignal<Route>,
    /// The address that the page that is shown has taken by itself.
    renamed: RwSignal<Option<Route>>,
}

impl Navigator {
    /// Starts at the current address, and follows the browser's history and the links of the page.
    pub(crate) fn provide() -> Self {
        let navigator = Self { route: RwSignal::new(Route::current()), renamed: RwSignal::new(None) };
        provide_context(navigator);
        Effect::new(move |_| {
            // For as long as the page lives.
            let _ = window_event_listener(ev::popstate, move |_| navigator.route.set(Route::current()));
            let _ = window_event_listener(ev::click, move |event| navigator.follow(&event));
        });
        navigator
    }

    /// The page that is shown; tracked.
    pub(crate) fn route(self) -> Route {
        self.route.get()
    }

    /// The page that is shown.
    pub(crate) fn route_untracked(self) -> Route {
        self.route.get_untracked()
    }

    /// Goes to a path of ours.
    pub(crate) fn go(self, path: &str) {
        crate::browser::push_path(path);
        self.route.set(Route::parse(path));
    }

    /// Goes to a path of ours, in the place of the one that is shown.
    pub(crate) fn replace(self, path: &str) {
        crate::browser::replace_path(path);
        self.route.set(Route::parse(path));
    }

    /// Gives the page that is shown another path. The page stays as it is.
    pub(crate) fn rename(self, path: &str) {
        let route = Route::parse(path);
        self.renamed.set(Some(route.clone()));
        crate::browser::replace_path(path);
        self.route.set(route);
    }

    /// Returns `true` if the page that is shown has just been given this address.
    pub(crate) fn take_renamed(self, route: &Route) -> bool {
        self.renamed.take_untracked().as_ref() == Some(route)
    }

    /// Goes to a path of ours, unless the reader has gone elsewhere since they were on this page.
    pub(crate) fn go_from(self, page: &Route, path: &str) {
        if self.route.get_untracked() == *page {
            self.go(path);
        }
    }

    /// Follows a click on a link that is marked with `data-link`, unless the reader wants it elsewhere.
    fn follow(self, event: &web_sys::MouseEvent) {
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0;
        if elsewhere || event.default_prevented() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a[data-link]").ok().flatten());
        if let Some(address) = link.and_then(|link| link.get_attribute("href")) {
            event.prevent_default();
            self.go(path_of(&address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_pages() {
        assert_eq!(Route::parse("/"), Route::Home);
        assert_eq!(Route::parse(""), Route::Home);
        assert_eq!(Route::parse("/c/0b5e"), Route::Conversation("0b5e".into()));
        assert_eq!(Route::parse("/c/0b5e/"), Route::Conversation("0b5e".into()));
        for path in ["/c", "/c/", "/c/a/b", "/d/a", "//c/a"] {
            assert!(Route::parse(path) != Route::Home, "{path}");
        }
        assert_eq!(Route::parse("/c/a/b"), Route::Unknown);
    }

    #[test]
    fn a_conversation_has_an_address() {
        let id = SessionId::from("0b5e");
        assert_eq!(Route::parse(&conversation_path(&id)), Route::Conversation(id));
        let id = ThreadId::from("0b5e");
        assert_eq!(Route::parse(&thread_path(&id)), Route::Thread(id));
    }
}
