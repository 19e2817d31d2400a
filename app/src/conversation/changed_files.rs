//! The files that a turn has changed, below its answer. Each opens its diff.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{applied_changes, compose_diffs},
};
use view::prelude::*;

use super::turn::Turn;
use crate::{
    diff::{DiffStat, FileRow},
    state::{ChangedFile, Chat, FileKey},
};

/// How many files are listed until the user asks for all of them.
const MAX_INITIAL_FILES: usize = 8;

/// The files that a turn has changed. Hidden while the turn has changed no file.
#[component]
pub(super) fn ChangedFiles(chat: Chat, turn: Turn) -> impl IntoView {
    let t = chat.t;
    let shows_all = RwSignal::new(false);
    let count = move || turn.facts.read().files.len();
    let keys = move || {
        let max_files = if shows_all.get() { usize::MAX } else { MAX_INITIAL_FILES };
        turn.facts.read().files.iter().take(max_files).map(ChangedFile::key).collect::<Vec<_>>()
    };
    let row = move |key: FileKey| {
        let file_key = key.clone();
        let file = move || turn.facts.read().files.iter().find(|file| file.key() == file_key).cloned();
        let change = move || change_of(chat, turn, &key);
        let cwd = chat.transcript.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        let (is_open, expand_all) = (RwSignal::new(false), RwSignal::new(false));
        view! { <FileRow file change is_open expand_all cwd t/> }
    };
    let show_changes = move |_| chat.panel().show_changes(turn.id());
    let more = move || {
        (count() > MAX_INITIAL_FILES && !shows_all.get()).then(|| view! {
            <button type="button" class="link more" on:click=move |_| shows_all.set(true)>{t.show_all()}</button>
        })
    };
    view! {
        <div class="changed" hidden=move || count() == 0>
            <header>
                <span class="changed-count">{move || (t.files_changed)(count())}</span>
                {move || view! { <DiffStat lines=turn.facts.read().work.lines/> }}
                <button type="button" class="link" on:click=show_changes>{t.all_changes()}</button>
            </header>
            <For each=keys key=Clone::clone children=row/>
            {more}
        </div>
    }
}

/// Returns the combined change that a turn made to a file. `None` if the turn leaves the file as it was.
fn change_of(chat: Chat, turn: Turn, file_key: &FileKey) -> Option<FileUpdateChange> {
    let changes_of =
        |id: &_| chat.transcript.read(id, |entry| applied_changes(entry).to_vec()).unwrap_or_default();
    let changes: Vec<FileUpdateChange> = turn.entries().iter().flat_map(changes_of).collect();
    compose_diffs(&changes).into_iter().find(|change| FileKey::of(change) == *file_key)
}
