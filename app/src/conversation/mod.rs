//! A conversation: what was said and done, what is going on, and the composer below.

mod actions;
mod activity;
mod changed_files;
mod disclosure;
mod edit;
mod entry;
mod find;
mod log;
mod match_highlights;
mod notices;
mod older;
mod print;
mod queue;
mod scroll;
mod status_line;
mod step;
mod turn;
mod turn_actions;
mod unsent;
mod window;

use codex_gateway_wire::api::Model;
use leptos::ev;
use view::prelude::*;
use web_sys::KeyboardEvent;

pub(crate) use notices::{proxy_notice, sign_in_notice};
pub(crate) use turn::failure_view;
pub(crate) use unsent::sent_view;

use crate::{
    browser,
    commands::{Command, Commands, Key},
    composer::Composer,
    folder_trust::FolderTrust,
    icon::Icon,
    node::{El, ElementExt as _, el},
    server_fns::SiteConfig,
    server_requests::PendingRequests,
};

pub(crate) use crate::state::Chat;

/// The conversation of a page, below its header.
pub(crate) fn conversation_view(chat: Chat, models: Vec<Model>, site: SiteConfig) -> El {
    let t = chat.t;
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event| escaped(chat, &event));
        on_cleanup(move || listener.remove());
    });
    chat.edit().follow(chat);
    print::follow(chat);
    if let Some(commands) = use_context::<Commands>() {
        actions::add_actions(chat, commands);
        let details = Command::always(t.toggle_details(), Icon::Panel, move || chat.panel().toggle());
        commands.add(details.key(Key::Ctrl(".")));
        let print = Command::always(t.print(), Icon::File, move || print::print(chat));
        commands.add(print.key(Key::Ctrl("p")));
        Effect::new(move |_| {
            if chat.running() {
                commands.add(Command::always(t.stop(), Icon::Stop, move || chat.stop()));
            }
        });
    }
    let composer = view! {
        <Composer
            draft_name=chat.draft_key()
            placeholder=t.placeholder()
            models
            site
            chat
            on_submit=Callback::new(move |draft| chat.send(draft))
        />
    };
    let dock = el("div")
        .class("dock")
        .child(notices::notices_view(chat))
        .child(view! { <FolderTrust folder=chat.folder() t/> })
        .child(view! { <PendingRequests chat/> })
        .child(queue::queue_view(chat))
        .child(status_line::status_line(chat))
        .child(composer);
    el("main").class("chat").child(log::log_view(chat)).child(dock)
}

/// Esc is for one thing at a time: what has the focus and takes it (a menu, a list of suggestions, a word being composed), then a
/// dialog, then an edit, then the search; without any of them it stops the turn.
fn escaped(chat: Chat, event: &KeyboardEvent) {
    // Held down, it was meant for what it has closed already.
    if event.key() != "Escape"
        || event.repeat()
        || browser::is_ime_composing(event)
        || event.default_prevented()
    {
        return;
    }
    let above = document().query_selector("[popover]:popover-open, dialog[open]").ok().flatten();
    if above.is_some() {
        return;
    }
    let closes = chat.edit().cancel(chat) || chat.close_find();
    if closes {
        return event.prevent_default();
    }
    if untrack(|| chat.running()) {
        event.prevent_default();
        chat.stop();
    }
}

#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests;
