//! The commands for the whole conversation, in the palette and after a slash in the composer.

use codex_gateway_wire::api::ThreadAction;
use leptos::{
    prelude::{GetUntracked as _, use_context},
    task::spawn_local,
};

use crate::{
    browser,
    commands::{Command, Commands},
    composer::RENAME,
    icon::Icon,
    router::{NavigateOptions, conversation_path, use_navigate, use_route},
    server_fns,
    sidebar::Conversations,
    state::Chat,
};

/// Adds the commands. The palette lists the last one first.
pub(super) fn add_commands(chat: Chat, commands: Commands) {
    let t = chat.t;
    let actions = [
        ("archive", t.archive_conversation(), Icon::Archive, ThreadAction::Archive),
        ("compact", t.compact_conversation(), Icon::Compact, ThreadAction::Compact),
        ("review", t.review_changes(), Icon::Search, ThreadAction::Review),
        ("fork", t.fork_conversation(), Icon::Fork, ThreadAction::Fork),
    ];
    commands.add(Command::always(t.export_conversation(), Icon::Down, move || export(chat)).word("export"));
    for (word, name, icon, action) in actions {
        commands.add(Command::always(name, icon, move || chat.act(action, None)).word(word));
    }
    let rename = move || chat.begin_draft_with(RENAME);
    commands.add(Command::always(t.rename(), Icon::Edit, rename).word("rename"));
}

impl Chat {
    /// Performs an action on the thread, and goes to the conversation that results from it.
    ///
    /// `argument` is the last turn of a fork, or the instructions for a review.
    pub(crate) fn act(self, action: ThreadAction, argument: Option<String>) {
        let (navigate, route) = (use_navigate(), use_route());
        let conversations = use_context::<Conversations>();
        let Some(thread) = self.transcript.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return;
        };
        let (id, page) = (self.id(), route.get_untracked());
        spawn_local(async move {
            match server_fns::act_on_conversation(thread, action, argument).await {
                Ok(session) => {
                    let is_same_session = session.as_ref() == Some(&id);
                    // The reader may have gone to another page meanwhile.
                    if !is_same_session && route.get_untracked() == page {
                        let path = session.as_ref().map_or_else(|| "/".to_owned(), conversation_path);
                        navigate(&path, NavigateOptions::default());
                    }
                    if let Some(conversations) = conversations {
                        conversations.refresh();
                    }
                }
                Err(failure) => self.say_failed(&failure),
            }
        });
    }

    /// Sets the title of the conversation.
    pub(crate) fn rename(self, title: String) {
        let conversations = use_context::<Conversations>();
        let Some(thread) = self.transcript.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return;
        };
        spawn_local(async move {
            match server_fns::rename_conversation(thread, title).await {
                Ok(()) => conversations.iter().for_each(|conversations| conversations.refresh()),
                Err(failure) => self.say_failed(&failure),
            }
        });
    }
}

/// Downloads the conversation as Markdown.
fn export(chat: Chat) {
    if let Some(thread) = chat.transcript.with_untracked(|transcript| transcript.thread_id.clone()) {
        browser::download(&format!("/api/threads/{thread}/export?format=markdown"));
    }
}
