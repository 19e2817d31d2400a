//! What the composer offers while one writes: files after `@`, commands after `/`.

use codex_gateway_wire::api::FoundFile;
use leptos::{prelude::*, task::spawn_local};
use web_sys::KeyboardEvent;

use super::Composer;
use crate::{
    commands::{Command, Commands},
    conversation::Chat,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    server_fns,
    signal::RwSignalExt as _,
    text::hidden::exact_name,
};

/// How many are offered at once.
const MOST: usize = 8;
/// The list, for those who hear the page.
const LIST: &str = "suggestions";

/// Something that can be chosen.
#[derive(Clone)]
enum Suggestion {
    File(FoundFile),
    Command(Command),
}

/// What is offered now.
#[derive(Clone, Default)]
struct SuggestionList {
    all: Vec<Suggestion>,
    /// The place of the one that Enter takes.
    at: usize,
    /// Where in the text the word begins that is being completed, in bytes.
    from: usize,
}

/// The offers of a composer.
#[derive(Clone, Copy)]
pub(super) struct Suggestions {
    offer: RwSignal<SuggestionList>,
    commands: Option<Commands>,
    /// Counts what was asked for: an answer to an earlier question is left out.
    asked: RwSignal<u32>,
}

/// The word before the caret that asks for an offer, without its sign.
#[derive(Debug, PartialEq, Eq)]
enum Asking<'a> {
    Command(&'a str),
    File { from: usize, query: &'a str },
}

fn asking(text: &str, caret: usize) -> Option<Asking<'_>> {
    let before = text.get(..caret)?;
    let from = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[from..];
    match word.strip_prefix('/') {
        Some(name) if from == 0 && text.len() == caret => Some(Asking::Command(name)),
        _ => word.strip_prefix('@').map(|query| Asking::File { from, query }),
    }
}

impl Suggestions {
    pub(super) fn new() -> Self {
        Self {
            offer: RwSignal::new(SuggestionList::default()),
            commands: use_context(),
            asked: RwSignal::new(0),
        }
    }

    fn is_open(self) -> bool {
        self.offer.try_with(|offer| !offer.all.is_empty()).unwrap_or_default()
    }

    pub(super) fn close(self) {
        self.asked.update(|asked| *asked += 1);
        if self.offer.try_with_untracked(|offer| offer.all.is_empty()) == Some(false) {
            self.offer.set(SuggestionList::default());
        }
    }

    /// The text, or the caret in it, changed.
    pub(super) fn look(self, composer: Composer) {
        let (text, caret) = (composer.text.get_untracked_or_default(), composer.area.caret());
        match asking(&text, caret) {
            Some(Asking::Command(name)) => {
                let all = self.commands.map(|commands| commands.by_word(name)).unwrap_or_default();
                self.close();
                self.offer.set(SuggestionList {
                    all: all.into_iter().map(Suggestion::Command).collect(),
                    at: 0,
                    from: 0,
                });
            }
            Some(Asking::File { from, query }) => self.ask(composer, from, query.to_owned()),
            None => self.close(),
        }
    }

    fn ask(self, composer: Composer, from: usize, query: String) {
        let number = self.asked.try_update(|asked| {
            *asked += 1;
            *asked
        });
        let session = composer.chat.map(Chat::id).filter(|id| !id.as_str().is_empty());
        let cwd = composer.cwd.get_untracked_or_default();
        spawn_local(async move {
            let found = server_fns::files(session, cwd, query).await.unwrap_or_default();
            if self.asked.try_with_untracked(|asked| Some(*asked) == number) == Some(true) {
                let all = found.into_iter().take(MOST).map(Suggestion::File).collect();
                self.offer.set(SuggestionList { all, at: 0, from });
            }
        });
    }

    /// Whether the key was meant for the offer.
    pub(super) fn pressed(self, composer: Composer, event: &KeyboardEvent) -> bool {
        if !untrack(|| self.is_open()) {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.step(1),
            "ArrowUp" => self.step(usize::MAX),
            "Enter" | "Tab" if !event.shift_key() => {
                self.take(composer, self.offer.get_untracked_or_default().at)
            }
            "Escape" => self.close(),
            _ => return false,
        }
        event.prevent_default();
        true
    }

    fn step(self, by: usize) {
        self.offer.update(|offer| {
            let count = offer.all.len().max(1);
            offer.at = (offer.at + count.wrapping_add(by) % count) % count;
        });
    }

    /// Takes one of them.
    fn take(self, composer: Composer, at: usize) {
        let SuggestionList { all, from, .. } = self.offer.get_untracked_or_default();
        self.close();
        match all.into_iter().nth(at) {
            Some(Suggestion::File(file)) => {
                let (text, caret) = (composer.text.get_untracked_or_default(), composer.area.caret());
                let (before, after) = (text.get(..from), text.get(caret..));
                let (Some(before), Some(after)) = (before, after) else { return };
                // A directory can be looked into.
                let end = if file.directory { "/" } else { " " };
                let written = format!("{before}@{}{end}", file.path.trim_end_matches('/'));
                composer.write(&format!("{written}{after}"), written.len());
            }
            Some(Suggestion::Command(command)) => {
                composer.write("", 0);
                (command.run)();
                return;
            }
            None => {}
        }
        composer.area.focus();
    }

    /// The id of the one that Enter takes, for those who hear the page; tracked.
    pub(super) fn active(self) -> Option<String> {
        self.is_open().then(|| format!("{LIST}-{}", self.offer.get().at))
    }

    /// What the field says of its list.
    pub(super) fn described(self, area: El) -> El {
        area.attr("aria-autocomplete", "list")
            .live_attr("aria-controls", move || self.is_open().then_some(LIST))
            .live_attr("aria-activedescendant", move || self.active())
    }

    /// The list.
    pub(super) fn view(self, composer: Composer) -> Node {
        let t = composer.t;
        live(move || {
            let SuggestionList { all, at, .. } = self.offer.get();
            if all.is_empty() {
                return Node::Empty;
            }
            let rows = all.into_iter().enumerate().map(|(place, one)| {
                let row = el("li")
                    .attr("id", format!("{LIST}-{place}"))
                    .attr("role", "option")
                    .attr("aria-selected", (place == at).to_string())
                    // The field keeps the focus.
                    .on("pointerdown", |event: web_sys::Event| event.prevent_default())
                    .on_click(move || self.take(composer, place));
                match one {
                    Suggestion::File(file) => {
                        let (path, mark) =
                            (file.path, if file.directory { Icon::Folder } else { Icon::File });
                        let (dir, name) =
                            path.split_at(path.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1));
                        let name =
                            el("span").class("name").attr("translate", "no").child(exact_name(name, t));
                        row.child(icon(mark)).child(name).child(
                            el("span").class("about").attr("translate", "no").child(exact_name(dir, t)),
                        )
                    }
                    Suggestion::Command(command) => {
                        let word =
                            el("code").class("name").child(format!("/{}", command.word.unwrap_or_default()));
                        row.child(word).child(el("span").class("about").child(command.name))
                    }
                }
            });
            let label = t.suggestions();
            el("ul")
                .class("suggest")
                .attr("id", LIST)
                .attr("role", "listbox")
                .attr("aria-label", label)
                .child(many(rows))
                .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_beginning_asks_for_commands() {
        assert_eq!(asking("/", 1), Some(Asking::Command("")));
        assert_eq!(asking("/re", 3), Some(Asking::Command("re")));
        assert_eq!(asking("/rename x", 9), None);
        assert_eq!(asking("/re", 2), None, "the caret is inside");
        assert_eq!(asking("see /etc", 8), None);
    }

    #[test]
    fn an_at_sign_at_the_beginning_of_a_word_asks_for_files() {
        assert_eq!(asking("@src", 4), Some(Asking::File { from: 0, query: "src" }));
        assert_eq!(asking("look at @", 9), Some(Asking::File { from: 8, query: "" }));
        assert_eq!(asking("看\u{3000}@源", 10), Some(Asking::File { from: 6, query: "源" }));
        assert_eq!(asking("look at @a b", 10), Some(Asking::File { from: 8, query: "a" }));
        assert_eq!(asking("me@example.org", 14), None);
        assert_eq!(asking("", 0), None);
    }
}
