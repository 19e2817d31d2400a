//! The pages: the home page, a conversation, and pages that say why there is none.

mod conversation;
mod deferred;
mod failed;
mod header;
mod home;
mod settings_menu;
mod start_conversation;
mod window_title;

use leptos::wasm_split::wasm_split;
use view::{Node, prelude::*};

#[cfg(feature = "ssr")]
pub(crate) use self::window_title::window_title;
use self::{conversation::ConversationPage, deferred::DeferredPage, failed::FailedPage, home::HomePage};
#[cfg(feature = "hydrate")]
use crate::router::Route;
use crate::{
    lazy::{ChunkError, lazy},
    server_fns::{Conversation, PageData},
};

/// The page that shows the data.
#[component]
pub(crate) fn Page(data: PageData) -> impl IntoView {
    let PageData { home, conversation, failure, is_deferred, seal: _ } = data;
    match (home, conversation) {
        _ if is_deferred => view! { <DeferredPage/> },
        (Some(home), _) => view! { <HomePage home/> },
        (None, Some(conversation)) => {
            lazy(conversation_page(Owner::current().unwrap_or_default(), conversation))
        }
        (None, None) => view! { <FailedPage failure=failure.unwrap_or_default()/> },
    }
}

/// The page of a conversation, whose code is in the chunk of conversations.
#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(conversation, wasm_split_path = ::leptos::wasm_split, preload(load_conversation_chunk), fallible)]
fn conversation_page(owner: Owner, conversation: Conversation) -> Result<Node, ChunkError> {
    Ok(owner.with(|| view! { <ConversationPage conversation/> }))
}

/// Loads the chunk of the page that the browser shows, so that the page can be hydrated at once.
///
/// # Errors
/// If the chunk cannot be loaded.
#[cfg(feature = "hydrate")]
pub(crate) async fn load_chunk(route: &Route) -> Result<(), ChunkError> {
    match route {
        Route::Conversation(_) | Route::Thread(_) => load_conversation_chunk().await,
        Route::Home | Route::Unknown => Ok(()),
    }
}
