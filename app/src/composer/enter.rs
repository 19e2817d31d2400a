//! Whether Enter sends the message or starts a new line.
//!
//! An on-screen keyboard has no Shift Enter for the new line, so there Enter starts one unless the user chose otherwise.

use leptos::prelude::*;

use super::ComposerState;
use crate::{
    browser,
    commands::{Command, CommandGroup, Commands},
    icon::Icon,
};

/// The storage key of the choice, and its values.
const KEY: &str = "enter";
const SENDS: &str = "sends";
const BREAKS: &str = "breaks";

/// Returns `true` if Enter alone sends.
pub(crate) fn sends() -> bool {
    parse(browser::stored(KEY).as_deref()).unwrap_or_else(|| !browser::is_coarse_pointer())
}

fn parse(stored: Option<&str>) -> Option<bool> {
    match stored {
        Some(SENDS) => Some(true),
        Some(BREAKS) => Some(false),
        _ => None,
    }
}

/// Returns the value of `enterkeyhint`, by which an on-screen keyboard labels its Enter key.
pub(crate) fn key_hint(sends: bool) -> &'static str {
    if sends { "send" } else { "enter" }
}

/// Adds a command for each of the two choices.
pub(super) fn add_commands(composer: ComposerState) {
    let Some(commands) = use_context::<Commands>() else { return };
    let t = composer.t;
    for (word, name, sends) in [(SENDS, t.enter_sends(), true), (BREAKS, t.enter_breaks_line(), false)] {
        let choose = Command::always(name, Icon::Settings, move || {
            browser::store(KEY, word);
            composer.enter_sends.set(sends);
        });
        commands.add(choose.group(CommandGroup::Settings).synonyms("keyboard return newline"));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn stored_choice_is_none_unless_it_is_a_known_value() {
        assert_eq!(super::parse(Some("sends")), Some(true));
        assert_eq!(super::parse(Some("breaks")), Some(false));
        assert_eq!(super::parse(Some("")), None);
        assert_eq!(super::parse(None), None);
    }
}
