//! Sending the message.

use codex_gateway_wire::{StartTurn, api::WhenBusy, turn::MAX_PROMPT_CHARS};
use leptos::prelude::*;

use super::{ComposerState, PickedSettings, history, models, permission};
use crate::{
    signal::RwSignalExt as _,
    state::{Draft, drafts},
};

/// The slash command that names the conversation, before the name.
pub(crate) const RENAME: &str = "/rename ";

/// Sends the message, or runs the slash command in it.
///
/// `when_busy` takes precedence over the choice in the composer.
pub(super) fn send(composer: ComposerState, when_busy: Option<WhenBusy>) {
    if !untrack(|| composer.can_send()) {
        return;
    }
    let text = composer.text.get_untracked();
    let length = text.chars().count();
    if length > MAX_PROMPT_CHARS {
        return composer.show_error((composer.t.prompt_too_long)(length, MAX_PROMPT_CHARS));
    }
    composer.error.set_if_changed(None);
    if let (Some(chat), Some(name)) = (composer.chat, text.strip_prefix(RENAME)) {
        composer.replace_text("", 0);
        return chat.rename(name.trim().to_owned());
    }
    let turn = StartTurn {
        prompt: text.clone(),
        input: composer.attachments.parts(),
        when_busy: when_busy.unwrap_or_else(|| composer.when_busy.get_untracked()),
        ..picked_settings(composer)
    };
    history::add(&text);
    // The stored draft is forgotten after the message has arrived, but only if it has the text that was sent.
    composer.save_text();
    composer.recalled.set(0);
    composer.suggestions.close();
    composer.area.set("", 0);
    composer.text.set(String::new());
    composer.attachments.clear();
    let (draft_key, images) = (composer.draft_key.get_untracked(), turn.input.clone());
    let done = Box::new(move || {
        drafts::forget(&draft_key, &text, &images);
        // The conversation uses these settings now.
        composer.picked.set(PickedSettings::default());
    });
    composer.on_submit.run(Draft { turn, done });
}

/// Returns the settings that the user picked. Those in use already are left out.
fn picked_settings(composer: ComposerState) -> StartTurn {
    let PickedSettings { model, permission } = composer.picked.get_untracked();
    let model = model.map(|_| untrack(|| models::chosen(composer))).unwrap_or_default();
    let permission = permission.map(|_| untrack(|| permission::chosen(composer)));
    StartTurn {
        model: model.model,
        effort: model.effort,
        sandbox: permission.map(|permission| permission.sandbox),
        approval_policy: permission.map(|permission| permission.policy),
        ..StartTurn::default()
    }
}
