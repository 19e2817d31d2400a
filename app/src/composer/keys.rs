//! The keys of the message field.
//!
//! - Enter sends or starts a new line (see [`super::enter`]); Shift Enter always starts a new line.
//! - Ctrl Enter always sends. Where Enter sends too, Ctrl Enter steers if Enter queues, and queues if Enter steers.
//! - ↑ and ↓ recall messages that were sent before.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::{ComposerState, enter, history, send::send, when_busy};
use crate::{browser, signal::RwSignalExt as _};

/// Handles an edit of the text.
pub(super) fn on_input(composer: ComposerState) {
    composer.recalled.set_if_changed(0);
    composer.error.set_if_changed(None);
    composer.text_changed(composer.area.value());
    composer.suggestions.refresh(composer);
}

/// Handles a key in the field.
pub(super) fn on_keydown(composer: ComposerState, event: &KeyboardEvent) {
    // In an input method, Enter accepts the composed word.
    if browser::is_ime_composing(event) || composer.suggestions.on_keydown(composer, event) {
        return;
    }
    match event.key().as_str() {
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            let other = when_busy::other(composer.when_busy.get_untracked());
            send(composer, enter::sends().then_some(other));
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

/// Recalls an older message (`step` 1) or a newer one (`step` -1). Returns `true` if the key is used up.
///
/// Starts only from an empty field, and goes on only while the recalled message has not been edited.
fn recall(composer: ComposerState, step: isize) -> bool {
    let current = composer.recalled.get_untracked();
    if current == 0 && (step < 0 || !composer.text.get_untracked().is_empty()) {
        return false;
    }
    let Some(next) = current.checked_add_signed(step) else { return false };
    let messages = history::all();
    let text = match next {
        0 => "",
        next => match messages.get(next - 1) {
            Some(text) => text,
            None => return true,
        },
    };
    composer.replace_text(text, text.len());
    composer.recalled.set(next);
    true
}
