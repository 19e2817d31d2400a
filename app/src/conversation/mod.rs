//! A conversation: the log, the notices, the queue and the composer.
//!
//! - [`log`]: the log; [`turn_section`]: a turn in it, [`entry`]: an entry, [`step`]: a step of the work,
//!   [`exploration`]: steps that only read
//! - [`disclosure`], [`changed_files`], [`turn_actions`]: the other parts of a turn; [`turn`]: what they share
//! - [`unsent`]: messages that the session has not reported yet
//! - [`scroll`], `window`, [`older`]: the scroll position, which entries are mounted, loading older ones
//! - [`find`], [`find_bar`], [`match_highlights`]: searching
//! - [`edit`], [`edit_form`]: editing a message where it stands
//! - [`notices`], [`queue`], [`status_line`], [`activity`]: what stands above the composer
//! - [`actions`], `print`: commands for the whole conversation

mod actions;
mod activity;
mod changed_files;
mod disclosure;
mod edit;
mod edit_form;
mod entry;
mod exploration;
mod failure_alert;
mod find;
mod find_bar;
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
mod turn_section;
mod unsent;
mod window;

use codex_gateway_wire::api::Model;
use leptos::ev;
use view::prelude::*;
use web_sys::KeyboardEvent;

pub(crate) use self::{
    failure_alert::FailureAlert,
    notices::{ProxySignInNotice, SignInNotice},
    unsent::SentMessage,
};
use self::{
    find::Find, log::Log, notices::Notices, queue::QueueList, scroll::Scroll, status_line::StatusLine,
};
use crate::{
    browser,
    commands::{Command, CommandGroup, Commands, Key},
    composer::Composer,
    folder_trust::FolderTrust,
    icon::Icon,
    server_fns::SiteConfig,
    server_requests::PendingRequests,
    state::Chat,
};

/// The conversation of a page, below the page's header.
#[component]
pub(crate) fn ConversationPane(chat: Chat, models: Vec<Model>, site: SiteConfig) -> impl IntoView {
    let t = chat.t;
    let scroll = Scroll::new(chat.transcript);
    let find = Find::new(chat, scroll);
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event| on_keydown(chat, find, &event));
        on_cleanup(move || listener.remove());
    });
    chat.edit().follow(chat);
    print::show_all_while_printing(chat);
    let commands = use_context::<Commands>();
    if let Some(commands) = commands {
        add_commands(chat, commands);
    }
    let composer = view! {
        <Composer
            draft_name=chat.draft_key()
            placeholder=t.message_placeholder()
            models
            site
            chat
            on_submit=Callback::new(move |draft| chat.send(draft))
        />
    };
    let dock = view! {
        <div class="dock">
            <Notices chat/>
            <FolderTrust folder=chat.folder() t/>
            <PendingRequests chat/>
            <QueueList chat/>
            <StatusLine chat/>
            {composer}
        </div>
    };
    // The palette lists the command that was added last first. This one comes after those of the composer.
    if let Some(commands) = commands {
        find.add_command(commands);
    }
    view! { <main class="chat"><Log chat scroll find/> {dock}</main> }
}

fn add_commands(chat: Chat, commands: Commands) {
    let t = chat.t;
    actions::add_commands(chat, commands);
    let details = Command::always(t.toggle_details(), Icon::Panel, move || chat.panel().toggle());
    let add = move |command: Command| commands.add(command.group(CommandGroup::Conversation));
    add(details.synonyms("panel diff changes plan usage events").key(Key::Ctrl(".")));
    let print = Command::always(t.print_conversation(), Icon::File, move || print::print(chat));
    add(print.synonyms("pdf").key(Key::Ctrl("p")));
    Effect::new(move |_| {
        if chat.running() {
            add(Command::always(t.stop(), Icon::Stop, move || chat.stop()).synonyms("interrupt cancel abort"));
        }
    });
}

/// Handles Esc, which does one thing at a time.
///
/// What has the focus comes first (a menu, a list of suggestions, a word that is being composed), then a dialog, then an
/// edit, then the find bar. Without any of them, Esc stops the turn.
fn on_keydown(chat: Chat, find: Find, event: &KeyboardEvent) {
    // A key that is held down has done its one thing already.
    if event.key() != "Escape"
        || event.repeat()
        || browser::is_ime_composing(event)
        || event.default_prevented()
    {
        return;
    }
    let overlay = document().query_selector("[popover]:popover-open, dialog[open]").ok().flatten();
    if overlay.is_some() {
        return;
    }
    if chat.edit().cancel(chat) || find.close_if_open() {
        event.prevent_default();
    } else if untrack(|| chat.running()) {
        event.prevent_default();
        chat.stop();
    }
}

#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests;
