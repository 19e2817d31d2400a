//! What the composer offers while one writes: commands after `/`.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::{Composer, commands::Command};
use crate::{
    node::{El, Node, el, live, many},
    state::State,
};

/// The list, for those who hear the page.
const LIST: &str = "suggestions";

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq)]
enum Suggestion {
    Command(Command),
}

/// What is offered now.
#[derive(Clone, Debug, Default, PartialEq)]
struct Offer {
    all: Vec<Suggestion>,
    /// The place of the one that Enter takes.
    at: usize,
}

/// The offers of a composer.
#[derive(Clone, Copy)]
pub(super) struct Suggestions {
    offer: State<Offer>,
}

/// The word before the caret that asks for an offer, without its sign.
#[derive(Debug, PartialEq, Eq)]
enum Asking<'a> {
    Command(&'a str),
}

fn asking(text: &str, caret: usize) -> Option<Asking<'_>> {
    let before = text.get(..caret)?;
    let from = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[from..];
    match word.strip_prefix('/') {
        Some(name) if from == 0 && text.len() == caret => Some(Asking::Command(name)),
        _ => None,
    }
}

impl Suggestions {
    pub(super) fn new() -> Self {
        Self { offer: State::new(Offer::default()) }
    }

    fn is_open(self) -> bool {
        self.offer.try_with(|offer| !offer.all.is_empty()).unwrap_or_default()
    }

    pub(super) fn close(self) {
        self.offer.set_to(Offer::default());
    }

    /// The text, or the caret in it, changed.
    pub(super) fn look(self, composer: Composer) {
        let (text, caret) = (composer.text.peek(), composer.area.caret());
        match asking(&text, caret) {
            Some(Asking::Command(name)) => {
                let all = Command::matching(name, composer.chat.is_some()).map(Suggestion::Command).collect();
                self.close();
                self.offer.set_to(Offer { all, at: 0 });
            }
            None => self.close(),
        }
    }

    /// Whether the key was meant for the offer.
    pub(super) fn pressed(self, composer: Composer, event: &KeyboardEvent) -> bool {
        if !untrack(|| self.is_open()) {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.step(1),
            "ArrowUp" => self.step(usize::MAX),
            "Enter" | "Tab" if !event.shift_key() => self.take(composer, self.offer.peek().at),
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
        let Offer { all, .. } = self.offer.peek();
        self.close();
        match all.into_iter().nth(at) {
            Some(Suggestion::Command(command)) => command.choose(composer),
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
            let Offer { all, at, .. } = self.offer.get();
            if all.is_empty() {
                return Node::Nothing;
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
                    Suggestion::Command(command) => {
                        let name = el("code").class("name").child(format!("/{}", command.name()));
                        row.child(name).child(el("span").class("about").child(command.about(t)))
                    }
                }
            });
            let label = t.suggestions;
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
}
