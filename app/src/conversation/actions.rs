//! The commands for the whole conversation, in the palette and after a slash in the composer.

use codex_gateway_wire::api::ThreadAction;
use leptos::{
    prelude::{GetUntracked as _, use_context},
    task::spawn_local,
};

use crate::{
    browser,
    commands::{Command, CommandGroup, Commands},
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
        ("archive", "hide close done", t.archive_conversation(), Icon::Archive, ThreadAction::Archive),
        (
            "compact",
            "summarize summarise tokens memory window",
            t.compact_conversation(),
            Icon::Compact,
            ThreadAction::Compact,
        ),
        ("review", "diff check feedback", t.review_changes(), Icon::Search, ThreadAction::Review),
        ("fork", "branch copy duplicate", t.fork_conversation(), Icon::Fork, ThreadAction::Fork),
    ];
    let add = |command: Command| commands.add(command.group(CommandGroup::Conversation));
    let export = Command::always(t.export_conversation(), Icon::Down, move || export(chat));
    add(export.synonyms("save download").word("export"));
    for (word, synonyms, name, icon, action) in actions {
        add(Command::always(name, icon, move || chat.act(action, None)).synonyms(synonyms).word(word));
    }
    let rename = Command::always(t.rename(), Icon::Edit, move || chat.begin_draft_with(RENAME));
    add(rename.synonyms("title name").word("rename"));
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
