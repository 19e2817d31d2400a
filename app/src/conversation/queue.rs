//! The queue: messages that are sent when the running turn has ended. The user can send them now, move, edit or remove
//! them.

use codex_gateway_wire::{
    QueueItem, QueueItemId,
    api::{EditQueueItem, InputPart, QueueChange},
};
use leptos::task::spawn_local;
use view::prelude::*;

use super::edit_form::EditQueuedForm;
use crate::{
    browser,
    composer::Thumbnail,
    icon::{Icon, icon},
    server_fns::{self, ApiError},
    state::Chat,
};

/// The messages of the queue. Hidden while the queue is empty.
#[component]
pub(super) fn QueueList(chat: Chat) -> impl IntoView {
    let t = chat.t;
    // A message that this page is sending stands at the end of the log instead.
    let is_in_log = move |item: &QueueItem| {
        item.sending && item.client_message_id.as_deref().is_some_and(|id| chat.outbox.has(id))
    };
    let ids = move || {
        let mut queue = chat.transcript.meta(|transcript| transcript.queue.clone());
        queue.retain(|item| !is_in_log(item));
        queue.into_iter().map(|item| item.id).collect::<Vec<_>>()
    };
    // Only a turn that has ended well is followed by the next message.
    let hint = move || (!chat.running()).then(|| t.queue_paused());
    view! {
        <section class="queue" aria-label=t.queue_title() hidden=move || ids().is_empty()>
            <h2 class="label">{t.queue_title()} " " <span>{hint}</span></h2>
            <ul>
                <For each=ids key=QueueItemId::clone children=move |id| view! { <QueueRow chat id/> }/>
            </ul>
        </section>
    }
}

/// A message of the queue, the form that edits it, or the question whether to remove it.
#[component]
fn QueueRow(chat: Chat, id: QueueItemId) -> impl IntoView {
    let data_queued = id.to_string();
    let content = move || {
        let edit = chat.edit();
        if edit.is_of_queued(id.as_str()) {
            return Some(view! { <EditQueuedForm chat/> });
        }
        let queue = chat.transcript.meta(|transcript| transcript.queue.clone());
        let index = queue.iter().position(|item| item.id == id)?;
        let item = queue[index].clone();
        Some(if edit.is_removal_of(id.as_str()) {
            view! { <ConfirmRemoval chat item/> }
        } else {
            let previous = index.checked_sub(1).map(|previous| queue[previous].id.clone());
            // One edit at a time: opening another one would discard the text of the first.
            let is_locked = item.sending || edit.is_open();
            view! { <QueuedMessage chat item previous is_locked/> }
        })
    };
    view! { <li data-queued=data_queued>{content}</li> }
}

/// A message of the queue with its buttons.
#[component]
fn QueuedMessage(
    chat: Chat,
    item: QueueItem,
    /// The message before it. `None` for the first one.
    previous: Option<QueueItemId>,
    /// The message can be neither edited nor removed now.
    is_locked: bool,
) -> impl IntoView {
    let t = chat.t;
    let QueueItem { id, text, input, error, sending, .. } = item;
    let images = input.iter().filter_map(InputPart::upload).cloned();
    let images = images.map(|upload| view! { <Thumbnail upload t/> }).collect::<Vec<_>>();
    let error = error.map(|error| view! { <span class="error" role="alert">{error}</span> });
    let move_up = previous.map(|previous| {
        let (id, edit) = (id.clone(), EditQueueItem { text: None, before: Some(Some(previous)) });
        let press = move || chat.change_queue_or_report(id.clone(), QueueChange::Edit(edit.clone()));
        view! { <QueueButton label=t.move_up() mark=Icon::Up press disabled=sending/> }
    });
    let (edited, sent, removed) = (id.clone(), id.clone(), id);
    view! {
        <span class="text">{text}</span>
        {images}
        {error}
        {move_up}
        <QueueButton
            label=t.edit()
            mark=Icon::Edit
            press=move || chat.edit().begin_queued(chat, &edited)
            disabled=is_locked
            is_edit=true
        />
        <QueueButton
            label=t.send_now()
            mark=Icon::Send
            press=move || chat.change_queue_or_report(sent.clone(), QueueChange::Send)
            disabled=sending
        />
        <QueueButton
            label=t.remove()
            mark=Icon::Close
            press=move || chat.edit().begin_removal(&removed)
            disabled=is_locked
            is_remove=true
        />
    }
}

/// A button of a message of the queue.
#[component]
fn QueueButton<F>(
    label: &'static str,
    mark: Icon,
    press: F,
    disabled: bool,
    /// The button gets the focus back when the edit closes.
    #[prop(optional)]
    is_edit: bool,
    /// The button gets the focus back when the message is kept.
    #[prop(optional)]
    is_remove: bool,
) -> impl IntoView
where
    F: Fn() + Send + 'static,
{
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=label
            title=label
            on:click=move |_| press()
            disabled=disabled
            data-edit=is_edit
            data-remove=is_remove
        >
            {icon(mark)}
        </button>
    }
}

/// Asks whether to remove a message, which cannot be undone.
#[component]
fn ConfirmRemoval(chat: Chat, item: QueueItem) -> impl IntoView {
    let t = chat.t;
    let remove = move |_| chat.change_queue_or_report(item.id.clone(), QueueChange::Remove);
    let keep = move |_| {
        chat.edit().cancel(chat);
    };
    view! {
        <span class="text">{item.text.clone()}</span>
        <span class="confirmation" role="status">{t.confirm_remove()}</span>
        <button type="button" class="button" on:click=remove>{t.remove()}</button>
        // Last, in the place of the button that asked: a double click removes nothing.
        <button type="button" class="link" on:click=keep data-keep=true>{t.keep()}</button>
    }
}

impl Chat {
    /// Changes a message of the queue, and calls `done` with the result. The queue itself changes with the next event.
    pub(super) fn change_queue(
        self,
        item: QueueItemId,
        change: QueueChange,
        done: impl FnOnce(Result<(), ApiError>) + 'static,
    ) {
        let id = self.id();
        spawn_local(async move { done(server_fns::change_queue(id, item, change).await) });
    }

    /// Changes a message of the queue, and reports a failure to the user.
    fn change_queue_or_report(self, item: QueueItemId, change: QueueChange) {
        self.change_queue(item, change, move |changed| match changed {
            Ok(()) => request_animation_frame(browser::restore_lost_focus),
            Err(failure) => self.say_failed(&failure),
        });
    }
}
