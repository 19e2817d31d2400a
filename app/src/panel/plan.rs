//! The plan as it stands.

use codex_gateway_wire::{Content, ItemId};

use crate::{
    cards,
    conversation::Chat,
    node::{ElementExt as _, Node, el, live},
};

pub(super) fn plan_view(chat: Chat) -> Node {
    let t = chat.t;
    live(move || match newest(chat) {
        Some(id) => cards::body(chat.live.entry(id), t),
        None => el("p").class("note").child(t.no_plan()).into(),
    })
}

/// The newest plan; tracked.
fn newest(chat: Chat) -> Option<ItemId> {
    let is_plan = |id: &ItemId| {
        chat.live.with_untracked(|transcript| {
            transcript.entries.get(id).is_some_and(|entry| matches!(entry.content, Content::Plan(_)))
        })
    };
    chat.live.groups().iter().rev().find_map(|key| chat.live.group(key).into_iter().rfind(is_plan))
}
