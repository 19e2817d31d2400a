//! `/c/{id}` and `/t/{id}`: a conversation.

use view::prelude::*;

use super::{header::Header, window_title::follow_window_title};
use crate::{
    conversation::ConversationPane,
    notify::{self, TurnStatus},
    panel::DetailsPanel,
    server_fns::Conversation,
    sidebar::Conversations,
    state::{Chat, FirstMessage},
};

/// The page of a conversation: header, transcript with composer, and panel.
#[component]
pub(super) fn ConversationPage(conversation: Conversation) -> impl IntoView {
    let (site, models) = (conversation.site.clone(), conversation.snapshot.models.clone());
    let first_message = use_context::<FirstMessage>()
        .and_then(|first_message| first_message.take_for(&conversation.snapshot.session.id));
    let chat = Chat::open(conversation, first_message);
    provide_context(chat);
    let title = move || chat.transcript.meta(|transcript| transcript.title.clone());
    follow_window_title(title, move || chat.waiting());
    notify::follow(
        move || TurnStatus { running: chat.running(), waiting: chat.waiting() },
        move || {
            (chat.id().to_string(), chat.transcript.with_untracked(|transcript| transcript.title.clone()))
        },
    );
    // The sidebar's list shows the title and the status of this conversation.
    let conversations = use_context::<Conversations>();
    let status = Memo::new(move |_| (chat.running(), chat.waiting(), title()));
    Effect::watch(
        move || status.get(),
        move |_, _, _| {
            if let Some(conversations) = conversations {
                conversations.refresh();
            }
        },
        false,
    );
    view! {
        <div class="page">
            <Header is_demo=site.demo approvals=chat.approvals chat/>
            <ConversationPane chat models site/>
            <DetailsPanel chat/>
        </div>
    }
}
