//! Files that were changed, each a row that opens its change.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{LineCounts, count_lines, relative_path},
};
use leptos::prelude::*;

use super::diff_view;
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    text::hidden::{exact_name, plain_name},
};

/// A file that was changed, in a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChangedFile {
    /// Where it is or was, as codex says it.
    pub(crate) path: String,
    /// Where it was moved to.
    pub(crate) moved: Option<String>,
    /// `add`, `delete` or `update`.
    pub(crate) kind: String,
    pub(crate) lines: LineCounts,
}

impl ChangedFile {
    pub(crate) fn of(change: &FileUpdateChange) -> Self {
        Self {
            path: change.path.clone(),
            moved: change.kind.move_path.clone(),
            kind: change.kind.kind.clone(),
            lines: count_lines(change),
        }
    }

    /// Tells it from the others: see [`change_key`].
    pub(crate) fn key(&self) -> String {
        key(&self.path, self.moved.as_deref())
    }

    /// The line: icon, path, what became of it, how much.
    fn line(&self, cwd: &str, t: &Texts) -> Node {
        let parts: [Node; 5] = [
            icon(Icon::File).into(),
            el("code").class("target").child(exact_name(relative_path(&self.path, cwd), t)).into(),
            el("span")
                .class("result")
                .child(exact_name(&kind_word(&self.kind, self.moved.as_deref(), cwd, t), t))
                .into(),
            counts_view(self.lines).into(),
            icon(Icon::Chevron).into(),
        ];
        many(parts)
    }
}

/// Tells a change from the others: where a file was moved away, another may have been made.
pub(crate) fn change_key(change: &FileUpdateChange) -> String {
    key(&change.path, change.kind.move_path.as_deref())
}

fn key(path: &str, moved: Option<&str>) -> String {
    [path, "\n", moved.unwrap_or_default()].concat()
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
    let line = move || file().map(|file| file.line(&base, t));
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use codex_gateway_wire::{codex::PatchChangeKind, diff::compose_diffs};

    use super::*;

    #[test]
    fn a_file_that_was_made_where_another_was_moved_away_is_another() {
        let change = |kind: &str, moved: Option<&str>, diff: &str| FileUpdateChange {
            path: "a.rs".to_owned(),
            kind: PatchChangeKind { kind: kind.to_owned(), move_path: moved.map(str::to_owned) },
            diff: diff.to_owned(),
        };
        let changes = compose_diffs(&[
            change("update", Some("b.rs"), "@@ -1 +1 @@\n-a\n+b\n"),
            change("add", None, "new\n"),
        ]);
        assert_eq!(changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["a.rs", "a.rs"]);
        let keys: HashSet<String> = changes.iter().map(change_key).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys, changes.iter().map(|change| ChangedFile::of(change).key()).collect());
    }
}
