//! The router: which page an address shows, and how the reader goes to another page without loading the document again.
//!
//! `leptos_router` would add 36 KB to the 300 KB that the page may weigh, so this module has the part of it that the
//! page needs, under the same names: [`A`], [`use_navigate`] and [`NavigateOptions`]. The enum [`Route`], which
//! [`use_route`] returns, stands in place of `<Routes>` and `use_params`.

use codex_gateway_wire::{SessionId, ThreadId};
use leptos::ev;
use view::{Node, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use crate::{
    base_path::{address, path_of},
    browser::{push_path, replace_path},
    signal::RwSignalExt as _,
};

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`: the home page, on which a new conversation is started.
    #[default]
    Home,
    /// `/c/{id}`: the conversation of a session.
    Conversation(SessionId),
    /// `/t/{id}`: the conversation of a thread, with or without a session.
    Thread(ThreadId),
    /// Any other path: there is no such page.
    Unknown,
}

impl Route {
    /// Parses a path of the gateway.
    pub(crate) fn parse(path: &str) -> Self {
        let mut parts = path.trim_matches('/').split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("") | None, None, _) => Self::Home,
            (Some("c"), Some(id), None) if !id.is_empty() => Self::Conversation(id.into()),
            (Some("t"), Some(id), None) if !id.is_empty() => Self::Thread(id.into()),
            _ => Self::Unknown,
        }
    }

    /// Returns the route of the request on the server, and of the address bar in the browser.
    pub(crate) fn current() -> Self {
        #[cfg(feature = "ssr")]
        let path = use_context::<http::request::Parts>().map(|parts| parts.uri.path().to_owned());
        #[cfg(not(feature = "ssr"))]
        let path = window().location().pathname().ok().map(|address| path_of(&address).to_owned());
        path.map_or(Self::Home, |path| Self::parse(&path))
    }
}

/// Returns the path of a session's conversation.
pub(crate) fn conversation_path(id: &SessionId) -> String {
    format!("/c/{id}")
}

/// Returns the path of a thread's conversation.
pub(crate) fn thread_path(id: &ThreadId) -> String {
    format!("/t/{id}")
}

/// A link to a page of the gateway. A click shows the page without loading the document.
#[component]
pub(crate) fn A(
    /// The path of the page.
    #[prop(into)]
    href: String,
    children: TypedChildren<Node>,
) -> impl IntoView {
    // The router follows the links that have `data-link`.
    view! {
        <a href=address(&href) data-link="">{children.into_inner()().into_inner()}</a>
    }
}

/// Options of the function that [`use_navigate`] returns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NavigateOptions {
    /// Replaces the current entry of the browser's history instead of adding one.
    pub(crate) replace: bool,
    /// Keeps the page that is shown, and gives it the new address.
    ///
    /// A conversation does so when its session expires: the path of its thread takes the place of the session's path,
    /// and nothing needs to be loaded.
    pub(crate) keep_page: bool,
}

/// Returns a function that goes to a path of the gateway.
///
/// The function does nothing where there is no [`Router`], as in tests.
pub(crate) fn use_navigate() -> impl Fn(&str, NavigateOptions) + Copy + Send + Sync + 'static {
    let router = use_context::<Router>();
    move |path, options| {
        if let Some(router) = router {
            router.navigate(path, options);
        }
    }
}

/// Returns the route that is shown. The signal lives as long as the document.
pub(crate) fn use_route() -> ReadSignal<Route> {
    use_context::<Router>().map_or_else(|| signal(Route::current()).0, |router| router.route)
}

/// The state of the router; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    route: ReadSignal<Route>,
    set_route: WriteSignal<Route>,
    /// The last route that was navigated to with [`NavigateOptions::keep_page`], until [`Router::take_page_kept`].
    kept_route: RwSignal<Option<Route>>,
}

impl Router {
    /// Provides a router that starts at the current address, and follows the browser's history and clicks on links.
    pub(crate) fn provide() -> Self {
        let (route, set_route) = signal(Route::current());
        let router = Self { route, set_route, kept_route: RwSignal::new(None) };
        provide_context(router);
        Effect::new(move |_| {
            // The listeners are never removed: the router lives as long as the document.
            let _ = window_event_listener(ev::popstate, move |_| set_route.set(Route::current()));
            let _ = window_event_listener(ev::click, move |event| router.on_click(&event));
        });
        router
    }

    /// Returns `true`, once, if the page that is shown has been kept for this route. Nothing is loaded then.
    pub(crate) fn take_page_kept(self, route: &Route) -> bool {
        self.kept_route.take_untracked().as_ref() == Some(route)
    }

    /// Goes to a path. Subscribers of the route are notified even if it stays the same.
    fn navigate(self, path: &str, options: NavigateOptions) {
        let route = Route::parse(path);
        if options.keep_page {
            self.kept_route.set(Some(route.clone()));
        }
        if options.replace {
            replace_path(path);
        } else {
            push_path(path);
        }
        self.set_route.set(route);
    }

    /// Follows a link of [`A`], unless the click opens it in another tab or window, or downloads it.
    fn on_click(self, event: &MouseEvent) {
        let is_plain_click =
            !(event.ctrl_key() || event.meta_key() || event.shift_key()) && event.button() == 0;
        if !is_plain_click || event.default_prevented() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a[data-link]").ok().flatten());
        if let Some(address) = link.and_then(|link| link.get_attribute("href")) {
            event.prevent_default();
            self.navigate(path_of(&address), NavigateOptions::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_parsed_to_its_route() {
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
    fn path_of_conversation_is_parsed_to_its_route() {
        let id = SessionId::from("0b5e");
        assert_eq!(Route::parse(&conversation_path(&id)), Route::Conversation(id));
        let id = ThreadId::from("0b5e");
        assert_eq!(Route::parse(&thread_path(&id)), Route::Thread(id));
    }

    #[test]
    fn link_has_the_address_and_is_marked_for_the_router() {
        let owner = Owner::new();
        let html = owner.with(|| view! { <A href="/c/a" attr:class="open">"A"</A> }.to_html());
        assert_eq!(html, r#"<a href="/c/a" data-link class="open">A</a>"#);
    }
}
