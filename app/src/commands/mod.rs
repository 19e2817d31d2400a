//! Commands: one table feeds the palette, the list of shortcuts, the composer's slash commands and the keyboard.
//!
//! A part of the page adds its commands with [`Commands::add`]. They stay for as long as that part is mounted.
//!
//! - `global`: the commands of every page
//! - [`key`]: keys and key combinations
//! - `palette`: a dialog to search commands and conversations
//! - `help`: a dialog that lists the shortcuts

mod global;
mod help;
mod key;
mod palette;

use std::sync::Arc;

use leptos::{ev, prelude::*};
use web_sys::KeyboardEvent;

pub(crate) use self::{
    global::add_global,
    help::{KeyboardHelp, load_help},
    key::Key,
    palette::{Palette, load_palette},
};
use crate::{
    browser::{self, to_lowercase},
    i18n::Texts,
    icon::Icon,
};

/// What a command is about. The palette lists the groups in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandGroup {
    Conversation,
    General,
    Settings,
}

impl CommandGroup {
    pub(crate) const ALL: [Self; 3] = [Self::Conversation, Self::General, Self::Settings];

    /// Returns the heading of the group.
    pub(crate) fn title(self, t: &Texts) -> &'static str {
        match self {
            Self::Conversation => t.this_conversation(),
            Self::General => t.general(),
            Self::Settings => t.settings(),
        }
    }
}

/// An action that the user can run by its name, its key or its slash command.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) icon: Icon,
    pub(crate) group: CommandGroup,
    /// Other English words for the command, in lower case, by which it is found too.
    pub(crate) synonyms: &'static str,
    /// The shortcut. `None` if the command has none.
    pub(crate) key: Option<Key>,
    /// The composer's slash command, without the slash. `None` if the composer does not offer the command.
    pub(crate) word: Option<&'static str>,
    /// Runs the command.
    pub(crate) run: Run,
}

impl Command {
    /// Creates a command. `run` returns `false` if the command does not apply now: its key then goes on to the browser.
    pub(crate) fn new(
        name: &'static str,
        icon: Icon,
        run: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let (group, synonyms) = (CommandGroup::General, "");
        Self { name, icon, group, synonyms, key: None, word: None, run: Arc::new(run) }
    }

    /// Creates a command that always applies.
    pub(crate) fn always(name: &'static str, icon: Icon, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self::new(name, icon, move || {
            run();
            true
        })
    }

    /// Sets the shortcut.
    pub(crate) fn key(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Sets the group. It is [`CommandGroup::General`] otherwise.
    pub(crate) fn group(self, group: CommandGroup) -> Self {
        Self { group, ..self }
    }

    /// Sets the other English words by which the command is found, in lower case.
    pub(crate) fn synonyms(self, synonyms: &'static str) -> Self {
        Self { synonyms, ..self }
    }

    /// Returns `true` if the query, in lower case, is a part of the name or of a synonym, or begins the slash command.
    /// A query with a slash finds slash commands only.
    pub(crate) fn matches(&self, query: &str) -> bool {
        let begins_word = |prefix: &str| self.word.is_some_and(|word| word.starts_with(prefix));
        match query.strip_prefix('/') {
            Some(prefix) => begins_word(prefix),
            None => {
                to_lowercase(self.name).contains(query) || self.synonyms.contains(query) || begins_word(query)
            }
        }
    }

    /// Sets the composer's slash command, without the slash.
    pub(crate) fn word(self, word: &'static str) -> Self {
        Self { word: Some(word), ..self }
    }
}

/// Runs a command. Returns `false` if it does not apply now.
pub(crate) type Run = Arc<dyn Fn() -> bool + Send + Sync>;

/// The commands that are available now. A context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Commands {
    /// The commands with their ids, the last added last.
    all: RwSignal<Vec<(u32, Command)>>,
    /// The id of the next command.
    next_id: RwSignal<u32>,
}

impl Commands {
    /// Provides the context, without commands, and runs commands by their keys in the browser.
    pub(crate) fn provide() -> Self {
        let commands = Self { all: RwSignal::new(Vec::new()), next_id: RwSignal::new(0) };
        provide_context(commands);
        Effect::new(move |_| {
            // Never removed: the context lives as long as the page.
            let _ = window_event_listener(ev::keydown, move |event| commands.run_by_key(&event));
        });
        commands
    }

    /// Adds a command until the current reactive owner is cleaned up.
    pub(crate) fn add(self, command: Command) {
        let id = self.next_id.get_untracked();
        self.next_id.set(id + 1);
        self.all.update(|all| all.push((id, command)));
        on_cleanup(move || {
            self.all.update(|all| all.retain(|(other, _)| *other != id));
        });
    }

    /// Returns all commands, the last added first, so that those of the current page come before the global ones. Tracked.
    pub(crate) fn all(self) -> Vec<Command> {
        self.all
            .try_with(|all| all.iter().rev().map(|(_, command)| command.clone()).collect())
            .unwrap_or_default()
    }

    /// Returns the slash commands that begin with `prefix`, the last added first. Not tracked.
    pub(crate) fn by_word(self, prefix: &str) -> Vec<Command> {
        let is_match = |command: &&Command| command.word.is_some_and(|word| word.starts_with(prefix));
        let find = |all: &Vec<(u32, Command)>| {
            all.iter().rev().map(|(_, command)| command).filter(is_match).cloned().collect()
        };
        self.all.try_with_untracked(find).unwrap_or_default()
    }

    fn run_by_key(self, event: &KeyboardEvent) {
        if event.default_prevented() || browser::is_ime_composing(event) || event.repeat() {
            return;
        }
        let find = |all: &Vec<(u32, Command)>| {
            let mut last_first = all.iter().rev();
            last_first.find(|(_, command)| command.key.is_some_and(|key| key.matches(event))).cloned()
        };
        if let Some((_, command)) = self.all.try_with_untracked(find).flatten()
            && (command.run)()
        {
            event.prevent_default();
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn command_is_found_by_name_synonym_and_slash_command() {
        let fork = Command::always("Fork this conversation", Icon::Fork, || {})
            .synonyms("branch copy duplicate")
            .word("fork");
        for (query, is_found) in [
            ("", true),
            ("this conv", true),
            ("duplic", true),
            ("/fo", true),
            ("/", true),
            ("/branch", false),
            ("merge", false),
        ] {
            assert_eq!(fork.matches(query), is_found, "{query}");
        }
        assert!(!Command::always("Sign out", Icon::Shield, || {}).matches("/"), "it has no slash command");
    }
}
