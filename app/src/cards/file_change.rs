//! Changed files: how much, and the diff of each.

use super::{Head, Tone, of_kind};
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    live::EntryRef,
    node::{El, Node, el, link_button, live, many},
    state::State,
    text::{
        diff::{self, Counts},
        format::relative,
    },
};
use codex_gateway_wire::{
    Content, Item, Phase,
    codex::{FileChange, FileUpdateChange, ItemStatus},
};

/// How many lines of a diff are shown at first.
const LINES: usize = 400;

pub(super) fn head(change: &FileChange, phase: Phase, cwd: &str, t: &Texts) -> Head {
    let (verb, tone) = match (change.status, phase) {
        (ItemStatus::Declined, _) => (t.edit_declined, Tone::NeedsYou),
        (ItemStatus::Failed, _) => (t.edit_failed, Tone::Failed),
        (_, Phase::Running) => (t.editing, Tone::Quiet),
        _ => (t.edited, Tone::Quiet),
    };
    let mut lines = Counts::default();
    for file in &change.changes {
        lines += diff::counts(file);
    }
    let paths: Vec<&str> = change.changes.iter().map(|file| relative(&file.path, cwd)).collect();
    let head = Head::new(Icon::File, verb).code(paths.join(", ")).tone(tone);
    Head { lines: (lines != Counts::default()).then_some(lines), ..head }
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    let show_all = State::new(false);
    let files = move || {
        let cwd = entry.live.peek(|transcript| transcript.cwd.clone()).unwrap_or_default();
        let all = show_all.get();
        of_kind!(entry, Content::Item(Item::FileChange(change)) => {
            many(change.changes.iter().map(|file| file_view(file, &cwd, all, t)))
        })
    };
    let more = move || {
        let longest = of_kind!(entry, Content::Item(Item::FileChange(change)) => {
            change.changes.iter().map(|file| diff::lines(file).len()).max()
        });
        let long = longest.flatten().unwrap_or(0) > LINES && !show_all.get();
        long.then(|| link_button(t.show_all, move || show_all.set(true)))
    };
    el("div").class("files").child(live(files)).child(live(more)).into()
}

fn file_view(file: &FileUpdateChange, cwd: &str, all: bool, t: &'static Texts) -> El {
    let kind = match (file.kind.kind.as_str(), &file.kind.move_path) {
        ("add", _) => t.file_added.to_owned(),
        ("delete", _) => t.file_deleted.to_owned(),
        (_, Some(to)) => format!("{} → {}", t.file_moved, relative(to, cwd)),
        _ => String::new(),
    };
    let shown = if all { usize::MAX } else { LINES };
    let lines = many(diff::lines(file).into_iter().take(shown).map(|line| line_view(&line)));
    let header = el("header")
        .child(icon(Icon::File))
        .child(el("span").class("path").child(relative(&file.path, cwd).to_owned()))
        .child(el("span").class("kind").child(kind))
        .child(counts_view(diff::counts(file)));
    let diff = el("pre").class("diff").attr("tabindex", "0").child(el("code").child(lines));
    el("section").class("file").child(header).child(diff)
}

fn line_view(line: &diff::Line<'_>) -> El {
    let number = line.number.map(|number| number.to_string());
    el("span")
        .class(line.kind.class())
        .child(el("span").class("number").child(number))
        .child(el("span").class("text").child(format!("{}\n", line.text)))
}

/// Lines added and removed: `+12 −3`.
pub(crate) fn counts_view(counts: Counts) -> El {
    el("span")
        .class("counts")
        .child(el("span").class("added").child(format!("+{}", counts.added)))
        .child(el("span").class("removed").child(format!("−{}", counts.removed)))
}
