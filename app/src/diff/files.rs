//! Changed files, each a row with its diff below.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{LineCounts, relative_path},
};
use view::prelude::*;

use super::DiffLines;
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    state::ChangedFile,
    text::hidden::{exact_name, plain_name},
};

/// Returns the label of a change: `new`, `deleted` or `moved → b.rs`. It is empty for any other change.
pub(crate) fn change_label(kind: &str, moved: Option<&str>, cwd: &str, t: &Texts) -> String {
    match (kind, moved) {
        ("add", _) => t.file_added().to_owned(),
        ("delete", _) => t.file_deleted().to_owned(),
        (_, Some(to)) => format!("{} → {}", t.file_moved(), relative_path(to, cwd)),
        _ => String::new(),
    }
}

/// A row that opens and closes the diff of a file.
#[component]
pub(crate) fn FileRow<F, C>(
    /// Returns the file; `None` once it is no longer among the changed files.
    file: F,
    /// Returns the change; called while the diff is open.
    change: C,
    is_open: RwSignal<bool>,
    /// Unfolds all of the diff once it is set.
    expand_all: RwSignal<bool>,
    /// Paths are shown relative to this directory.
    cwd: String,
    t: &'static Texts,
) -> impl IntoView
where
    F: Fn() -> Option<ChangedFile> + Send + 'static,
    C: Fn() -> Option<FileUpdateChange> + Send + 'static,
{
    let base = cwd.clone();
    let summary = move || file().map(|file| view! { <FileSummary file cwd=base.clone() t/> });
    let diff = move || {
        let change = if is_open.get() { change() } else { None };
        change.map(|change| {
            let path =
                plain_name(relative_path(change.kind.move_path.as_ref().unwrap_or(&change.path), &cwd));
            view! { <DiffLines change path expand_all/> }
        })
    };
    view! {
        <section class="file" data-folded=move || !is_open.get()>
            <button
                type="button"
                class="row"
                aria-expanded=move || is_open.get().to_string()
                on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
            >
                {summary}
            </button>
            {diff}
        </section>
    }
}

/// The row's content: icon, path, label and number of lines.
#[component]
fn FileSummary(file: ChangedFile, cwd: String, t: &'static Texts) -> impl IntoView {
    let label = change_label(&file.kind, file.moved.as_deref(), &cwd, t);
    view! {
        {icon(Icon::File)}
        <code class="target">{exact_name(relative_path(&file.path, &cwd), t)}</code>
        <span class="result">{exact_name(&label, t)}</span>
        <DiffStat lines=file.lines/>
        {icon(Icon::Chevron)}
    }
}

/// The number of lines added and removed, without zeros: `+12 −3`.
#[component]
pub(crate) fn DiffStat(lines: LineCounts) -> impl IntoView {
    let count = |class: &'static str, sign: char, count: usize| {
        (count > 0).then(|| view! { <span class=class>{format!("{sign}{count}")}</span> })
    };
    view! {
        <span class="counts">
            {count("added", '+', lines.added)}
            {count("removed", '−', lines.removed)}
        </span>
    }
}
