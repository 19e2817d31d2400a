//! `/c/{id}`: a conversation.

use view::prelude::*;

use super::{header::header_view, keep_title};
use crate::{
    conversation::ConversationPane,
    node::{El, ElementExt as _, el},
    notify::{self, TurnStatus},
    panel::DetailsPanel,
    server_fns::Conversation,
    sidebar::Conversations,
    state::{Chat, FirstMessage},
};

pub(super) fn found_view(conversation: Conversation) -> El {
    let (site, models) = (conversation.site.clone(), conversation.snapshot.models.clone());
    let demo = site.demo;
    let first = use_context::<FirstMessage>();
    let message = first.and_then(|first| first.take_for(&conversation.snapshot.session.id));
    let chat = Chat::open(conversation, message);
    provide_context(chat);
    keep_title(move || chat.live.meta(|transcript| transcript.title.clone()), move || chat.waiting());
    let conversations = use_context::<Conversations>();
    let state = Memo::new(move |_| {
        (chat.running(), chat.waiting(), chat.live.meta(|transcript| transcript.title.clone()))
    });
    notify::follow(
        move || TurnStatus { running: chat.running(), waiting: chat.waiting() },
        move || (chat.id().to_string(), chat.live.with_untracked(|transcript| transcript.title.clone())),
    );
    Effect::watch(
        move || state.get(),
        move |_, _, _| conversations.iter().for_each(|all| all.refresh()),
        false,
    );
    el("div")
        .class("page")
        .child(header_view(demo, chat.approvals, Some(chat)))
        .child(view! { <ConversationPane chat models site/> })
        .child(view! { <DetailsPanel chat/> })
}
