//! What was changed: by a turn, or by the whole conversation.

use codex_gateway_wire::{
    Content, Item, ItemId,
    codex::FileUpdateChange,
    diff::{LineCounts, applied_changes, compose_diffs, count_lines},
};
use leptos::prelude::*;

use super::choice;
use crate::{
    diff::{counts_view, file_row},
    node::{ElementExt as _, Node, el, list, live, many},
    signal::RwSignalExt as _,
    state::{ChangedFile, Chat, GroupKey, Panel, change_key},
};

/// So many files are open from the beginning.
const OPEN: usize = 20;

pub(super) fn changes_view(chat: Chat) -> Node {
    let (t, panel) = (chat.t, chat.panel());
    let files = RwSignal::new(Vec::<FileUpdateChange>::new());
    // What the reader chose comes at once; what the agent does waits for whoever writes about what is there.
    let mut shown = None;
    Effect::new(move |_| {
        let chosen = (panel.turn.get(), panel.whole.get());
        if shown.as_ref() != Some(&chosen) || panel.comments.get() == 0 {
            shown = Some(chosen);
            files.set_if_changed(compose_diffs(&done(chat)));
        }
    });
    let find = move |key: &str| {
        let find = |files: &Vec<FileUpdateChange>| files.iter().find(|file| change_key(file) == key).cloned();
        files.try_with(find).flatten()
    };
    let keys = move || {
        let keys = |files: &Vec<FileUpdateChange>| files.iter().map(change_key).collect();
        files.try_with(keys).unwrap_or_default()
    };
    let row = move |key: String| {
        let (name, cwd) =
            (key.clone(), chat.live.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default());
        let file = move || find(&name).as_ref().map(ChangedFile::of);
        let few = files.try_with_untracked(|files| files.len() <= OPEN).unwrap_or(true);
        file_row(file, move || find(&key), RwSignal::new(few), RwSignal::new(false), cwd, t).into()
    };
    let summary = move || {
        let (count, lines) = files.try_with(|files| (files.len(), total(files))).unwrap_or_default();
        if count == 0 {
            return el("p").class("note").child(t.no_changes());
        }
        el("p").class("summary").child((t.files_changed)(count)).child(counts_view(lines))
    };
    let older = move || {
        (panel.whole.get() && chat.live.has_older()).then(|| el("p").class("note").child(t.older_changes()))
    };
    let scope =
        choice([t.this_turn(), t.whole_conversation()], panel.whole, |panel, is| panel.whole.set(is), panel);
    let sides = choice([t.unified(), t.side_by_side()], panel.split, Panel::choose_split, panel);
    many([
        el("div").class("panel-tools").child(scope).child(sides).into(),
        live(summary),
        live(older),
        el("div").class("files").child(list(keys, row)).into(),
    ])
}

fn total(files: &[FileUpdateChange]) -> LineCounts {
    let mut lines = LineCounts::default();
    for file in files {
        lines += count_lines(file);
    }
    lines
}

/// The changes that were made, oldest first; tracked. What else happens meanwhile is not looked at.
fn done(chat: Chat) -> Vec<FileUpdateChange> {
    let order = chat.live.groups();
    let chosen = chat.panel().turn.get().map(GroupKey::Turn);
    let newest = || order.iter().rfind(|key| key.turn().is_some()).cloned();
    let groups = if chat.panel().whole.get() { order } else { chosen.or_else(newest).into_iter().collect() };
    let is_change = |id: &ItemId| {
        chat.live.with_untracked(|transcript| {
            let entry = transcript.entries.get(id);
            entry.is_some_and(|entry| matches!(entry.content, Content::Item(Item::FileChange(_))))
        })
    };
    let ids = groups.iter().flat_map(|key| chat.live.group(key)).filter(is_change);
    ids.flat_map(|id| chat.live.read(&id, |entry| applied_changes(entry).to_vec()).unwrap_or_default())
        .collect()
}
