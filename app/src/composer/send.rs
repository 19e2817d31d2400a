//! Sending what is written.

use codex_gateway_wire::{StartTurn, api::WhenBusy, turn::MAX_PROMPT_CHARS};
use leptos::prelude::*;

use crate::conversation::RENAME;
use crate::signal::RwSignalExt as _;

use super::{Composer, Draft, Picked, drafts, history, models, permission};

/// Sends what is written, or does what it says if it is a command. `when_busy`: what to do while a turn runs, if not
/// what the reader chose.
pub(super) fn send(composer: Composer, when_busy: Option<WhenBusy>) {
    if !untrack(|| composer.may_send()) {
        return;
    }
    let written = composer.text.get_untracked_or_default();
    let length = written.chars().count();
    if length > MAX_PROMPT_CHARS {
        return composer.refuse((composer.t.prompt_too_long)(length, MAX_PROMPT_CHARS));
    }
    composer.signals().note.set_if_changed(None);
    if let (Some(chat), Some(name)) = (composer.chat, written.strip_prefix(RENAME)) {
        composer.write("", 0);
        return chat.rename(name.trim().to_owned());
    }
    let when_busy = when_busy.or_else(|| composer.when_busy.try_with_untracked(|way| *way));
    let turn = StartTurn {
        prompt: written.clone(),
        input: composer.images.parts(),
        when_busy: when_busy.unwrap_or_default(),
        ..settings(composer)
    };
    history::keep(&written);
    // What is kept is what is sent: only then it is forgotten once it has arrived.
    composer.save();
    composer.signals().recalled.set(0);
    composer.suggestions.close();
    composer.area.set("", 0);
    composer.text.set(String::new());
    composer.images.clear();
    let (key, images) = (composer.key.get_untracked_or_default(), turn.input.clone());
    let done = Box::new(move || {
        drafts::forget(&key, &written, &images);
        // From here on it is what the conversation has.
        composer.picked.set(Picked::default());
    });
    if let Some(submit) = composer.submit.get_untracked_or_default() {
        submit(Draft { turn, done });
    }
}

/// What the message is to run with, where that is another than is used now.
fn settings(composer: Composer) -> StartTurn {
    let Picked { mind, access } = composer.picked.get_untracked_or_default();
    let mind = mind.map(|_| untrack(|| models::chosen(composer))).unwrap_or_default();
    let access = access.map(|_| untrack(|| permission::chosen(composer)));
    StartTurn {
        model: mind.model,
        effort: mind.effort,
        sandbox: access.map(|access| access.sandbox),
        approval_policy: access.map(|access| access.policy),
        ..StartTurn::default()
    }
}
