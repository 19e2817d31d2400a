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
    node::{El, Node, el},
    server_fns::{self, Conversation},
};

pub(crate) fn conversation_page(id: SessionId) -> AnyView {
    let conversation = Resource::new_blocking(|| (), move |()| server_fns::snapshot(id.clone()));
    let first = use_context::<FirstMessage>();
    let waiting = move || {
        let message = first.and_then(|first| first.0.get_untracked());
        let page = el("div").class("page").child(header_view(false, None));
        Node::from(message.map(|message| page.child(starting_view(message))))
    };
    view! {
        <Suspense fallback=waiting>
            {move || Suspend::new(async move {
                match conversation.await {
                    Ok(conversation) => Node::from(found_view(conversation.0, first)),
                    Err(failure) => failed_view(&failure).into(),
                }
            })}
        </Suspense>
    }
    .into_any()
}

fn found_view(conversation: Conversation, first: Option<FirstMessage>) -> El {
    let (demo, models) = (conversation.site.demo, conversation.snapshot.models.clone());
    let message = first.and_then(|first| first.0.write_untracked().take());
    let chat = Chat::open(conversation, message);
    keep_title(move || chat.live.meta(|transcript| transcript.title.clone()));
    el("div").class("page").child(header_view(demo, Some(chat))).child(conversation_view(chat, models))
}
