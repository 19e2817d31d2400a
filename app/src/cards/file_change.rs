//! Changed files: how much, and the diff of each.

use super::{Head, Tone, of_kind};
use crate::{
    diff::{ChangedFile, diff_view, file_row, kind_word},
    i18n::Texts,
    icon::Icon,
    node::{ElementExt as _, Node, el, live, many},
    state::EntryRef,
    text::hidden::plain_name,
};
use codex_gateway_wire::{
    Content, Item, Phase,
    codex::{FileChange, FileUpdateChange, ItemStatus},
    diff::{LineCounts, count_lines, relative_path},
};
use leptos::prelude::*;

pub(super) fn head(change: &FileChange, phase: Phase, cwd: &str, t: &Texts) -> Head {
    let (verb, tone) = match (change.status, phase) {
        (ItemStatus::Declined, _) => (t.edit_declined(), Tone::NeedsYou),
        (ItemStatus::Failed, _) => (t.edit_failed(), Tone::Failed),
        (_, Phase::Running) => (t.editing(), Tone::Quiet),
        _ => (t.edited(), Tone::Quiet),
    };
    let mut lines = LineCounts::default();
    for file in &change.changes {
        lines += count_lines(file);
    }
    let paths: Vec<&str> = change.changes.iter().map(|file| relative_path(&file.path, cwd)).collect();
    let result = match change.changes.as_slice() {
        [file] => kind_word(&file.kind.kind, file.kind.move_path.as_deref(), cwd, t),
        _ => String::new(),
    };
    let head = Head::new(Icon::File, verb).code(paths.join(", ")).result(result).tone(tone);
    Head { lines: (lines != LineCounts::default()).then_some(lines), ..head }
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    let files = move || {
        let cwd = entry.live.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        of_kind!(entry, Content::Item(Item::FileChange(change)) => match change.changes.as_slice() {
            // The line above names it already.
            [change] => {
                let path = plain_name(relative_path(&change.path, &cwd));
                let all = RwSignal::new(false);
                el("section").class("file").child(diff_view(change.clone(), path, all)).into()
            }
            changes => changes_view(changes, &cwd, RwSignal::new(false), t),
        })
    };
    el("div").class("files").child(live(files)).into()
}

/// The changes of files, one by one. Once `all` is set, they are open and unfolded.
pub(crate) fn changes_view(
    changes: &[FileUpdateChange],
    cwd: &str,
    all: RwSignal<bool>,
    t: &'static Texts,
) -> Node {
    many(changes.iter().cloned().map(|change| {
        let file = ChangedFile::of(&change);
        let open = RwSignal::new(true);
        Effect::watch(move || all.get(), move |_, _, _| open.set(true), false);
        file_row(move || Some(file.clone()), move || Some(change.clone()), open, all, cwd.to_owned(), t)
    }))
}
