//! The palette: a dialog to search commands and conversations.
//!
//! The field is a combobox over a listbox: the focus stays in the field, which names the active option.

use leptos::task::spawn_local;
use view::prelude::*;
use web_sys::KeyboardEvent;

use super::{Command, Commands};
use crate::{
    browser::{self, to_lowercase},
    dialog::{Dialog, DialogHandle, close_all},
    i18n::texts,
    icon::{Icon, icon},
    router::{NavigateOptions, use_navigate},
    server_fns::{Row, list_conversations},
    sidebar::row_path,
};

/// The largest number of conversations in the list.
const MAX_CONVERSATIONS: usize = 8;

/// An option of the list.
#[derive(Clone)]
enum Choice {
    Run(Command),
    Open(Row),
}

/// The state of the palette.
#[derive(Clone, Copy)]
struct PaletteState {
    commands: Commands,
    /// The text in the field.
    query: RwSignal<String>,
    /// The conversations that match the query.
    conversations: RwSignal<Vec<Row>>,
    /// The index of the active option: Enter chooses it.
    active: RwSignal<usize>,
}

/// A dialog to search commands and conversations.
#[component]
pub(crate) fn Palette(dialog: DialogHandle, commands: Commands) -> impl IntoView {
    let palette = PaletteState {
        commands,
        query: RwSignal::new(String::new()),
        conversations: RwSignal::new(Vec::new()),
        active: RwSignal::new(0),
    };
    view! {
        <Dialog dialog label=texts().palette() class="dialog palette">
            <PaletteSearch palette/>
        </Dialog>
    }
}

/// The field and the list below it. Starts with an empty query each time that the dialog opens.
#[component]
fn PaletteSearch(palette: PaletteState) -> impl IntoView {
    let t = texts();
    palette.search(String::new());
    let choices = move || {
        let choices = palette.choices();
        if choices.is_empty() {
            return view! { <p class="note" role="status">{t.nothing_found()}</p> };
        }
        let rows = choices.into_iter().enumerate();
        let rows = rows.map(|(index, choice)| view! { <ChoiceRow palette index choice/> });
        view! { {rows.collect::<Vec<_>>()} }
    };
    view! {
        <div class="words">
            {icon(Icon::Search)}
            <input
                type="text"
                autofocus
                role="combobox"
                aria-label=t.palette()
                placeholder=t.palette_hint()
                aria-expanded="true"
                aria-controls="choices"
                aria-autocomplete="list"
                aria-activedescendant=move || choice_id(palette.active.get())
                autocomplete="off"
                // Password managers leave the field alone.
                data-1p-ignore=""
                data-lpignore="true"
                data-bwignore="true"
                data-form-type="other"
                enterkeyhint="go"
                on:input=move |event| palette.search(event_target_value(&event))
                on:keydown=move |event| palette.on_keydown(&event)
            />
        </div>
        <div id="choices" role="listbox" aria-label=t.palette()>
            {choices}
        </div>
    }
}

#[component]
fn ChoiceRow(palette: PaletteState, index: usize, choice: Choice) -> impl IntoView {
    let (mark, name, key) = match &choice {
        Choice::Run(command) => (command.icon, command.name.to_owned(), command.key.map(super::Key::name)),
        Choice::Open(row) => {
            (Icon::Chat, row.title.clone().unwrap_or_else(|| texts().untitled().to_owned()), None)
        }
    };
    view! {
        <div
            role="option"
            id=choice_id(index)
            aria-selected=move || (palette.active.get() == index).to_string()
            on:click=move |_| PaletteState::choose(&choice)
        >
            {icon(mark)}
            <span class="name">{name}</span>
            {key.map(|key| view! { <kbd>{key}</kbd> })}
        </div>
    }
}

/// The id of an option's element.
fn choice_id(index: usize) -> String {
    format!("choice-{index}")
}

impl PaletteState {
    /// Returns the commands and conversations whose names match the query. Tracked.
    fn choices(self) -> Vec<Choice> {
        let query = to_lowercase(self.query.get().trim());
        // The command that opens the palette is left out: the palette is open.
        let is_match = |command: &Command| {
            command.name != texts().palette() && to_lowercase(command.name).contains(&query)
        };
        let commands = self.commands.all().into_iter().filter(is_match).map(Choice::Run);
        commands.chain(self.conversations.get().into_iter().map(Choice::Open)).collect()
    }

    fn search(self, query: String) {
        self.query.set(query.clone());
        self.active.set(0);
        spawn_local(async move {
            let found = list_conversations(query.clone(), None).await;
            // A reply for an earlier query is dropped.
            if let Ok(listing) = found
                && self.query.try_with_untracked(|current| *current == query) == Some(true)
            {
                self.conversations.set(listing.rows.into_iter().take(MAX_CONVERSATIONS).collect());
            }
        });
    }

    /// Closes the palette and runs the command, or opens the conversation.
    fn choose(choice: &Choice) {
        close_all();
        match choice {
            Choice::Run(command) => {
                (command.run)();
            }
            Choice::Open(row) => use_navigate()(&row_path(row), NavigateOptions::default()),
        }
    }

    fn on_keydown(self, event: &KeyboardEvent) {
        if browser::is_ime_composing(event) {
            return;
        }
        let choices = untrack(|| self.choices());
        let (active, count) = (self.active.get_untracked(), choices.len().max(1));
        match event.key().as_str() {
            "ArrowDown" => self.active.set((active + 1) % count),
            "ArrowUp" => self.active.set((active + count - 1) % count),
            "Enter" => choices.get(active).into_iter().for_each(Self::choose),
            _ => return,
        }
        event.prevent_default();
        let selector = format!("#{}", choice_id(self.active.get_untracked()));
        if let Some(option) = browser::find(&selector) {
            browser::scroll_into_view(&option);
        }
    }
}
