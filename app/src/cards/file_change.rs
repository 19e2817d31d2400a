//! Changed files: how much, and the diff of each.

use codex_gateway_wire::{
    Content, Item, Phase,
    codex::{FileChange, FileUpdateChange, ItemStatus},
};
use leptos::prelude::*;

use super::{Head, Tone, of_kind};
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    live::EntryRef,
    text::{
        diff::{self, Counts},
        format::relative,
    },
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

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> AnyView {
    let all = RwSignal::new(false);
    let files = move || {
        let cwd = entry.live.peek(|transcript| transcript.cwd.clone()).unwrap_or_default();
        let all = all.get();
        of_kind!(entry, Content::Item(Item::FileChange(change)) => {
            change.changes.iter().map(|file| file_view(file, &cwd, all, t)).collect::<Vec<_>>()
        })
    };
    let long = move || {
        let longest = of_kind!(entry, Content::Item(Item::FileChange(change)) => {
            change.changes.iter().map(|file| diff::lines(file).len()).max()
        });
        (longest.flatten().unwrap_or(0) > LINES && !all.get()).then(|| {
            view! { <button type="button" class="link" on:click=move |_| all.set(true)>{t.show_all}</button> }
        })
    };
    view! { <div class="files">{files}{long}</div> }.into_any()
}

fn file_view(file: &FileUpdateChange, cwd: &str, all: bool, t: &'static Texts) -> AnyView {
    let kind = match (file.kind.kind.as_str(), &file.kind.move_path) {
        ("add", _) => t.file_added.to_owned(),
        ("delete", _) => t.file_deleted.to_owned(),
        (_, Some(to)) => format!("{} → {}", t.file_moved, relative(to, cwd)),
        _ => String::new(),
    };
    let shown = if all { usize::MAX } else { LINES };
    let lines: Vec<_> = diff::lines(file).into_iter().take(shown).map(|line| line_view(&line)).collect();
    view! {
        <section class="file">
            <header>
                {icon(Icon::File)} <span class="path">{relative(&file.path, cwd).to_owned()}</span>
                <span class="kind">{kind}</span> {counts_view(diff::counts(file))}
            </header>
            <pre class="diff" tabindex="0">
                <code>{lines}</code>
            </pre>
        </section>
    }
    .into_any()
}

fn line_view(line: &diff::Line<'_>) -> impl IntoView + use<> {
    let number = line.number.map(|number| number.to_string());
    view! {
        <span class=line.kind.class()>
            <span class="number">{number}</span>
            <span class="text">{format!("{}\n", line.text)}</span>
        </span>
    }
}

/// Lines added and removed: `+12 −3`.
pub(crate) fn counts_view(counts: Counts) -> AnyView {
    view! {
        <span class="counts">
            <span class="added">{format!("+{}", counts.added)}</span>
            <span class="removed">{format!("−{}", counts.removed)}</span>
        </span>
    }
    .into_any()
}
