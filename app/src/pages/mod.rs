//! The pages, and what they have in common.

mod conversation;
mod deferred;
mod failed;
mod header;
mod home;

use leptos::{prelude::*, wasm_split::wasm_split};

#[cfg(feature = "hydrate")]
use crate::route::Route;
use crate::{
    browser,
    i18n::texts,
    lazy::{ChunkError, lazy},
    node::Node,
    server_fns::{Conversation, PageData},
};

/// A page.
pub(crate) fn page_view(loaded: PageData) -> Node {
    let PageData { home, conversation, failure, is_deferred, seal: _ } = loaded;
    match (home, conversation) {
        _ if is_deferred => deferred::deferred_view().into(),
        (Some(home), _) => home::home_view(home).into(),
        (None, Some(conversation)) => {
            lazy(conversation_page(Owner::current().unwrap_or_default(), conversation))
        }
        (None, None) => failed::failed_view(&failure.unwrap_or_default()).into(),
    }
}

/// A conversation's page, in the chunk of conversations.
#[wasm_split(conversation, wasm_split_path = ::leptos::wasm_split, preload(load_conversation_chunk), fallible)]
fn conversation_page(owner: Owner, conversation: Conversation) -> Result<Node, ChunkError> {
    Ok(owner.with(|| conversation::found_view(conversation).into()))
}

/// Loads the chunk of the page that the browser shows, so that the page can be hydrated at once.
#[cfg(feature = "hydrate")]
pub(crate) async fn load_chunk(route: &Route) -> Result<(), ChunkError> {
    match route {
        Route::Conversation(_) | Route::Thread(_) => load_conversation_chunk().await,
        Route::Home | Route::Unknown => Ok(()),
    }
}

/// The page's title, in the window's own bar.
pub(crate) fn window_title(title: Option<&str>) -> String {
    const NAME: &str = "Codex Gateway";
    title.map_or_else(|| NAME.to_owned(), |title| format!("{title} · {NAME}"))
}

/// Keeps the window's title and icon in step: they say how much waits, too, for those who look elsewhere. (On
/// the server the shell writes them.)
fn keep_title(title: impl Fn() -> Option<String> + 'static, waiting: impl Fn() -> usize + 'static) {
    let t = texts();
    Effect::new(move |_| {
        let title = window_title(title().as_deref());
        match waiting() {
            0 => document().set_title(&title),
            count => document().set_title(&format!("({count}) {} · {title}", t.waits_for_you())),
        }
        browser::set_favicon(if waiting() > 0 {
            "/assets/favicon-waiting.svg"
        } else {
            "/assets/favicon.svg"
        });
    });
}
