//! `/c/{id}`: a conversation.

use codex_gateway_wire::SessionId;
use leptos::prelude::*;

use super::{
    failed::failed_view,
    header::header_view,
    home::{FirstMessage, starting_view},
    keep_title,
};
use crate::{
    conversation::{Chat, conversation_view},
    server_fns::{self, Conversation},
};

pub(crate) fn conversation_page(id: SessionId) -> AnyView {
    let conversation = Resource::new_blocking(|| (), move |()| server_fns::snapshot(id.clone()));
    let first = use_context::<FirstMessage>();
    let waiting = move || {
        let message = first.and_then(|first| first.0.get_untracked());
        message.map(
            |message| view! { <div class="page">{header_view(false, None)}{starting_view(message)}</div> },
        )
    };
    view! {
        <Suspense fallback=waiting>
            {move || Suspend::new(async move {
                match conversation.await {
                    Ok(conversation) => found_view(conversation.0, first),
                    Err(failure) => failed_view(&failure),
                }
            })}
        </Suspense>
    }
    .into_any()
}

fn found_view(conversation: Conversation, first: Option<FirstMessage>) -> AnyView {
    let (demo, models) = (conversation.site.demo, conversation.snapshot.models.clone());
    let message = first.and_then(|first| first.0.write_untracked().take());
    let chat = Chat::open(conversation, message);
    keep_title(move || chat.live.meta(|transcript| transcript.title.clone()));
    view! {
        <div class="page">
            {header_view(demo, Some(chat))}
            {conversation_view(chat, models)}
        </div>
    }
    .into_any()
}
