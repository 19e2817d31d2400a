//! The state of a composer, shared by its components.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::{
    StartTurn,
    api::{InputPart, Model, WhenBusy},
};
use leptos::{ev, prelude::*};

use super::{
    InitialText, TextArea, attachments::Attachments, drop_target, enter, models::ModelChoice,
    permission::PermissionChoice, suggestions::Suggestions, when_busy,
};
use crate::{
    browser,
    i18n::Texts,
    server_fns::SiteConfig,
    signal::RwSignalExt as _,
    state::{Chat, Draft, DraftEditor, drafts},
};

/// A text of more bytes is stored with a delay: storing it at every key would make typing slow.
const MAX_BYTES_STORED_AT_ONCE: usize = 20_000;
/// How long after an edit a long text is stored.
const STORE_DELAY: Duration = Duration::from_millis(500);

/// What the user can choose from.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) models: Vec<Model>,
    /// The operator's limits.
    pub(super) site: SiteConfig,
}

/// The settings that the user picked for the next message. `None` for a setting that stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PickedSettings {
    pub(super) model: Option<ModelChoice>,
    pub(super) permission: Option<PermissionChoice>,
}

/// The state of a composer.
#[derive(Clone, Copy)]
pub(super) struct ComposerState {
    pub(super) t: &'static Texts,
    /// The conversation. `None` before the first message.
    pub(super) chat: Option<Chat>,
    /// The directory that was chosen for a new conversation.
    pub(super) cwd: Signal<Option<String>>,
    pub(super) options: StoredValue<Options>,
    /// Called with each message.
    pub(super) on_submit: Callback<Draft>,
    pub(super) area: TextArea,
    /// The text in the field.
    pub(super) text: RwSignal<String>,
    /// The storage key of the draft.
    pub(super) draft_key: RwSignal<String>,
    /// `true` if the stored text is older than the text in the field.
    pub(super) is_unsaved: RwSignal<bool>,
    pub(super) picked: RwSignal<PickedSettings>,
    pub(super) attachments: Attachments,
    pub(super) suggestions: Suggestions,
    /// What to do with a message that is sent while a turn runs.
    pub(super) when_busy: RwSignal<WhenBusy>,
    /// `true` if Enter alone sends.
    pub(super) enter_sends: RwSignal<bool>,
    /// The position of the recalled message in the history, counted from 1 for the latest. 0 if no message is recalled.
    pub(super) recalled: RwSignal<usize>,
    /// Why the message was not sent, or something was not attached.
    pub(super) error: RwSignal<Option<String>>,
    /// `true` while something is dragged over the page.
    pub(super) is_dragged_over: RwSignal<bool>,
}

impl ComposerState {
    /// Returns `true` while a turn runs. Tracked.
    pub(super) fn is_running(self) -> bool {
        self.chat.is_some_and(Chat::running)
    }

    /// Returns `true` if there is a turn to stop. Tracked.
    pub(super) fn can_stop(self) -> bool {
        self.chat.is_some_and(Chat::can_stop)
    }

    /// Returns `true` if the conversation takes no more messages. Tracked.
    pub(super) fn is_ended(self) -> bool {
        self.chat.is_some_and(Chat::ended)
    }

    fn is_signed_out(self) -> bool {
        self.chat.is_some_and(Chat::signed_out)
    }

    /// Returns `true` if there is a message and it can be sent. Tracked.
    pub(super) fn can_send(self) -> bool {
        let has_text = self.text.try_with(|text| !text.trim().is_empty()).unwrap_or_default();
        (has_text || !self.attachments.is_empty())
            && self.attachments.are_ready()
            && !self.is_ended()
            && !self.is_signed_out()
    }

    /// Replaces the text, and sets the caret's byte offset. Undo brings back the text before.
    pub(super) fn replace_text(self, text: &str, caret: usize) {
        self.area.replace(text, caret);
        self.recalled.set_if_changed(0);
        self.suggestions.close();
        self.text_changed(text.to_owned());
    }

    /// Shows why the message was not sent, or something was not attached.
    pub(super) fn show_error(self, reason: String) {
        self.error.set(Some(reason));
    }

    /// Notes the new text of the field, and stores it: a long text after a delay.
    pub(super) fn text_changed(self, text: String) {
        let is_long = text.len() > MAX_BYTES_STORED_AT_ONCE;
        self.text.set(text);
        if is_long && !self.is_unsaved.get_untracked_or_default() {
            set_timeout(move || self.save_text(), STORE_DELAY);
        }
        self.is_unsaved.set_if_changed(true);
        if !is_long {
            self.save_text();
        }
    }

    /// Stores the text unless it is stored already.
    pub(super) fn save_text(self) {
        if self.is_unsaved.get_untracked_or_default() {
            self.is_unsaved.set_if_changed(false);
            self.store_text(&self.draft_key.get_untracked_or_default());
        }
    }

    fn store_text(self, draft_key: &str) {
        self.text.try_with_untracked(|text| browser::store(draft_key, text));
    }

    /// Stores the uploaded images.
    pub(super) fn store_images(self) {
        drafts::store_images(&self.draft_key.get_untracked_or_default(), &self.attachments.parts());
    }

    /// Starts once the field is mounted: shows the stored draft in it, and listens for drops.
    pub(super) fn start(self, initial_text: Option<InitialText>) {
        let Some(area) = self.area.track() else { return };
        let key = self.draft_key.get_untracked();
        if let Some(chat) = self.chat {
            chat.set_draft_editor(Arc::new(self));
            // Earlier versions stored a draft under the id of its session.
            drafts::rename(&drafts::key(chat.id().as_str()), &key);
        }
        if let Some(text) = initial_text.and_then(InitialText::take) {
            area.set_value(&text);
        }
        // A text that was typed before hydration is not stored yet. It replaces the stored one.
        if area.value().is_empty() {
            area.set_value(&browser::stored(&key).unwrap_or_default());
        } else {
            browser::store(&key, &area.value());
        }
        self.text.set(area.value());
        self.attachments.restore(drafts::images(&key).into_iter());
        self.when_busy.set(when_busy::stored());
        self.enter_sends.set(enter::sends());
        drop_target::take_drops(self);
        let on_pagehide = window_event_listener(ev::pagehide, move |_| self.save_text());
        on_cleanup(move || {
            self.save_text();
            on_pagehide.remove();
        });
        // The element is connected to the document only in the next frame.
        request_animation_frame(move || {
            // The card of a pending request keeps the focus, in whichever order the two are mounted.
            if !(browser::is_coarse_pointer() || browser::is_focus_in(".question")) {
                let _ = area.focus();
            }
        });
    }

    /// Restores messages that were not sent once the user is signed out. Signing in reloads the page, and only drafts
    /// survive that.
    pub(super) fn restore_unsent(self, chat: Chat) {
        if chat.signed_out() && !chat.outbox.busy() {
            for turn in chat.outbox.take_failed().iter().rev() {
                self.restore(turn);
            }
        }
    }
}

impl DraftEditor for ComposerState {
    fn restore(&self, turn: &StartTurn) {
        let text = drafts::join(vec![turn.prompt.clone()], self.text.get_untracked_or_default());
        self.replace_text(&text, text.len());
        self.attachments.restore(turn.input.iter().filter_map(InputPart::upload).cloned());
        self.store_images();
        self.area.focus();
    }

    fn append(&self, text: &str) {
        let text = drafts::join(vec![self.text.get_untracked_or_default()], text.to_owned());
        self.replace_text(&text, text.len());
    }

    fn begin_with(&self, text: &str) {
        self.replace_text(text, text.len());
        self.area.focus();
    }

    fn move_to(&self, conversation: &str) {
        self.save_text();
        let (before, key) = (self.draft_key.get_untracked_or_default(), drafts::key(conversation));
        self.draft_key.set(key.clone());
        self.store_text(&key);
        self.store_images();
        browser::store(&before, "");
        drafts::store_images(&before, &[]);
    }
}
