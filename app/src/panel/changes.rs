//! The tab "Changes": the files that a turn or the whole conversation has changed.

use codex_gateway_wire::{
    Content, Item, ItemId,
    codex::FileUpdateChange,
    diff::{LineCounts, applied_changes, compose_diffs, count_lines},
};
use view::prelude::*;

use super::segments::Segments;
use crate::{
    diff::{DiffStat, FileRow},
    signal::RwSignalExt as _,
    state::{ChangedFile, Chat, FileKey, GroupKey},
};

/// With more files than this, all of them are folded at first.
const MAX_EXPANDED_FILES: usize = 20;

#[component]
pub(super) fn ChangesTab(chat: Chat) -> impl IntoView {
    let (t, panel) = (chat.t, chat.panel());
    let changes = RwSignal::new(Vec::<FileUpdateChange>::new());
    // What the user selects is shown at once. New changes of the agent are not shown while the user writes a comment on
    // the current ones.
    let mut shown = None;
    Effect::new(move |_| {
        let selected = (panel.turn.get(), panel.whole.get());
        if shown.as_ref() != Some(&selected) || panel.comments.get() == 0 {
            shown = Some(selected);
            changes.set_if_changed(compose_diffs(&selected_changes(chat)));
        }
    });
    let find = move |key: &FileKey| {
        changes.with(|changes| changes.iter().find(|change| FileKey::of(change) == *key).cloned())
    };
    let row = move |key: FileKey| {
        let cwd = chat.transcript.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        let is_open = changes.with_untracked(|changes| changes.len() <= MAX_EXPANDED_FILES);
        let of_line = key.clone();
        let file = move || find(&of_line).as_ref().map(ChangedFile::of);
        let (is_open, expand_all) = (RwSignal::new(is_open), RwSignal::new(false));
        view! { <FileRow file change=move || find(&key) is_open expand_all cwd t/> }
    };
    let keys = move || changes.with(|changes| changes.iter().map(FileKey::of).collect::<Vec<_>>());
    let summary = move || {
        let (count, lines) = changes.with(|changes| (changes.len(), total_lines(changes)));
        if count == 0 {
            return view! { <p class="note">{t.no_changes()}</p> };
        }
        view! {
            <p class="summary">
                {(t.files_changed)(count)}
                <DiffStat lines/>
            </p>
        }
    };
    let older = move || {
        let is_incomplete = panel.whole.get() && chat.transcript.has_older();
        is_incomplete.then(|| view! { <p class="note">{t.changes_incomplete()}</p> })
    };
    view! {
        <div class="panel-tools">
            <Segments
                labels=[t.this_turn(), t.whole_conversation()]
                is_second=panel.whole
                on_choose=move |is_whole| panel.whole.set(is_whole)
            />
            <Segments
                labels=[t.unified(), t.side_by_side()]
                is_second=panel.split
                on_choose=move |is_split| panel.choose_split(is_split)
            />
        </div>
        {summary}
        {older}
        <div class="files">
            <For each=keys key=FileKey::clone children=row/>
        </div>
    }
}

fn total_lines(changes: &[FileUpdateChange]) -> LineCounts {
    let mut lines = LineCounts::default();
    for change in changes {
        lines += count_lines(change);
    }
    lines
}

/// Returns the changes that were applied in the selected turn or in the whole conversation, oldest first.
///
/// Tracks the entries with changes only.
fn selected_changes(chat: Chat) -> Vec<FileUpdateChange> {
    let all = chat.transcript.groups();
    let selected = chat.panel().turn.get().map(GroupKey::Turn);
    let newest = || all.iter().rfind(|key| key.turn().is_some()).cloned();
    let groups = if chat.panel().whole.get() { all } else { selected.or_else(newest).into_iter().collect() };
    let is_change = |id: &ItemId| {
        chat.transcript.with_untracked(|transcript| {
            let entry = transcript.entries.get(id);
            entry.is_some_and(|entry| matches!(entry.content, Content::Item(Item::FileChange(_))))
        })
    };
    let ids = groups.iter().flat_map(|key| chat.transcript.entries_of(key)).filter(is_change);
    ids.flat_map(|id| chat.transcript.read(&id, |entry| applied_changes(entry).to_vec()).unwrap_or_default())
        .collect()
}
