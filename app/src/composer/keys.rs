//! What the keys of the field do: Enter sends or starts a line (see [`super::enter`]), Shift Enter always starts one, Ctrl Enter always
//! sends, ↑ brings back what was sent before.

use leptos::prelude::*;
use web_sys::{Event, KeyboardEvent};

use super::{Composer, enter, history, send::send, when_busy};
use crate::{
    browser,
    node::{El, ElementExt as _},
    signal::RwSignalExt as _,
};

/// Lets the field do so.
pub(super) fn bind_keys(composer: Composer, area: El) -> El {
    let looks = move |_: Event| composer.suggestions.look(composer);
    area.on("input", move |_: Event| typed(composer))
        .on("click", looks)
        .on("blur", move |_: Event| {
            composer.suggestions.close();
            composer.save();
        })
        .on("keydown", move |event: KeyboardEvent| pressed(composer, &event))
}

fn typed(composer: Composer) {
    composer.signals().recalled.set_if_changed(0);
    composer.signals().note.set_if_changed(None);
    composer.keep(composer.area.value());
    composer.suggestions.look(composer);
}

fn pressed(composer: Composer, event: &KeyboardEvent) {
    // While a word is being composed Enter chooses it.
    if browser::is_ime_composing(event) || composer.suggestions.pressed(composer, event) {
        return;
    }
    match event.key().as_str() {
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            // Where Enter sends, this is the other way than usual.
            let other = composer.when_busy.try_with_untracked(|way| when_busy::other(*way));
            send(composer, other.filter(|_| enter::sends()));
        }
        "Enter" if !event.shift_key() && enter::sends() => {
            event.prevent_default();
            send(composer, None);
        }
        "ArrowUp" if recall(composer, 1) => event.prevent_default(),
        "ArrowDown" if recall(composer, -1) => event.prevent_default(),
        _ => {}
    }
}

/// Goes back, or forth, among what was sent before; only from an empty field, or from one of those messages as it
/// was. Whether it did.
fn recall(composer: Composer, by: isize) -> bool {
    let now = composer.signals().recalled.get_untracked();
    if now == 0 && (by < 0 || !composer.text.get_untracked().is_empty()) {
        return false;
    }
    let Some(then) = now.checked_add_signed(by) else { return false };
    let all = history::all();
    let text = match then {
        0 => "",
        then => match all.get(then - 1) {
            Some(text) => text,
            None => return true,
        },
    };
    composer.write(text, text.len());
    composer.signals().recalled.set(then);
    true
}
