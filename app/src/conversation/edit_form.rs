//! The forms that edit a message where it stands.

use codex_gateway_wire::{Transcript, TurnId, api::InputPart};
use view::{Node, prelude::*};
use web_sys::{KeyboardEvent, SubmitEvent};

use super::unsent::MessageImages;
use crate::{
    browser,
    composer::{TextArea, enter, mirrored},
    signal::RwSignalExt as _,
    state::{Chat, EditSubject},
    text::direction::field_direction,
};

/// The id of the note that describes the field.
const NOTE_ID: &str = "edit-note";

/// Edits the message of a turn, in its place in the log.
#[component]
pub(super) fn EditMessageForm(chat: Chat) -> impl IntoView {
    let (t, edit) = (chat.t, chat.edit());
    let note = move || {
        if chat.running() {
            return t.edit_needs_idle().to_owned();
        }
        let Some(EditSubject::Turn(turn, _)) = edit.subject.get_untracked() else {
            return String::new();
        };
        (t.removes_turns)(chat.transcript.meta(|transcript| count_later_turns(transcript, &turn)))
    };
    let note = view! { <p class="note" id=NOTE_ID role="status">{note}</p> };
    view! {
        <EditForm chat label=t.edit_message() note=Some(note) submit=|chat| chat.edit().send(chat, false)>
            <button
                type="button"
                class="link"
                on:click=move |_| edit.send(chat, true)
                disabled=move || !edit.may_submit(chat)
            >
                {t.fork_instead()}
            </button>
            <button type="submit" class="button" disabled=move || !edit.may_replace(chat)>{t.send()}</button>
        </EditForm>
    }
}

/// Edits a message of the queue, in its place in the queue.
#[component]
pub(super) fn EditQueuedForm(chat: Chat) -> impl IntoView {
    let (t, edit) = (chat.t, chat.edit());
    view! {
        <EditForm chat label=t.edit() note=None submit=|chat| chat.edit().save(chat)>
            <button type="submit" class="button" disabled=move || !edit.may_submit(chat)>{t.save()}</button>
        </EditForm>
    }
}

/// Returns how many turns come after a turn.
fn count_later_turns(transcript: &Transcript, turn: &TurnId) -> usize {
    transcript.turns.iter().rev().take_while(|later| later.id != *turn).count()
}

/// The form: the images of the message, the field, and the buttons.
#[component]
fn EditForm(
    chat: Chat,
    label: &'static str,
    /// Describes the field.
    note: Option<Node>,
    submit: fn(Chat),
    /// The buttons after the one that cancels.
    children: Children,
) -> impl IntoView {
    let (t, edit) = (chat.t, chat.edit());
    let field = TextArea::new();
    Effect::new(move |_| {
        // The form is unmounted and mounted again with its part of the log.
        if field.track().is_some() {
            let text = edit.text.get_untracked_or_default();
            field.set(&text, text.len());
        }
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        submit(chat);
    };
    let on_keydown = move |event: KeyboardEvent| {
        let sends = !event.shift_key() && (enter::sends() || event.ctrl_key() || event.meta_key());
        if event.key() == "Enter" && sends && !browser::is_ime_composing(&event) {
            event.prevent_default();
            submit(chat);
        }
    };
    let uploads =
        edit.input.with_untracked(|input| input.iter().filter_map(InputPart::upload).cloned().collect());
    let described_by = note.is_some().then_some(NOTE_ID);
    let failure = move || edit.failure.get().map(|why| view! { <p class="error" role="alert">{why}</p> });
    let cancel = move |_| {
        edit.cancel(chat);
    };
    let direction = Memo::new(move |_| edit.text.with(|text| field_direction(text)));
    view! {
        <form class="edit" aria-label=label on:submit=on_submit>
            <MessageImages uploads t/>
            <div class="auto-grow" data-value=move || edit.text.with(|text| mirrored(text))>
                <textarea
                    dir=move || direction.get()
                    node_ref=field.0
                    rows="1"
                    aria-label=label
                    aria-describedby=described_by
                    enterkeyhint=enter::key_hint(enter::sends())
                    autocomplete="off"
                    data-1p-ignore=""
                    data-lpignore="true"
                    data-bwignore="true"
                    data-form-type="other"
                    readonly=move || edit.sending.get()
                    on:input=move |event| edit.set_text(chat, event_target_value(&event))
                    on:keydown=on_keydown
                ></textarea>
            </div>
            {note}
            {failure}
            <div class="actions">
                <button type="button" class="link" on:click=cancel>{t.cancel()}</button>
                {children()}
            </div>
        </form>
    }
}
