//! `/c/{id}`: a conversation.

use leptos::prelude::*;

use super::{header::header_view, home::FirstMessage, keep_title};
use crate::{
    conversation::{Chat, conversation_view},
    node::{El, el},
    panel::panel_view,
    server_fns::Conversation,
    sidebar::Conversations,
};

pub(super) fn found_view(conversation: Conversation) -> El {
    let (demo, models) = (conversation.site.demo, conversation.snapshot.models.clone());
    let message = use_context::<FirstMessage>().and_then(|first| first.0.take());
    let chat = Chat::open(conversation, message);
    provide_context(chat);
    keep_title(move || chat.live.meta(|transcript| transcript.title.clone()), move || chat.waiting());
    let conversations = use_context::<Conversations>();
    Effect::new(move |before: Option<_>| {
        let now = (chat.running(), chat.waiting(), chat.live.meta(|transcript| transcript.title.clone()));
        if let Some(all) = conversations.filter(|_| before.is_some_and(|before| before != now)) {
            all.refresh();
        }
        now
    });
    el("div")
        .class("page")
        .child(header_view(demo, Some(chat)))
        .child(conversation_view(chat, models))
        .child(panel_view(chat))
}
