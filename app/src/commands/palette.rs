//! The palette: everything that one can do, and every conversation, found by typing.
//!
//! A combobox over a listbox: the focus stays in the field, and says which of the choices is meant.

use leptos::{prelude::*, task::spawn_local};
use web_sys::{Event, KeyboardEvent};

use super::{Command, Commands};
use crate::{
    browser::{self, lower_case},
    dialog::{Dialog, close_all},
    i18n::texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    route::Navigator,
    server_fns::{Row, conversations},
    sidebar::row_path,
};

/// How many conversations it shows.
const CONVERSATIONS: usize = 8;

/// A choice.
#[derive(Clone)]
enum Choice {
    Do(Command),
    Open(Row),
}

/// What the palette is about to do.
#[derive(Clone, Copy)]
struct Palette {
    commands: Commands,
    navigator: Navigator,
    words: RwSignal<String>,
    /// The conversations that were found.
    found: RwSignal<Vec<Row>>,
    /// Which of the choices is meant.
    at: RwSignal<usize>,
}

/// The dialog.
pub(crate) fn palette_view(dialog: Dialog, commands: Commands, navigator: Navigator) -> El {
    let palette = Palette {
        commands,
        navigator,
        words: RwSignal::new(String::new()),
        found: RwSignal::new(Vec::new()),
        at: RwSignal::new(0),
    };
    dialog.view(texts().palette(), move || palette.body()).class("dialog palette")
}

impl Palette {
    fn body(self) -> Node {
        let t = texts();
        let meant = move || format!("choice-{}", self.at.get());
        let field = el("input")
            .attr("type", "text")
            .attr("autofocus", "")
            .attr("role", "combobox")
            .attr("aria-label", t.palette())
            .attr("placeholder", t.palette_hint())
            .attr("aria-expanded", "true")
            .attr("aria-controls", "choices")
            .attr("aria-autocomplete", "list")
            .live_attr("aria-activedescendant", meant)
            .attr("autocomplete", "off")
            .unmanaged()
            .attr("enterkeyhint", "go")
            .on("input", move |event: Event| self.search(event_target_value(&event)))
            .on("keydown", move |event: KeyboardEvent| self.pressed(&event));
        untrack(|| self.search(String::new()));
        let choices = move || {
            let all = self.choices();
            if all.is_empty() {
                return el("p").class("note").attr("role", "status").child(t.nothing_found()).into();
            }
            many(all.into_iter().enumerate().map(|(place, choice)| self.choice_view(place, choice)))
        };
        let list = el("div")
            .attr("id", "choices")
            .attr("role", "listbox")
            .attr("aria-label", t.palette())
            .child(live(choices));
        many([el("div").class("words").child(icon(Icon::Search)).child(field), list])
    }

    fn choice_view(self, place: usize, choice: Choice) -> El {
        let t = texts();
        let (mark, name, key) = match &choice {
            Choice::Do(command) => (command.icon, command.name.to_owned(), command.key.map(super::Key::name)),
            Choice::Open(row) => {
                (Icon::Chat, row.title.clone().unwrap_or_else(|| t.untitled().to_owned()), None)
            }
        };
        el("div")
            .attr("role", "option")
            .attr("id", format!("choice-{place}"))
            .live_attr("aria-selected", move || (self.at.get() == place).to_string())
            .on_click(move || self.choose(&choice))
            .child(icon(mark))
            .child(el("span").class("name").child(name))
            .child(key.map(|key| el("kbd").child(key)))
    }

    /// What can be done and opened that has the words in its name; tracked.
    fn choices(self) -> Vec<Choice> {
        let words = lower_case(self.words.get().trim());
        // To open what is open makes no sense.
        let named = |command: &Command| {
            command.name != texts().palette() && lower_case(command.name).contains(&words)
        };
        let all = self.commands.all().into_iter().filter(named).map(Choice::Do);
        all.chain(self.found.get().into_iter().map(Choice::Open)).collect()
    }

    fn search(self, words: String) {
        self.words.set(words.clone());
        self.at.set(0);
        spawn_local(async move {
            let found = conversations(words.clone(), None).await;
            // Meanwhile the reader may have typed on.
            if let Ok(listing) = found
                && self.words.try_with_untracked(|now| *now == words) == Some(true)
            {
                self.found.set(listing.rows.into_iter().take(CONVERSATIONS).collect());
            }
        });
    }

    fn choose(self, choice: &Choice) {
        close_all();
        match choice {
            Choice::Do(command) => {
                (command.run)();
            }
            Choice::Open(row) => self.navigator.go(&row_path(row)),
        }
    }

    fn pressed(self, event: &KeyboardEvent) {
        if browser::is_ime_composing(event) {
            return;
        }
        let choices = untrack(|| self.choices());
        let (at, count) = (self.at.get_untracked(), choices.len().max(1));
        match event.key().as_str() {
            "ArrowDown" => self.at.set((at + 1) % count),
            "ArrowUp" => self.at.set((at + count - 1) % count),
            "Enter" => choices.get(at).into_iter().for_each(|choice| self.choose(choice)),
            _ => return,
        }
        event.prevent_default();
        let meant = format!("#choice-{}", self.at.get_untracked());
        if let Some(choice) = browser::find(&meant) {
            browser::scroll_into_view(&choice);
        }
    }
}
