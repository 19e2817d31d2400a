//! The messages that wait for their turn: to be sent now, moved, taken back into the composer, or removed.

use codex_gateway_wire::{
    QueueItem, QueueItemId,
    api::{EditQueueItem, QueueChange},
};
use leptos::task::spawn_local;

use super::Chat;
use crate::{
    composer::{thumbnail, upload},
    icon::{Icon, icon},
    node::{El, Node, el, list, live, many},
    server_fns,
};

pub(super) fn queue_view(chat: Chat) -> Node {
    let t = chat.t;
    let items = move || chat.live.meta(|transcript| transcript.queue.clone());
    let keys = move || items().into_iter().map(|item| item.id.to_string()).collect();
    let rows = list(keys, move |key| {
        let row = move || {
            let all = items();
            let at = all.iter().position(|item| item.id.as_str() == key)?;
            Some(item_view(chat, &all, at))
        };
        el("li").child(live(row)).into()
    });
    // It goes on by itself only after a turn that ended well.
    let waits = move || (!chat.running()).then_some(t.queue_waits());
    let heading = el("h2").class("label").child(t.queued()).child(" ").child(el("span").child(live(waits)));
    let empty = move || items().is_empty();
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
            .attr("disabled", item.sending)
            .on_click(act)
            .child(icon(mark))
    };
    let change = |change: QueueChange| {
        let id = item.id.clone();
        Box::new(move || chat.change_queue(id.clone(), change.clone(), || ())) as Box<dyn Fn() + Send>
    };
    let before = at.checked_sub(1).and_then(|at| all.get(at)).map(|item| item.id.clone());
    let up = before.map(|before| {
        let edit = EditQueueItem { text: None, before: Some(Some(before)) };
        act(t.move_up(), Icon::Up, change(QueueChange::Edit(edit)))
    });
    let (id, turn) = (item.id.clone(), item.turn());
    let take_back = move || {
        let (turn, taken) = (turn.clone(), chat.taker());
        chat.change_queue(id.clone(), QueueChange::Remove, move || taken(&turn));
    };
    let images = item.input.iter().filter_map(upload).map(|upload| thumbnail(upload, t));
    many([
        el("span").class("text").child(item.text.clone()).into(),
        many(images),
        item.error.clone().map(|why| el("span").class("why").attr("role", "alert").child(why)).into(),
        up.into(),
        act(t.edit(), Icon::Edit, Box::new(take_back)).into(),
        act(t.send_now(), Icon::Send, change(QueueChange::Send)).into(),
        act(t.remove(), Icon::Close, change(QueueChange::Remove)).into(),
    ])
}

impl Chat {
    /// Does something with a message that waits; `done` if that worked. Where it did not, the list says what is.
    fn change_queue(self, item: QueueItemId, change: QueueChange, done: impl FnOnce() + 'static) {
        let id = self.id();
        spawn_local(async move {
            match server_fns::queue(id, item, change).await {
                Ok(()) => done(),
                Err(failure) => self.say_failed(&failure),
            }
        });
    }
}
