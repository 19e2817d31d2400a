//! What one can do from everywhere: one table, which feeds the palette, the list of keys and the keys themselves.
//!
//! A part of the page says what can be done with it by [`Commands::add`]; that holds for as long as the part is there.
//!
//! - `global`: what can be done on every page
//! - [`key`]: what one presses
//! - `palette`: all of it, to be found by typing; `help`: all keys

mod global;
mod help;
mod key;
mod palette;

use std::sync::Arc;

use leptos::{ev, prelude::*};
use web_sys::KeyboardEvent;

pub(crate) use self::{global::add_global, help::help_view, key::Key, palette::palette_view};
use crate::{browser, icon::Icon};

/// Something that one can do.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) icon: Icon,
    /// What one presses, if there is a key for it.
    pub(crate) key: Option<Key>,
    /// What one types after a slash in the composer, if it can be done from there.
    pub(crate) word: Option<&'static str>,
    /// Does it. Whether that made sense: else the key goes on to the browser.
    pub(crate) run: Run,
}

impl Command {
    /// Something that is done by `run`, which says whether that made sense.
    pub(crate) fn new(
        name: &'static str,
        icon: Icon,
        run: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { name, icon, key: None, word: None, run: Arc::new(run) }
    }

    /// Something that always makes sense.
    pub(crate) fn always(name: &'static str, icon: Icon, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self::new(name, icon, move || {
            run();
            true
        })
    }

    pub(crate) fn key(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(crate) fn word(self, word: &'static str) -> Self {
        Self { word: Some(word), ..self }
    }
}

/// See [`Command::run`].
pub(crate) type Run = Arc<dyn Fn() -> bool + Send + Sync>;

/// Everything that one can do now; a context of all pages.
#[derive(Clone, Copy)]
pub(crate) struct Commands {
    all: RwSignal<Vec<(u32, Command)>>,
    /// How many were ever added.
    count: RwSignal<u32>,
}

impl Commands {
    /// Nothing yet; listens to the keys in the browser.
    pub(crate) fn provide() -> Self {
        let commands = Self { all: RwSignal::new(Vec::new()), count: RwSignal::new(0) };
        provide_context(commands);
        Effect::new(move |_| {
            // For as long as the page lives.
            let _ = window_event_listener(ev::keydown, move |event| commands.pressed(&event));
        });
        commands
    }

    /// Adds something that can be done, for as long as the part of the page is there that says so.
    pub(crate) fn add(self, command: Command) {
        let id = self.count.get_untracked();
        self.count.set(id + 1);
        self.all.update(|all| all.push((id, command)));
        on_cleanup(move || {
            self.all.update(|all| all.retain(|(other, _)| *other != id));
        });
    }

    /// All of it, what belongs to the page that is shown first; tracked.
    pub(crate) fn all(self) -> Vec<Command> {
        self.all
            .try_with(|all| all.iter().rev().map(|(_, command)| command.clone()).collect())
            .unwrap_or_default()
    }

    /// Those that the composer offers for the beginning of a word; as they are now.
    pub(crate) fn by_word(self, begun: &str) -> Vec<Command> {
        let fits = |command: &&Command| command.word.is_some_and(|word| word.starts_with(begun));
        let find = |all: &Vec<(u32, Command)>| {
            all.iter().rev().map(|(_, command)| command).filter(fits).cloned().collect()
        };
        self.all.try_with_untracked(find).unwrap_or_default()
    }

    fn pressed(self, event: &KeyboardEvent) {
        if event.default_prevented() || browser::is_ime_composing(event) || event.repeat() {
            return;
        }
        let find = |all: &Vec<(u32, Command)>| {
            let mut newest_first = all.iter().rev();
            newest_first.find(|(_, command)| command.key.is_some_and(|key| key.is(event))).cloned()
        };
        if let Some((_, command)) = self.all.try_with_untracked(find).flatten()
            && (command.run)()
        {
            event.prevent_default();
        }
    }
}
