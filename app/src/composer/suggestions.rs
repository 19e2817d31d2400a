//! Completions of the word before the caret: files after `@`, commands after `/`.

use codex_gateway_wire::api::FoundFile;
use leptos::task::spawn_local;
use view::prelude::*;
use web_sys::KeyboardEvent;

use super::ComposerState;
use crate::{
    commands::{Command, Commands},
    icon::{Icon, icon},
    server_fns,
    signal::RwSignalExt as _,
    state::Chat,
    text::hidden::exact_name,
};

/// The largest number of files in the list.
const MAX_FILES: usize = 8;
/// The id of the list's element.
const LIST_ID: &str = "suggestions";

/// A completion.
#[derive(Clone)]
enum Suggestion {
    File(FoundFile),
    Command(Command),
}

/// The completions of a word.
#[derive(Clone, Default)]
struct Offer {
    suggestions: Vec<Suggestion>,
    /// The index of the active suggestion: Enter accepts it.
    active: usize,
    /// The byte offset in the text at which the completed word starts.
    word_start: usize,
}

/// The completions that a composer offers. The list is open while there are any.
#[derive(Clone, Copy)]
pub(super) struct Suggestions {
    offer: RwSignal<Offer>,
    commands: Option<Commands>,
    /// The number of the latest lookup. The reply to an earlier lookup is dropped.
    lookup: RwSignal<u32>,
}

/// The word before the caret, without its sign.
#[derive(Debug, PartialEq, Eq)]
enum Query<'a> {
    Command(&'a str),
    File { word_start: usize, name: &'a str },
}

impl<'a> Query<'a> {
    /// Parses the word before the caret. `None` if it begins with neither sign.
    fn at(text: &'a str, caret: usize) -> Option<Self> {
        let before = text.get(..caret)?;
        let word_start = before
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let word = &before[word_start..];
        match word.strip_prefix('/') {
            Some(name) if word_start == 0 && text.len() == caret => Some(Self::Command(name)),
            _ => word.strip_prefix('@').map(|name| Self::File { word_start, name }),
        }
    }
}

impl Suggestions {
    pub(super) fn new() -> Self {
        Self { offer: RwSignal::new(Offer::default()), commands: use_context(), lookup: RwSignal::new(0) }
    }

    /// Returns `true` while the list is open. Tracked.
    fn is_open(self) -> bool {
        self.offer.try_with(|offer| !offer.suggestions.is_empty()).unwrap_or_default()
    }

    /// Closes the list, and drops the reply to a running lookup.
    pub(super) fn close(self) {
        self.lookup.update(|lookup| *lookup += 1);
        if self.offer.try_with_untracked(|offer| offer.suggestions.is_empty()) == Some(false) {
            self.offer.set(Offer::default());
        }
    }

    /// Looks up completions. To be called after the text or the caret has changed.
    pub(super) fn refresh(self, composer: ComposerState) {
        let (text, caret) = (composer.text.get_untracked_or_default(), composer.area.caret());
        match Query::at(&text, caret) {
            Some(Query::Command(name)) => {
                let commands = self.commands.map(|commands| commands.by_word(name)).unwrap_or_default();
                let suggestions = commands.into_iter().map(Suggestion::Command).collect();
                self.close();
                self.offer.set(Offer { suggestions, active: 0, word_start: 0 });
            }
            Some(Query::File { word_start, name }) => self.find_files(composer, word_start, name.to_owned()),
            None => self.close(),
        }
    }

    fn find_files(self, composer: ComposerState, word_start: usize, name: String) {
        let lookup = self.lookup.try_update(|lookup| {
            *lookup += 1;
            *lookup
        });
        let session = composer.chat.map(Chat::id).filter(|id| !id.as_str().is_empty());
        let cwd = composer.cwd.get_untracked();
        spawn_local(async move {
            let files = server_fns::find_files(session, cwd, name).await.unwrap_or_default();
            if self.lookup.try_with_untracked(|latest| Some(*latest) == lookup) == Some(true) {
                let suggestions = files.into_iter().take(MAX_FILES).map(Suggestion::File).collect();
                self.offer.set(Offer { suggestions, active: 0, word_start });
            }
        });
    }

    /// Handles a key while the list is open. Returns `true` if the key is for the list.
    pub(super) fn on_keydown(self, composer: ComposerState, event: &KeyboardEvent) -> bool {
        if !untrack(|| self.is_open()) {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.step(1),
            "ArrowUp" => self.step(usize::MAX),
            "Enter" | "Tab" if !event.shift_key() => self.accept(composer, self.offer.get_untracked().active),
            "Escape" => self.close(),
            _ => return false,
        }
        event.prevent_default();
        true
    }

    /// Moves the active suggestion, and wraps around. `usize::MAX` is one step back.
    fn step(self, by: usize) {
        self.offer.update(|offer| {
            let count = offer.suggestions.len().max(1);
            offer.active = (offer.active + count.wrapping_add(by) % count) % count;
        });
    }

    /// Puts a file's path into the text, or runs a command.
    fn accept(self, composer: ComposerState, index: usize) {
        let Offer { suggestions, word_start, .. } = self.offer.get_untracked();
        self.close();
        match suggestions.into_iter().nth(index) {
            Some(Suggestion::File(file)) => {
                let (text, caret) = (composer.text.get_untracked(), composer.area.caret());
                let (Some(before), Some(after)) = (text.get(..word_start), text.get(caret..)) else { return };
                // The lookup goes on below a directory.
                let end = if file.directory { "/" } else { " " };
                let completed = format!("{before}@{}{end}", file.path.trim_end_matches('/'));
                composer.replace_text(&format!("{completed}{after}"), completed.len());
            }
            Some(Suggestion::Command(command)) => {
                composer.replace_text("", 0);
                (command.run)();
                return;
            }
            None => {}
        }
        composer.area.focus();
    }

    /// Returns the list's id while it is open, for the field's `aria-controls`. Tracked.
    pub(super) fn list_id(self) -> Option<&'static str> {
        self.is_open().then_some(LIST_ID)
    }

    /// Returns the id of the active suggestion's element, for the field's `aria-activedescendant`. Tracked.
    pub(super) fn active_id(self) -> Option<String> {
        self.is_open().then(|| row_id(self.offer.get().active))
    }
}

fn row_id(index: usize) -> String {
    format!("{LIST_ID}-{index}")
}

/// The list of completions, while there are any.
#[component]
pub(super) fn SuggestionList(composer: ComposerState) -> impl IntoView {
    let label = composer.t.suggestions();
    let list = move || {
        let Offer { suggestions, active, .. } = composer.suggestions.offer.get();
        let rows = suggestions.into_iter().enumerate().map(|(index, suggestion)| {
            let is_active = index == active;
            view! { <SuggestionRow composer suggestion index is_active/> }
        });
        let rows = rows.collect::<Vec<_>>();
        (!rows.is_empty()).then(|| {
            view! { <ul class="suggest" id=LIST_ID role="listbox" aria-label=label>{rows}</ul> }
        })
    };
    view! { {list} }
}

#[component]
fn SuggestionRow(
    composer: ComposerState,
    suggestion: Suggestion,
    index: usize,
    is_active: bool,
) -> impl IntoView {
    let content = match suggestion {
        Suggestion::File(FoundFile { path, directory }) => {
            let mark = icon(if directory { Icon::Folder } else { Icon::File });
            let name_start = path.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
            let (parent, name) = path.split_at(name_start);
            view! {
                {mark}
                <span class="name" translate="no">{exact_name(name, composer.t)}</span>
                <span class="description" translate="no">{exact_name(parent, composer.t)}</span>
            }
        }
        Suggestion::Command(command) => view! {
            <code class="name">{format!("/{}", command.word.unwrap_or_default())}</code>
            <span class="description">{command.name}</span>
        },
    };
    view! {
        <li
            id=row_id(index)
            role="option"
            aria-selected=is_active.to_string()
            // The field keeps the focus.
            on:pointerdown=|event| event.prevent_default()
            on:click=move |_| composer.suggestions.accept(composer, index)
        >
            {content}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slash_at_the_start_of_the_text_queries_commands() {
        assert_eq!(Query::at("/", 1), Some(Query::Command("")));
        assert_eq!(Query::at("/re", 3), Some(Query::Command("re")));
        assert_eq!(Query::at("/rename x", 9), None);
        assert_eq!(Query::at("/re", 2), None, "the caret is not at the end");
        assert_eq!(Query::at("see /etc", 8), None);
    }

    #[test]
    fn at_sign_at_the_start_of_a_word_queries_files() {
        let file = |word_start, name| Some(Query::File { word_start, name });
        assert_eq!(Query::at("@src", 4), file(0, "src"));
        assert_eq!(Query::at("look at @", 9), file(8, ""));
        assert_eq!(Query::at("看\u{3000}@源", 10), file(6, "源"));
        assert_eq!(Query::at("look at @a b", 10), file(8, "a"));
        assert_eq!(Query::at("me@example.org", 14), None);
        assert_eq!(Query::at("", 0), None);
    }
}
