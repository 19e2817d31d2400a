//! The files that a turn has changed, below its answer: each opens its diff.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{applied_changes, compose_diffs},
};
use leptos::prelude::Read;
use leptos::prelude::*;

use super::{
    Chat,
    turn::{Turn, turn_of},
};
use crate::{
    diff::{ChangedFile, change_key, counts_view, file_row},
    node::{ElementExt as _, Node, el, link_button, list, live},
    state::GroupKey,
};

/// How many files are listed at first.
const FILES: usize = 8;

pub(crate) fn changed_view(chat: Chat, key: RwSignal<GroupKey>, turn: Turn) -> Node {
    let t = chat.t;
    // Looked at by itself: the list is not made anew for whatever else changes in a turn.
    let count = move || turn.facts.read().files.len();
    let all = RwSignal::new(false);
    let keys = move || {
        let shown = if all.get() { usize::MAX } else { FILES };
        turn.facts.read().files.iter().take(shown).map(ChangedFile::key).collect()
    };
    let row = move |file_key: String| {
        let name = file_key.clone();
        let file = move || turn.facts.read().files.iter().find(|file| file.key() == name).cloned();
        let change = move || change_of(chat, key, &file_key);
        let cwd = chat.live.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        file_row(file, change, RwSignal::new(false), RwSignal::new(false), cwd, t).into()
    };
    let review = move || {
        let turn = turn_of(key);
        link_button(t.all_changes(), move || chat.panel().show_changes(turn.clone()))
    };
    let heading = move || el("span").class("what").child((t.files_changed)(count()));
    let header = el("header")
        .child(live(heading))
        .child(live(move || counts_view(turn.facts.read().work.lines)))
        .child(live(review));
    let more = move || {
        (count() > FILES && !all.get())
            .then(|| link_button(t.show_all(), move || all.set(true)).class("more"))
    };
    el("div")
        .class("changed")
        .live_attr("hidden", move || count() == 0)
        .child(header)
        .child(list(keys, row))
        .child(live(more))
        .into()
}

/// What a turn has made of a file.
fn change_of(chat: Chat, key: RwSignal<GroupKey>, file_key: &str) -> Option<FileUpdateChange> {
    let ids = key.try_with_untracked(|key| chat.live.group(key))?;
    let entry = |id: &_| chat.live.read(id, |entry| applied_changes(entry).to_vec()).unwrap_or_default();
    let changes: Vec<FileUpdateChange> = ids.iter().flat_map(entry).collect();
    compose_diffs(&changes).into_iter().find(|change| change_key(change) == file_key)
}
