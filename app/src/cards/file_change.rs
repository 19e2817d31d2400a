//! Changed files: the number of lines in the header, the diff of each file in the body.

use codex_gateway_wire::{
    Content, Item, Phase,
    codex::{FileChange, FileUpdateChange, ItemStatus},
    diff::{LineCounts, count_lines, relative_path},
};
use view::prelude::*;

use super::{EntryHeader, Tone, of_kind};
use crate::{
    diff::{DiffLines, FileRow, change_label},
    i18n::Texts,
    icon::Icon,
    state::{ChangedFile, EntryRef},
    text::hidden::plain_name,
};

pub(super) fn header(change: &FileChange, phase: Phase, cwd: &str, t: &Texts) -> EntryHeader {
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
        [file] => change_label(&file.kind.kind, file.kind.move_path.as_deref(), cwd, t),
        _ => String::new(),
    };
    let header = EntryHeader::new(Icon::File, verb).code(paths.join(", ")).result(result).tone(tone);
    EntryHeader { lines: (lines != LineCounts::default()).then_some(lines), ..header }
}

/// The diffs of the changed files.
#[component]
pub(super) fn FileChangeBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let files = move || {
        let cwd = entry.transcript.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        let changes = of_kind!(entry, Content::Item(Item::FileChange(change)) => change.changes.clone())?;
        let expand_all = RwSignal::new(false);
        // The header names a single file already.
        Some(match <[_; 1]>::try_from(changes) {
            Ok([change]) => {
                let path = plain_name(relative_path(&change.path, &cwd));
                view! { <section class="file"><DiffLines change path expand_all/></section> }
            }
            Err(changes) => view! { <FileChanges changes cwd expand_all t/> },
        })
    };
    view! { <div class="files">{files}</div> }
}

/// Changed files, each a row with its diff below.
#[component]
pub(crate) fn FileChanges(
    changes: Vec<FileUpdateChange>,
    /// Paths are shown relative to this directory.
    cwd: String,
    /// Opens and unfolds all diffs once it is set.
    expand_all: RwSignal<bool>,
    t: &'static Texts,
) -> impl IntoView {
    let rows = changes.into_iter().map(|change| {
        let file = ChangedFile::of(&change);
        let is_open = RwSignal::new(true);
        Effect::watch(move || expand_all.get(), move |_, _, _| is_open.set(true), false);
        let cwd = cwd.clone();
        view! {
            <FileRow
                file=move || Some(file.clone())
                change=move || Some(change.clone())
                is_open
                expand_all
                cwd
                t
            />
        }
    });
    view! { {rows.collect::<Vec<_>>()} }
}
