//! The palette: a dialog to search commands and conversations.
//!
//! The field is a combobox over a listbox: the focus stays in the field, which names the active option.
//!
//! The field is in the main module and takes what the user types while the code of the list is loading. Until the list is
//! there, the keys that choose an option do nothing: the user does not see the options yet.

use leptos::{task::spawn_local, wasm_split::wasm_split};
use view::{Node, prelude::*};
use web_sys::KeyboardEvent;

use super::{Command, CommandGroup, Commands, Key};
use crate::{
    browser::{self, to_lowercase},
    chunks::{Chunk, ChunkError},
    dialog::{Dialog, DialogHandle, close_all},
    i18n::texts,
    icon::{Icon, icon},
    lazy::lazy,
    router::{NavigateOptions, use_navigate},
    search_field::SearchField,
    server_fns::{Row, list_conversations},
    sidebar::row_path,
};

/// The largest number of conversations in the list.
const MAX_CONVERSATIONS: usize = 8;

/// What the field and the list have in common.
#[derive(Clone, Copy)]
pub(crate) struct PaletteState {
    commands: Commands,
    /// The text in the field.
    query: RwSignal<String>,
    /// The index of the active option: Enter chooses it.
    active: RwSignal<usize>,
    /// Handles the keys of the list. `None` until its code is loaded.
    handle_key: StoredValue<Option<Callback<KeyboardEvent>>>,
}

/// A dialog to search commands and conversations.
#[component]
pub(crate) fn Palette(dialog: DialogHandle, commands: Commands) -> impl IntoView {
    view! {
        <Dialog dialog label=texts().command_palette() class="dialog palette">
            <PaletteSearch commands/>
        </Dialog>
    }
}

/// The field and the list below it. Starts with an empty query each time that the dialog opens.
#[component]
fn PaletteSearch(commands: Commands) -> impl IntoView {
    let t = texts();
    let palette = PaletteState {
        commands,
        query: RwSignal::new(String::new()),
        active: RwSignal::new(0),
        handle_key: StoredValue::new(None),
    };
    let search = move |query: String| {
        palette.query.set(query);
        palette.active.set(0);
    };
    let handle_key = move |event: KeyboardEvent| {
        if let Some(handle_key) = palette.handle_key.get_value() {
            handle_key.run(event);
        }
    };
    view! {
        <div class="text">
            {icon(Icon::Search)}
            <SearchField
                label=t.command_palette()
                placeholder=t.command_palette_placeholder()
                search
                handle_key
                attr:autofocus=""
                attr:role="combobox"
                attr:aria-expanded="true"
                attr:aria-controls="choices"
                attr:aria-autocomplete="list"
                attr:aria-activedescendant=move || choice_id(palette.active.get())
                attr:enterkeyhint="go"
            />
        </div>
        <div id="choices" role="listbox" aria-label=t.command_palette()>
            {lazy(Chunk::Dialogs, choice_list(palette))}
        </div>
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(dialogs, wasm_split_path = ::leptos::wasm_split, preload(load_palette), fallible)]
pub(crate) fn choice_list(palette: PaletteState) -> Result<Node, ChunkError> {
    Ok(view! { <ChoiceList palette/> })
}

/// Options of the list below a heading.
#[derive(Clone)]
struct Group {
    title: &'static str,
    choices: Vec<Choice>,
}

/// An option of the list.
#[derive(Clone)]
enum Choice {
    Run(Command),
    Open(Row),
}

/// The commands and conversations that match the query.
#[component]
fn ChoiceList(palette: PaletteState) -> impl IntoView {
    let navigate = use_navigate();
    let conversations = RwSignal::new(Vec::new());
    Effect::new(move |_| find_conversations(palette.query, conversations));
    let groups = move || palette.groups(conversations);
    // Closes the palette and runs the command, or opens the conversation.
    let choose = move |choice: &Choice| {
        close_all();
        match choice {
            Choice::Run(command) => {
                (command.run)();
            }
            Choice::Open(row) => navigate(&row_path(row), NavigateOptions::default()),
        }
    };
    let handle_key = move |event| {
        let choices = untrack(groups).into_iter().flat_map(|group| group.choices).collect::<Vec<_>>();
        palette.choose_by_key(&event, &choices, choose);
    };
    palette.handle_key.set_value(Some(Callback::new(handle_key)));
    let rows = move || {
        let groups = groups();
        if groups.is_empty() {
            return view! { <p class="note" role="status">{texts().no_results()}</p> };
        }
        let mut first = 0;
        let groups = groups.into_iter().map(|group| {
            let index = first;
            first += group.choices.len();
            view! { <ChoiceGroup active=palette.active first=index group choose/> }
        });
        view! { {groups.collect::<Vec<_>>()} }
    };
    view! { {rows} }
}

/// A heading and the options below it.
#[component]
fn ChoiceGroup<F>(
    /// The index of the active option.
    active: RwSignal<usize>,
    /// The index of the group's first option.
    first: usize,
    group: Group,
    choose: F,
) -> impl IntoView
where
    F: Fn(&Choice) + Copy + Send + 'static,
{
    let heading_id = format!("choices-{first}");
    let rows = group.choices.into_iter().zip(first..);
    let rows = rows.map(|(choice, index)| view! { <ChoiceRow active index choice choose/> });
    view! {
        <div role="group" aria-labelledby=heading_id.clone()>
            <p id=heading_id class="heading">{group.title}</p>
            {rows.collect::<Vec<_>>()}
        </div>
    }
}

#[component]
fn ChoiceRow<F>(
    /// The index of the active option.
    active: RwSignal<usize>,
    index: usize,
    choice: Choice,
    choose: F,
) -> impl IntoView
where
    F: Fn(&Choice) + Send + 'static,
{
    let (mark, name, key) = match &choice {
        Choice::Run(command) => {
            let slash_command = || command.word.map(|word| format!("/{word}"));
            (command.icon, command.name.to_owned(), command.key.map(Key::name).or_else(slash_command))
        }
        Choice::Open(row) => {
            (Icon::Chat, row.title.clone().unwrap_or_else(|| texts().untitled().to_owned()), None)
        }
    };
    view! {
        <div
            role="option"
            id=choice_id(index)
            aria-selected=move || (active.get() == index).to_string()
            on:click=move |_| choose(&choice)
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

/// Sets `conversations` to those that match the query; tracks the query.
fn find_conversations(query: RwSignal<String>, conversations: RwSignal<Vec<Row>>) {
    let wanted = query.get();
    spawn_local(async move {
        let found = list_conversations(wanted.clone(), None).await;
        // A reply for an earlier query is dropped.
        if let Ok(listing) = found
            && query.try_with_untracked(|current| *current == wanted) == Some(true)
        {
            conversations.set(listing.rows.into_iter().take(MAX_CONVERSATIONS).collect());
        }
    });
}

impl PaletteState {
    /// Returns the commands that match the query, by their groups, and the conversations. Groups without options are left
    /// out. Tracked.
    fn groups(self, conversations: RwSignal<Vec<Row>>) -> Vec<Group> {
        let t = texts();
        let query = to_lowercase(self.query.get().trim());
        let mut commands = self.commands.all();
        // The command that opens the palette is left out: the palette is open.
        commands.retain(|command| command.name != t.command_palette() && command.matches(&query));
        let of_commands = CommandGroup::ALL.map(|group| {
            let own = commands.iter().filter(|command| command.group == group);
            Group { title: group.title(t), choices: own.cloned().map(Choice::Run).collect() }
        });
        let of_conversations = Group {
            title: t.conversations(),
            choices: conversations.get().into_iter().map(Choice::Open).collect(),
        };
        let groups = of_commands.into_iter().chain([of_conversations]);
        groups.filter(|group| !group.choices.is_empty()).collect()
    }

    /// Moves the active option by the arrow keys, and chooses it by Enter.
    fn choose_by_key(self, event: &KeyboardEvent, choices: &[Choice], choose: impl Fn(&Choice)) {
        if browser::is_ime_composing(event) {
            return;
        }
        let (active, count) = (self.active.get_untracked(), choices.len().max(1));
        match event.key().as_str() {
            "ArrowDown" => self.active.set((active + 1) % count),
            "ArrowUp" => self.active.set((active + count - 1) % count),
            "Enter" => choices.get(active).into_iter().for_each(choose),
            _ => return,
        }
        event.prevent_default();
        let selector = format!("#{}", choice_id(self.active.get_untracked()));
        if let Some(option) = browser::find(&selector) {
            browser::scroll_into_view(&option);
        }
    }
}
