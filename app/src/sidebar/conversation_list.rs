//! The list of conversations, under headings of days.

use view::prelude::*;

use super::{
    conversation_row::{ConversationRow, on_list_keydown},
    conversations::{Conversations, ListEntry},
};
use crate::i18n::Texts;

/// The list, a note if it is empty or could not be loaded, and a button for older conversations.
#[component]
pub(super) fn ConversationList(conversations: Conversations, t: &'static Texts) -> impl IntoView {
    let row = move |entry: ListEntry| match entry {
        ListEntry::Heading(day) => view! { <li class="label">{day.name(t)}</li> },
        ListEntry::Conversation(thread) => view! { <ConversationRow conversations thread t/> },
    };
    let retry = move || {
        view! {
            <button type="button" class="link" on:click=move |_| conversations.refresh()>{t.retry()}</button>
        }
    };
    let note = move || {
        let has_failed = conversations.has_failed();
        let words = if has_failed {
            t.conversations_not_loaded()
        } else if conversations.is_empty() {
            t.no_conversations()
        } else {
            return None;
        };
        Some(view! { <p class="note">{words} " " {has_failed.then(retry)}</p> })
    };
    let more = move || {
        conversations.has_more().then(|| {
            view! {
                <button type="button" class="more" on:click=move |_| conversations.load_more()>
                    {t.more_conversations()}
                </button>
            }
        })
    };
    view! {
        <div class="conversations">
            <ul on:keydown=|event| on_list_keydown(&event)>
                <For each=move || conversations.entries() key=ListEntry::clone children=row/>
            </ul>
            {note}
            {more}
        </div>
    }
}
