//! What can be done with a conversation, beside talking in it: by the palette, and by a word after a slash.

use codex_gateway_wire::api::ThreadAction;
use leptos::{prelude::use_context, task::spawn_local};

use super::Chat;
use crate::{
    browser,
    commands::{Command, Commands},
    composer::RENAME,
    icon::Icon,
    route::{Navigator, conversation_path},
    server_fns,
    sidebar::Conversations,
};

/// Adds it, the most wanted last.
pub(super) fn add_actions(chat: Chat, commands: Commands) {
    let t = chat.t;
    let actions = [
        ("archive", t.archive(), Icon::Archive, ThreadAction::Archive),
        ("compact", t.compact(), Icon::Compact, ThreadAction::Compact),
        ("review", t.review(), Icon::Search, ThreadAction::Review),
        ("fork", t.fork(), Icon::Fork, ThreadAction::Fork),
    ];
    commands.add(Command::always(t.export(), Icon::Down, move || export(chat)).word("export"));
    for (word, name, icon, action) in actions {
        commands.add(Command::always(name, icon, move || chat.act(action, None)).word(word));
    }
    let rename = move || chat.begin_draft_with(RENAME);
    commands.add(Command::always(t.rename(), Icon::Edit, rename).word("rename"));
}

impl Chat {
    /// Does something with the conversation; `about` is the turn that it is about.
    pub(crate) fn act(self, action: ThreadAction, about: Option<String>) {
        let (navigator, conversations) = (use_context::<Navigator>(), use_context::<Conversations>());
        let Some(thread) = self.live.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return;
        };
        let (id, page) = (self.id(), navigator.map(Navigator::route_untracked).unwrap_or_default());
        spawn_local(async move {
            match server_fns::act(thread, action, about).await {
                Ok(session) => {
                    let here = session.as_ref() == Some(&id);
                    if let Some(navigator) = navigator.filter(|_| !here) {
                        let path = session.as_ref().map_or_else(|| "/".to_owned(), conversation_path);
                        navigator.go_from(&page, &path);
                    }
                    if let Some(all) = conversations {
                        all.refresh();
                    }
                }
                Err(failure) => self.say_failed(&failure),
            }
        });
    }

    /// Gives the conversation a name.
    pub(crate) fn rename(self, name: String) {
        let conversations = use_context::<Conversations>();
        let Some(thread) = self.live.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return;
        };
        spawn_local(async move {
            match server_fns::rename(thread, name).await {
                Ok(()) => conversations.iter().for_each(|all| all.refresh()),
                Err(failure) => self.say_failed(&failure),
            }
        });
    }
}

/// Saves the conversation as Markdown on the reader's machine.
fn export(chat: Chat) {
    if let Some(thread) = chat.live.with_untracked(|transcript| transcript.thread_id.clone()) {
        browser::download(&format!("/api/threads/{thread}/export?format=markdown"));
    }
}
