//! The log: the turns, then the messages that were sent and that the session has not reported yet.

use view::prelude::*;

use super::{
    find::Find,
    find_bar::FindBar,
    older::{OlderEntries, OlderLoader},
    scroll::Scroll,
    turn_section::TurnSection,
    unsent::UnsentMessage,
    window::{EntryWindow, NewerEntries},
};
use crate::{
    icon::{Icon, icon},
    state::{Chat, GroupKey},
};

/// The log of a conversation, with the find bar and the button that goes to the end.
#[component]
pub(super) fn Log(chat: Chat, scroll: Scroll, find: Find) -> impl IntoView {
    let t = chat.t;
    let window = EntryWindow::new(chat, scroll);
    // A message that the user has just sent is scrolled into sight.
    let mut unsent_before = None;
    Effect::new(move |_| {
        let unsent = chat.outbox.shown(chat.transcript).len();
        if unsent_before.replace(unsent).is_some_and(|before| unsent > before) {
            request_animation_frame(move || window.go_to_end());
        }
    });
    let loader = OlderLoader::new(chat, scroll, window);
    let unsent_ids = move || {
        // They stand at the end of the conversation, which may not be mounted.
        let unsent =
            if chat.transcript.has_entries_below() { Vec::new() } else { chat.outbox.shown(chat.transcript) };
        unsent.into_iter().map(|message| message.client_id)
    };
    view! {
        <div class="viewport">
            <FindBar find/>
            <div class="scroll" node_ref=scroll.scroller tabindex="-1" on:scroll=move |_| scroll.on_scroll()>
                <div
                    class="log"
                    node_ref=scroll.content
                    role="log"
                    aria-label=t.conversation()
                    aria-busy=move || (chat.running() || loader.is_loading() || window.is_moving()).to_string()
                    data-at=move || chat.transcript.last_event().to_string()
                    on:click=move |event| scroll.on_click(&event)
                >
                    <OlderEntries chat loader/>
                    <For
                        each=move || chat.transcript.visible_groups()
                        key=GroupKey::clone
                        children=move |group| view! { <TurnSection chat group/> }
                    />
                    <NewerEntries chat window/>
                    <For
                        each=unsent_ids
                        key=String::clone
                        children=move |client_id| view! { <UnsentMessage chat client_id/> }
                    />
                </div>
            </div>
            <LatestButton chat scroll window/>
        </div>
    }
}

/// A button that goes to the end; nothing while the end is in sight.
#[component]
fn LatestButton(chat: Chat, scroll: Scroll, window: EntryWindow) -> impl IntoView {
    let t = chat.t;
    let label = move || if scroll.has_unseen() { t.new_messages() } else { t.scroll_to_latest() };
    let button = move || {
        scroll.is_away().then(|| {
            view! {
                <button type="button" class="latest" on:click=move |_| window.go_to_end()>
                    {icon(Icon::Down)}
                    <span>{label}</span>
                </button>
            }
        })
    };
    view! { {button} }
}
