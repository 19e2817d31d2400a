//! The messages that wait for their turn: to be sent now, moved, edited, or removed.

use codex_gateway_wire::{
    QueueItem, QueueItemId,
    api::{EditQueueItem, QueueChange},
};
use leptos::{prelude::request_animation_frame, task::spawn_local};

use super::{Chat, edit::edit_queued_view};
use crate::{
    browser,
    composer::{thumbnail, upload},
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, button, el, link_button, list, live, many},
    server_fns::{self, ApiError},
};

pub(super) fn queue_view(chat: Chat) -> Node {
    let t = chat.t;
    let items = move || chat.live.meta(|transcript| transcript.queue.clone());
    // One that is on its way from here stands at the end of the conversation.
    let is_unsent = move |item: &QueueItem| {
        item.sending && item.client_message_id.as_deref().is_some_and(|id| chat.outbox.has(id))
    };
    let shown = move || items().into_iter().filter(move |item| !is_unsent(item));
    let keys = move || shown().map(|item| item.id.to_string()).collect();
    let rows = list(keys, move |key| {
        let of = key.clone();
        let row = move || {
            if chat.edit().is_of_queued(&key) {
                return Some(edit_queued_view(chat).into());
            }
            let all = items();
            let at = all.iter().position(|item| item.id.as_str() == key)?;
            Some(if chat.edit().is_removal_of(&key) {
                removal_view(chat, &all[at])
            } else {
                item_view(chat, &all, at)
            })
        };
        el("li").attr("data-queued", of).child(live(row)).into()
    });
    // It goes on by itself only after a turn that ended well.
    let waits = move || (!chat.running()).then_some(t.queue_waits());
    let heading = el("h2").class("label").child(t.queued()).child(" ").child(el("span").child(live(waits)));
    let empty = move || shown().next().is_none();
    el("section")
        .class("queue")
        .attr("aria-label", t.queued())
        .live_attr("hidden", empty)
        .child(heading)
        .child(el("ul").child(rows))
        .into()
}

fn item_view(chat: Chat, all: &[QueueItem], at: usize) -> Node {
    let t = chat.t;
    let item = &all[at];
    let act = |label: &'static str, mark: Icon, act: Box<dyn Fn() + Send>| -> El {
        el("button")
            .attr("type", "button")
            .class("icon-button")
            .attr("aria-label", label)
            .attr("title", label)
            .on_click(act)
            .child(icon(mark))
    };
    let change = |change: QueueChange| {
        let id = item.id.clone();
        Box::new(move || chat.change_queue_or_say(id.clone(), change.clone())) as Box<dyn Fn() + Send>
    };
    let before = at.checked_sub(1).and_then(|at| all.get(at)).map(|item| item.id.clone());
    let up = before.map(|before| {
        let edit = EditQueueItem { text: None, before: Some(Some(before)) };
        act(t.move_up(), Icon::Up, change(QueueChange::Edit(edit))).attr("disabled", item.sending)
    });
    let (edited, removed) = (item.id.clone(), item.id.clone());
    // One edit at a time: what is written in another one would be lost.
    let busy = item.sending || chat.edit().is_open();
    let edit = act(t.edit(), Icon::Edit, Box::new(move || chat.edit().begin_queued(chat, &edited)));
    let remove = act(t.remove(), Icon::Close, Box::new(move || chat.edit().begin_removal(&removed)));
    let images = item.input.iter().filter_map(upload).map(|upload| thumbnail(upload, t));
    many([
        el("span").class("text").child(item.text.clone()).into(),
        many(images),
        item.error.clone().map(|why| el("span").class("why").attr("role", "alert").child(why)).into(),
        up.into(),
        edit.attr("disabled", busy).attr("data-edit", true).into(),
        act(t.send_now(), Icon::Send, change(QueueChange::Send)).attr("disabled", item.sending).into(),
        remove.attr("disabled", busy).attr("data-remove", true).into(),
    ])
}

/// Asks whether to remove a message, which is gone for good then.
fn removal_view(chat: Chat, item: &QueueItem) -> Node {
    let (t, id) = (chat.t, item.id.clone());
    let remove = move || chat.change_queue_or_say(id.clone(), QueueChange::Remove);
    let keep = link_button(t.keep(), move || {
        chat.edit().cancel(chat);
    })
    .attr("data-keep", true);
    many([
        el("span").class("text").child(item.text.clone()),
        el("span").class("ask").attr("role", "status").child(t.remove_ask()),
        button(t.remove(), remove),
        // Last, where the button was that asked: a double click removes nothing.
        keep,
    ])
}

impl Chat {
    /// Does something with a message that waits; `done` learns whether it could be done. The list says how things stand.
    pub(super) fn change_queue(
        self,
        item: QueueItemId,
        change: QueueChange,
        done: impl FnOnce(Result<(), ApiError>) + 'static,
    ) {
        let id = self.id();
        spawn_local(async move { done(server_fns::queue(id, item, change).await) });
    }

    /// Does the same, and says why where it could not be done.
    fn change_queue_or_say(self, item: QueueItemId, change: QueueChange) {
        self.change_queue(item, change, move |changed| match changed {
            Ok(()) => request_animation_frame(browser::catch_focus),
            Err(failure) => self.say_failed(&failure),
        });
    }
}
