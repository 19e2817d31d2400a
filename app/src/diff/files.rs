//! Files that were changed, each a row that opens its change.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{LineCounts, relative_path},
};
use leptos::prelude::*;

use super::diff_view;
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    state::ChangedFile,
    text::hidden::{exact_name, plain_name},
};

/// The line of a changed file: icon, path, what became of it, and the number of lines.
fn file_line(file: &ChangedFile, cwd: &str, t: &Texts) -> Node {
    let parts: [Node; 5] = [
        icon(Icon::File).into(),
        el("code").class("target").child(exact_name(relative_path(&file.path, cwd), t)).into(),
        el("span")
            .class("result")
            .child(exact_name(&kind_word(&file.kind, file.moved.as_deref(), cwd, t), t))
            .into(),
        counts_view(file.lines).into(),
        icon(Icon::Chevron).into(),
    ];
    many(parts)
}

/// What became of a file, where that is more than a change: `new`, `deleted`, `moved → b.rs`.
pub(crate) fn kind_word(kind: &str, moved: Option<&str>, cwd: &str, t: &Texts) -> String {
    match (kind, moved) {
        ("add", _) => t.file_added().to_owned(),
        ("delete", _) => t.file_deleted().to_owned(),
        (_, Some(to)) => format!("{} → {}", t.file_moved(), relative_path(to, cwd)),
        _ => String::new(),
    }
}

/// A row that opens the file's change, which `change` looks up. Once `all` is set, the change is unfolded.
pub(crate) fn file_row(
    file: impl Fn() -> Option<ChangedFile> + Send + 'static,
    change: impl Fn() -> Option<FileUpdateChange> + Send + 'static,
    open: RwSignal<bool>,
    all: RwSignal<bool>,
    cwd: String,
    t: &'static Texts,
) -> El {
    let base = cwd.clone();
    let line = move || file().map(|file| file_line(&file, &base, t));
    let row = el("button")
        .attr("type", "button")
        .class("row")
        .live_attr("aria-expanded", move || open.get().to_string())
        .on_click(move || open.set(!open.get_untracked()))
        .child(live(line));
    let body = move || {
        let change = if open.get() { change() } else { None };
        change.map(|change| {
            let path =
                plain_name(relative_path(change.kind.move_path.as_ref().unwrap_or(&change.path), &cwd));
            diff_view(change, path, all)
        })
    };
    el("section").class("file").live_attr("data-folded", move || !open.get()).child(row).child(live(body))
}

/// Lines added and removed, as far as there are any: `+12 −3`.
pub(crate) fn counts_view(counts: LineCounts) -> El {
    let part = |class, sign, count: usize| {
        (count > 0).then(|| el("span").class(class).child(format!("{sign}{count}")))
    };
    el("span").class("counts").child(part("added", '+', counts.added)).child(part(
        "removed",
        '−',
        counts.removed,
    ))
}
