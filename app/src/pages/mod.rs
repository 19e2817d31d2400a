//! The pages: the home page, a conversation, and pages that say why a conversation cannot be shown.

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
use crate::{
    chunks::{Chunk, ChunkError},
    lazy::lazy,
    server_fns::{Conversation, PageData},
};

/// The page that shows the data.
#[component]
pub(crate) fn Page(data: PageData) -> impl IntoView {
    let PageData { home, conversation, failure, is_deferred, seal: _ } = data;
    match (home, conversation) {
        _ if is_deferred => view! { <DeferredPage/> },
        (Some(home), _) => view! { <HomePage home/> },
        (None, Some(conversation)) => lazy(Chunk::Conversation, conversation_page(conversation)),
        (None, None) => view! { <FailedPage failure=failure.unwrap_or_default()/> },
    }
}

/// The page of a conversation, whose code is in the chunk of conversations.
#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(conversation, wasm_split_path = ::leptos::wasm_split, preload(load_conversation), fallible)]
pub(crate) fn conversation_page(conversation: Conversation) -> Result<Node, ChunkError> {
    Ok(view! { <ConversationPage conversation/> })
}
