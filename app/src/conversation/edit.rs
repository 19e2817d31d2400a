//! A change of a message where it stands: of one in the conversation, or of one that waits in the queue. Nothing happens to the
//! conversation or the queue before the change is sent or saved.

use codex_gateway_wire::{
    InputPart, QueueItemId, StartTurn, Transcript, TurnId,
    api::{EditQueueItem, QueueChange},
};
use leptos::prelude::*;
use web_sys::{Event, KeyboardEvent};

use super::unsent::images_view;
use crate::{
    browser,
    composer::{TextArea, enter, mirrored},
    node::{El, ElementExt as _, el, link_button, live},
    signal::RwSignalExt as _,
    state::{
        Chat, ConnectionState, Edit, EditSubject, SentMessage,
        drafts::{edit_key, upload},
    },
};

/// How many turns come after one.
fn later_turns(transcript: &Transcript, turn: &TurnId) -> usize {
    transcript.turns.iter().rev().take_while(|later| later.id != *turn).count()
}

impl EditSubject {
    /// Names it in what this tab keeps over a reload. `None` if there is nothing to keep.
    fn name(&self) -> Option<String> {
        match self {
            Self::Turn(turn, _) => Some(format!("t{turn}")),
            Self::Queued(id) => Some(format!("q{id}")),
            Self::Removal(_) => None,
        }
    }

    /// What gets the focus back.
    fn origin(&self) -> String {
        match self {
            Self::Turn(_, entry) => format!("[data-item='{entry}']"),
            Self::Queued(id) => format!("[data-queued='{id}'] [data-edit]"),
            Self::Removal(id) => format!("[data-queued='{id}'] [data-remove]"),
        }
    }
}

impl Edit {
    /// Opens the message of a turn.
    pub(super) fn begin_turn(self, chat: Chat, turn: TurnId) {
        let Some(sent) = chat.live.with_untracked(|transcript| SentMessage::of_turn(transcript, &turn))
        else {
            return;
        };
        self.begin(chat, EditSubject::Turn(turn, sent.entry), sent.text, sent.input);
    }

    /// Opens a message of the queue.
    pub(super) fn begin_queued(self, chat: Chat, item: &QueueItemId) {
        let found = chat
            .live
            .with_untracked(|transcript| transcript.queue.iter().find(|one| one.id == *item).cloned());
        if let Some(found) = found {
            self.begin(chat, EditSubject::Queued(found.id), found.text, found.input);
        }
    }

    /// Asks the reader whether to remove a message of the queue.
    pub(super) fn begin_removal(self, item: &QueueItemId) {
        if !untrack(|| self.is_open()) {
            self.subject.set(Some(EditSubject::Removal(item.clone())));
            focus("[data-keep]".to_owned());
        }
    }

    fn begin(self, chat: Chat, subject: EditSubject, text: String, input: Vec<InputPart>) {
        if untrack(|| self.is_open()) {
            return;
        }
        // What was written before, and could not be shown after a reload.
        let kept = kept(&edit_key(&chat.draft_key()));
        let kept = kept.filter(|(name, _)| Some(name) == subject.name().as_ref());
        self.text.set(kept.map_or(text, |(_, text)| text));
        self.input.set(input);
        self.failure.set(None);
        self.sending.set(false);
        self.subject.set(Some(subject));
        // The field is part of the page only after this.
        request_animation_frame(|| browser::focus(FIELD));
    }

    /// Leaves everything as it was; nothing else. Returns `true` if there was something to leave.
    pub(super) fn cancel(self, chat: Chat) -> bool {
        let Some(subject) = self.subject.get_untracked_or_default() else { return false };
        // What is on its way cannot be taken back.
        if !self.sending.get_untracked_or_default() {
            self.close(&edit_key(&chat.draft_key()));
            focus(subject.origin());
        }
        true
    }

    fn close(self, key: &str) {
        self.subject.set(None);
        self.text.set(String::new());
        self.sending.set(false);
        browser::store_for_tab(key, "");
    }

    fn typed(self, chat: Chat, text: String) {
        if let Some(name) = self.subject.get_untracked_or_default().and_then(|subject| subject.name()) {
            browser::store_for_tab(&edit_key(&chat.draft_key()), &format!("{name}\n{text}"));
        }
        self.text.set(text);
    }

    /// What is written now, as a message.
    fn message(self) -> StartTurn {
        StartTurn {
            prompt: self.text.get_untracked_or_default(),
            input: self.input.get_untracked_or_default(),
            ..StartTurn::default()
        }
    }

    /// Returns `true` if something is written, and it can be sent or saved; tracked.
    fn may_submit(self, chat: Chat) -> bool {
        let says = self.text.try_with(|text| !text.trim().is_empty()) == Some(true);
        let brings = self.input.try_with(|input| !input.is_empty()) == Some(true);
        // What would be removed is known of a conversation only while it is followed, and of one that nobody is in.
        let follows = {
            let link = chat.connection.get();
            link.is_live() || link == ConnectionState::Past
        };
        (says || brings) && follows && !self.sending.get()
    }

    /// Returns `true` if the message can take the place of its turn; tracked.
    fn may_replace(self, chat: Chat) -> bool {
        self.may_submit(chat) && !chat.running()
    }

    /// Sends what is written in the place of the turn: here, or in a fork.
    fn send(self, chat: Chat, forks: bool) {
        let Some(EditSubject::Turn(turn, _)) = self.subject.get_untracked_or_default() else { return };
        if !untrack(|| if forks { self.may_submit(chat) } else { self.may_replace(chat) }) {
            return;
        }
        let last = chat.live.with_untracked(|transcript| transcript.turns.last().map(|turn| turn.id.clone()));
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
                self.failed(chat.t.failure(&failure));
            } else {
                self.close(&key);
                request_animation_frame(browser::catch_focus);
            }
        });
    }

    /// Lets the message of the queue say what is written.
    fn save(self, chat: Chat) {
        let Some(EditSubject::Queued(id)) = self.subject.get_untracked_or_default() else { return };
        if !untrack(|| self.may_submit(chat)) {
            return;
        }
        let change = QueueChange::Edit(EditQueueItem {
            text: Some(self.text.get_untracked_or_default()),
            before: None,
        });
        let (key, origin) = (edit_key(&chat.draft_key()), EditSubject::Queued(id.clone()).origin());
        self.failure.set(None);
        self.sending.set(true);
        chat.change_queue(id, change, move |changed| {
            if let Err(failure) = changed {
                chat.handle_auth_error(&failure);
                self.failed(chat.t.failure(&failure));
            } else {
                self.close(&key);
                focus(origin);
            }
        });
    }

    fn failed(self, why: String) {
        self.failure.set(Some(why));
        self.sending.set(false);
        browser::focus(FIELD);
    }

    /// Opens what this tab was at before a reload; notices when what is changed is gone.
    pub(super) fn follow(self, chat: Chat) {
        Effect::new(move |_| untrack(|| self.reopen(chat)));
        Effect::new(move |_| {
            let subject = self.subject.get();
            let is_there = |subject: EditSubject| chat.live.meta(|transcript| subject.is_in(transcript));
            // While it is on its way, the turn goes to make place for it.
            if !subject.is_none_or(is_there) && !self.sending.get() {
                untrack(|| self.lost(chat));
            }
        });
    }

    fn reopen(self, chat: Chat) {
        let key = edit_key(&chat.draft_key());
        let Some((name, text)) = kept(&key) else { return };
        let id = name.get(1..).unwrap_or_default();
        let is_queued = name.starts_with('q');
        if is_queued {
            self.begin_queued(chat, &id.into());
        } else {
            self.begin_turn(chat, id.into());
        }
        // A turn that is not loaded yet can be edited once it is.
        if !self.is_open() && (is_queued || !chat.live.has_older()) {
            browser::store_for_tab(&key, "");
            chat.restore_draft(&StartTurn { prompt: text, ..StartTurn::default() });
        }
    }

    /// What is changed has been sent, or removed elsewhere: what is written becomes the draft.
    fn lost(self, chat: Chat) {
        let message = self.message();
        let is_edit = self.subject.get_untracked_or_default().and_then(|subject| subject.name()).is_some();
        self.close(&edit_key(&chat.draft_key()));
        if is_edit {
            chat.restore_draft(&message);
            chat.toast.set(Some(chat.t.edit_lost().to_owned()));
        }
    }
}

/// What this tab was at, by its name, and what was written.
fn kept(key: &str) -> Option<(String, String)> {
    let kept = browser::stored_for_tab(key)?;
    kept.split_once('\n').map(|(name, text)| (name.to_owned(), text.to_owned()))
}

/// Gives something the focus once it is part of the page.
fn focus(selector: String) {
    request_animation_frame(move || browser::focus(&selector));
}

/// The message of a turn while it is edited, in its place.
pub(super) fn edit_message_view(chat: Chat) -> El {
    let (t, edit) = (chat.t, chat.edit());
    let note = move || {
        if chat.running() {
            return t.edit_waits().to_owned();
        }
        let Some(EditSubject::Turn(turn, _)) = edit.subject.get_untracked_or_default() else {
            return String::new();
        };
        (t.removes_turns)(chat.live.meta(|transcript| later_turns(transcript, &turn)))
    };
    let note = el("p").class("note").attr("id", NOTE).attr("role", "status").child(live(note));
    let fork = link_button(t.fork_instead(), move || edit.send(chat, true))
        .live_attr("disabled", move || !edit.may_submit(chat));
    let send = submit_button(t.send()).live_attr("disabled", move || !edit.may_replace(chat));
    form(chat, t.edit_message(), Some(note), [fork, send], |chat| chat.edit().send(chat, false))
}

/// A message of the queue while it is edited, in its place.
pub(super) fn edit_queued_view(chat: Chat) -> El {
    let (t, edit) = (chat.t, chat.edit());
    let save = submit_button(t.save()).live_attr("disabled", move || !edit.may_submit(chat));
    form(chat, t.edit(), None, [save], |chat| chat.edit().save(chat))
}

/// The field of the edit.
const FIELD: &str = ".edit textarea";
/// Describes the field.
const NOTE: &str = "edit-note";

fn submit_button(label: &'static str) -> El {
    el("button").attr("type", "submit").class("button").child(label)
}

fn form(
    chat: Chat,
    label: &'static str,
    note: Option<El>,
    ways: impl IntoIterator<Item = El>,
    submit: fn(Chat),
) -> El {
    let (t, edit) = (chat.t, chat.edit());
    let field = TextArea::new();
    Effect::new(move |_| {
        // It may come and go with the part of the conversation that is shown.
        if field.track().is_some() {
            let text = edit.text.get_untracked_or_default();
            field.set(&text, text.len());
        }
    });
    let pressed = move |event: KeyboardEvent| {
        let sends = !event.shift_key() && (enter::sends() || event.ctrl_key() || event.meta_key());
        if event.key() == "Enter" && sends && !browser::is_ime_composing(&event) {
            event.prevent_default();
            submit(chat);
        }
    };
    let area = el("textarea")
        .attr("dir", "auto")
        .node_ref(field.0)
        .attr("rows", "1")
        .attr("aria-label", label)
        .attr("aria-describedby", note.is_some().then_some(NOTE))
        .attr("enterkeyhint", enter::key_hint(enter::sends()))
        .attr("autocomplete", "off")
        .unmanaged()
        .live_attr("readonly", move || edit.sending.get())
        .on("input", move |event: Event| edit.typed(chat, event_target_value(&event)))
        .on("keydown", pressed);
    let uploads: Vec<_> = edit
        .input
        .try_with_untracked(|input| input.iter().filter_map(upload).cloned().collect())
        .unwrap_or_default();
    let failure = move || edit.failure.get().map(|why| el("p").class("why").attr("role", "alert").child(why));
    let cancel = link_button(t.cancel(), move || {
        edit.cancel(chat);
    });
    let ways = ways.into_iter().fold(el("div").class("ways").child(cancel), El::child);
    el("form")
        .class("edit")
        .attr("aria-label", label)
        .on("submit", move |event: Event| {
            event.prevent_default();
            submit(chat);
        })
        .child(images_view(uploads.into_iter(), t))
        .child(
            el("div")
                .class("grow")
                .live_attr("data-value", move || {
                    edit.text.try_with(|text| mirrored(text)).unwrap_or_default()
                })
                .child(area),
        )
        .child(note)
        .child(live(failure))
        .child(ways)
}
