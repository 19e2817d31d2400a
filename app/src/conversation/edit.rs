//! Edits a message where it stands: a sent message in the log, or a message in the queue.
//!
//! The conversation and the queue stay as they are until the user sends or saves the edit. The forms are in `edit_form`.

use codex_gateway_wire::{
    InputPart, QueueItemId, StartTurn, TurnId,
    api::{EditQueueItem, QueueChange},
};
use leptos::prelude::*;

use crate::{
    browser,
    signal::RwSignalExt as _,
    state::{Chat, ConnectionState, Edit, EditSubject, SentMessage, drafts::edit_key},
};

/// The field of the form.
const FIELD: &str = ".edit textarea";

impl EditSubject {
    /// Returns the name under which the tab stores the edit over a reload. `None` for a removal, which has no text.
    fn stored_name(&self) -> Option<String> {
        match self {
            Self::Turn(turn, _) => Some(format!("t{turn}")),
            Self::Queued(id) => Some(format!("q{id}")),
            Self::Removal(_) => None,
        }
    }

    /// Returns the selector of the element that gets the focus back.
    fn origin(&self) -> String {
        match self {
            Self::Turn(_, entry) => format!("[data-item='{entry}']"),
            Self::Queued(id) => format!("[data-queued='{id}'] [data-edit]"),
            Self::Removal(id) => format!("[data-queued='{id}'] [data-remove]"),
        }
    }
}

impl Edit {
    /// Starts to edit the message of a turn.
    pub(super) fn begin_turn(self, chat: Chat, turn: TurnId) {
        let sent = chat.transcript.with_untracked(|transcript| SentMessage::of_turn(transcript, &turn));
        if let Some(sent) = sent {
            self.begin(chat, EditSubject::Turn(turn, sent.entry), sent.text, sent.input);
        }
    }

    /// Starts to edit a message of the queue.
    pub(super) fn begin_queued(self, chat: Chat, id: &QueueItemId) {
        let item = chat
            .transcript
            .with_untracked(|transcript| transcript.queue.iter().find(|item| item.id == *id).cloned());
        if let Some(item) = item {
            self.begin(chat, EditSubject::Queued(item.id), item.text, item.input);
        }
    }

    /// Asks the user whether to remove a message from the queue.
    pub(super) fn begin_removal(self, id: &QueueItemId) {
        if !untrack(|| self.is_open()) {
            self.subject.set(Some(EditSubject::Removal(id.clone())));
            focus_when_mounted("[data-keep]".to_owned());
        }
    }

    fn begin(self, chat: Chat, subject: EditSubject, text: String, input: Vec<InputPart>) {
        if untrack(|| self.is_open()) {
            return;
        }
        // An edit of the same message from before a reload goes on, if it could not be reopened then.
        let stored = stored_edit(&edit_key(&chat.draft_key()));
        let stored = stored.filter(|(name, _)| Some(name) == subject.stored_name().as_ref());
        self.text.set(stored.map_or(text, |(_, text)| text));
        self.input.set(input);
        self.failure.set(None);
        self.sending.set(false);
        self.subject.set(Some(subject));
        // The form is mounted after this.
        request_animation_frame(|| browser::focus(FIELD));
    }

    /// Closes the edit and discards its text, unless it is being sent. Returns `true` if an edit was open.
    pub(super) fn cancel(self, chat: Chat) -> bool {
        let Some(subject) = self.subject.get_untracked_or_default() else { return false };
        if !self.sending.get_untracked_or_default() {
            self.close(&edit_key(&chat.draft_key()));
            focus_when_mounted(subject.origin());
        }
        true
    }

    fn close(self, key: &str) {
        self.subject.set(None);
        self.text.set(String::new());
        self.sending.set(false);
        browser::store_for_tab(key, "");
    }

    /// Takes over the text of the field, and stores it over a reload.
    pub(super) fn set_text(self, chat: Chat, text: String) {
        let subject = self.subject.get_untracked_or_default();
        if let Some(name) = subject.and_then(|subject| subject.stored_name()) {
            browser::store_for_tab(&edit_key(&chat.draft_key()), &format!("{name}\n{text}"));
        }
        self.text.set(text);
    }

    /// Returns the message with the text of the field.
    fn message(self) -> StartTurn {
        StartTurn {
            prompt: self.text.get_untracked_or_default(),
            input: self.input.get_untracked_or_default(),
            ..StartTurn::default()
        }
    }

    /// Returns `true` if the message has content and can be sent or saved. Tracked.
    pub(super) fn may_submit(self, chat: Chat) -> bool {
        let has_text = self.text.try_with(|text| !text.trim().is_empty()) == Some(true);
        let has_input = self.input.try_with(|input| !input.is_empty()) == Some(true);
        // The page knows which turns a replacement removes only while it is up to date: while the stream is live, and in
        // a past conversation, which does not change.
        let connection = chat.connection.get_or_default();
        let is_up_to_date = connection.is_live() || connection == ConnectionState::Past;
        (has_text || has_input) && is_up_to_date && !self.sending.get_or_default()
    }

    /// Returns `true` if the message can replace its turn. Tracked.
    pub(super) fn may_replace(self, chat: Chat) -> bool {
        self.may_submit(chat) && !chat.running()
    }

    /// Sends the message in place of its turn: in this conversation, or in a fork of it.
    pub(super) fn send(self, chat: Chat, forks: bool) {
        let Some(EditSubject::Turn(turn, _)) = self.subject.get_untracked_or_default() else { return };
        if !untrack(|| if forks { self.may_submit(chat) } else { self.may_replace(chat) }) {
            return;
        }
        let last =
            chat.transcript.with_untracked(|transcript| transcript.turns.last().map(|turn| turn.id.clone()));
        let message = StartTurn {
            replaces_turn_id: Some(turn),
            expected_last_turn_id: last.filter(|_| !forks),
            ..self.message()
        };
        let key = edit_key(&chat.draft_key());
        self.failure.set(None);
        self.sending.set(true);
        chat.replace(message, forks, move |sent| {
            if let Err(Some(failure)) = sent {
                self.fail(chat.t.failure(&failure));
            } else {
                self.close(&key);
                request_animation_frame(browser::restore_lost_focus);
            }
        });
    }

    /// Saves the text of a message of the queue.
    pub(super) fn save(self, chat: Chat) {
        let Some(EditSubject::Queued(id)) = self.subject.get_untracked_or_default() else { return };
        if !untrack(|| self.may_submit(chat)) {
            return;
        }
        let text = Some(self.text.get_untracked_or_default());
        let change = QueueChange::Edit(EditQueueItem { text, before: None });
        let (key, origin) = (edit_key(&chat.draft_key()), EditSubject::Queued(id.clone()).origin());
        self.failure.set(None);
        self.sending.set(true);
        chat.change_queue(id, change, move |changed| {
            if let Err(failure) = changed {
                chat.handle_auth_error(&failure);
                self.fail(chat.t.failure(&failure));
            } else {
                self.close(&key);
                focus_when_mounted(origin);
            }
        });
    }

    fn fail(self, why: String) {
        self.failure.set(Some(why));
        self.sending.set(false);
        browser::focus(FIELD);
    }

    /// Reopens the edit from before a reload, and from then on closes an edit whose subject is gone.
    pub(super) fn follow(self, chat: Chat) {
        Effect::new(move |_| untrack(|| self.reopen(chat)));
        Effect::new(move |_| {
            let subject = self.subject.get_or_default();
            let is_there =
                |subject: EditSubject| chat.transcript.meta(|transcript| subject.is_in(transcript));
            // A message that is being sent removes its turn.
            if !subject.is_none_or(is_there) && !self.sending.get_or_default() {
                untrack(|| self.close_lost(chat));
            }
        });
    }

    fn reopen(self, chat: Chat) {
        let key = edit_key(&chat.draft_key());
        let Some((name, text)) = stored_edit(&key) else { return };
        let id = name.get(1..).unwrap_or_default();
        let is_queued = name.starts_with('q');
        if is_queued {
            self.begin_queued(chat, &id.into());
        } else {
            self.begin_turn(chat, id.into());
        }
        // A turn that is not loaded yet can be edited once it is.
        if !self.is_open() && (is_queued || !chat.transcript.has_older()) {
            browser::store_for_tab(&key, "");
            chat.restore_draft(&StartTurn { prompt: text, ..StartTurn::default() });
        }
    }

    /// Closes an edit whose message was sent or removed elsewhere. Its text becomes the draft.
    fn close_lost(self, chat: Chat) {
        let message = self.message();
        let subject = self.subject.get_untracked_or_default();
        let has_text = !matches!(subject, None | Some(EditSubject::Removal(_)));
        self.close(&edit_key(&chat.draft_key()));
        if has_text {
            chat.restore_draft(&message);
            chat.toast.set(Some(chat.t.edited_message_gone().to_owned()));
        }
    }
}

/// Returns the name and the text of the edit that this tab has stored.
fn stored_edit(key: &str) -> Option<(String, String)> {
    let stored = browser::stored_for_tab(key)?;
    stored.split_once('\n').map(|(name, text)| (name.to_owned(), text.to_owned()))
}

/// Gives the focus to an element that is about to be mounted.
fn focus_when_mounted(selector: String) {
    request_animation_frame(move || browser::focus(&selector));
}
