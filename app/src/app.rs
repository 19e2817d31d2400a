//! The application: which page is shown.

use leptos::prelude::*;

use crate::{
    node::Node,
    pages::{FirstMessage, conversation_page, home_page, not_found_page},
    prefs::Prefs,
    route::{Navigator, Route},
};

/// All pages. The same on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_context(Prefs::current().lang);
    provide_context(FirstMessage(RwSignal::new(None)));
    let navigator = Navigator::provide();
    move || match navigator.route() {
        Route::Home => home_page(),
        Route::Conversation(id) => conversation_page(id),
        Route::Unknown => Node::from(not_found_page()).into_any(),
    }
}
