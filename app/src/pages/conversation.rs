//! `/c/{id}`: a conversation.

use leptos::prelude::*;

use super::{header::header_view, home::FirstMessage, keep_title};
use crate::{
    conversation::{Chat, conversation_view},
    node::{El, el},
    server_fns::Conversation,
};

pub(super) fn found_view(conversation: Conversation) -> El {
    let (demo, models) = (conversation.site.demo, conversation.snapshot.models.clone());
    let message = use_context::<FirstMessage>().and_then(|first| first.0.take());
    let chat = Chat::open(conversation, message);
    keep_title(move || chat.live.meta(|transcript| transcript.title.clone()), move || chat.waiting());
    el("div").class("page").child(header_view(demo, Some(chat))).child(conversation_view(chat, models))
}
