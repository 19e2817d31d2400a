//! What Enter does: it sends the message, or starts a new line. Where one writes on glass there is no Shift for the other, so Enter
//! starts a line there, unless the reader chose otherwise.

use leptos::prelude::use_context;
use leptos::prelude::*;

use super::Composer;
use crate::{
    browser,
    commands::{Command, Commands},
    icon::Icon,
};

/// Where the choice is kept, and its words.
const KEY: &str = "enter";
const SENDS: &str = "sends";
const BREAKS: &str = "breaks";

/// Returns `true` if Enter alone sends.
pub(crate) fn sends() -> bool {
    chosen(browser::stored(KEY).as_deref()).unwrap_or_else(|| !browser::is_coarse_pointer())
}

fn chosen(word: Option<&str>) -> Option<bool> {
    match word {
        Some(SENDS) => Some(true),
        Some(BREAKS) => Some(false),
        _ => None,
    }
}

/// What a keyboard on glass calls the key.
pub(crate) fn key_hint(sends: bool) -> &'static str {
    if sends { "send" } else { "enter" }
}

/// Offers both ways among the commands.
pub(super) fn offer_choice(composer: Composer) {
    let Some(commands) = use_context::<Commands>() else { return };
    let t = composer.t;
    for (word, name, sends) in [(SENDS, t.enter_sends(), true), (BREAKS, t.enter_breaks(), false)] {
        commands.add(Command::always(name, Icon::Settings, move || {
            browser::store(KEY, word);
            composer.signals().enter_sends.set(sends);
        }));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn choice_is_read_from_its_words_alone() {
        assert_eq!(super::chosen(Some("sends")), Some(true));
        assert_eq!(super::chosen(Some("breaks")), Some(false));
        assert_eq!(super::chosen(Some("")), None);
        assert_eq!(super::chosen(None), None);
    }
}
