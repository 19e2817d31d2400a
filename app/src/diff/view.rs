//! The lines of one file's change.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{DiffLine, LineKind, diff_lines},
};
use leptos::prelude::use_context;
use leptos::prelude::*;
use web_sys::{Event, KeyboardEvent};

use super::{
    blocks::{Block, blocks},
    comment::{Commenting, comment_view, place},
    keys,
    words::words,
};
use crate::{
    browser,
    conversation::Chat,
    i18n::{Texts, texts},
    node::{El, ElementExt as _, Node, el, link_button, live, many},
    text::hidden::{TextKind, exact},
};

/// How many lines are shown at first.
const LINES: usize = 400;
/// How many bytes of a line are shown at first.
const LINE: usize = 2000;

/// The lines of a file's change; `path` is what the file is called here. Once `all` is set, nothing is folded away.
pub(crate) fn diff_view(change: FileUpdateChange, path: String, all: RwSignal<bool>) -> Node {
    let t = texts();
    let count = diff_lines(&change).len();
    if count == 0 {
        return el("p").class("note no-lines").child(without_lines(&change, t)).into();
    }
    let chat = use_context::<Chat>();
    let all_lines = RwSignal::new(false);
    let whole = RwSignal::new(Vec::new());
    let writing = RwSignal::new(None::<Commenting>);
    let split = move || chat.is_some_and(|chat| chat.panel().split.get());
    let label = (t.diff_of)(&path);
    let begin = move |at: usize| {
        if chat.is_some() {
            writing.set(Some(Commenting { at, added: false }));
        }
    };
    let rows = move || {
        let shown = if all.get() || all_lines.get() { usize::MAX } else { LINES };
        let lines: Vec<_> = diff_lines(&change).into_iter().enumerate().take(shown).collect();
        let form = |at: usize, line: &DiffLine<'_>| {
            let writing_here = writing.get().filter(|comment| comment.at == at)?;
            Some(comment_view(chat?, &path, line, writing_here, writing))
        };
        let view = View { split: split(), all: all.get(), whole, path: &path, form: &form, t };
        many(blocks(&lines).into_iter().map(|block| block_view(&block, &view)))
    };
    let more = move || {
        let folded = count > LINES && !all_lines.get() && !all.get();
        folded.then(|| link_button(t.show_all(), move || all_lines.set(true)).attr("data-folded", ""))
    };
    let lines = el("div")
        .class("diff")
        .attr("tabindex", "0")
        .attr("role", "group")
        .attr("aria-label", label)
        .live_attr("data-split", split)
        .on("click", move |event: Event| keys::line_of(event.target()).into_iter().for_each(begin))
        .on("keydown", move |event: KeyboardEvent| keys::pressed(&event, begin))
        .child(live(rows));
    many([el("div").class("diff-room").child(lines).into(), live(more)])
}

/// What is said of a change that has no lines.
fn without_lines(change: &FileUpdateChange, t: &Texts) -> &'static str {
    let binary = ["Binary files ", "GIT binary patch"];
    match change.kind.kind.as_str() {
        _ if binary.iter().any(|words| change.diff.contains(words)) => t.file_binary(),
        "add" | "delete" => t.file_empty(),
        _ => t.file_only_moved(),
    }
}

/// What the lines of a change are shown with.
struct View<'v> {
    /// On two sides.
    split: bool,
    /// Nothing is folded away.
    all: bool,
    /// The long lines that are shown whole, by their place among all.
    whole: RwSignal<Vec<usize>>,
    path: &'v str,
    form: &'v dyn Fn(usize, &DiffLine<'_>) -> Option<El>,
    t: &'static Texts,
}

fn block_view(block: &Block<'_>, view: &View<'_>) -> El {
    match block {
        Block::Skipped(count) => {
            let words = (*count > 0).then(|| (view.t.unchanged_lines)(*count));
            el("div").class("skipped").child(words)
        }
        Block::Same(lines) => {
            let pair = |(at, line): &(usize, DiffLine<'_>)| {
                let twin = view.split.then(|| line_view(*at, line, "line twin", None, view));
                many([Some(line_view(*at, line, "line", None, view)), twin, (view.form)(*at, line)])
            };
            el("div").class("block").child(many(lines.iter().map(pair)))
        }
        Block::Changed(lines) => {
            let of = |kind| lines.iter().filter(move |(_, line)| line.kind == kind);
            let removed: Vec<&str> =
                of(LineKind::Removed).map(|(at, line)| view.shown(*at, line).0).collect();
            let added: Vec<&str> = of(LineKind::Added).map(|(at, line)| view.shown(*at, line).0).collect();
            let (in_removed, in_added) = words(&removed, &added);
            let row = |class, at: usize, line: &DiffLine<'_>, marked: &Option<_>| {
                many([Some(line_view(at, line, class, marked.clone(), view)), (view.form)(at, line)])
            };
            let removed = of(LineKind::Removed).zip(&in_removed);
            let removed = removed.map(|((at, line), marked)| row("line removed", *at, line, marked));
            let added = of(LineKind::Added).zip(&in_added);
            let added = added.map(|((at, line), marked)| row("line added", *at, line, marked));
            el("div").class("block").child(many(removed.chain(added)))
        }
    }
}

impl View<'_> {
    /// What is shown of a line, and what is folded away: the rest of a very long one.
    fn shown<'a>(&self, at: usize, line: &DiffLine<'a>) -> (&'a str, &'a str) {
        let whole = self.all || self.whole.try_with(|whole| whole.contains(&at)).unwrap_or_default();
        let end = if whole { line.text.len() } else { line.text.floor_char_boundary(LINE) };
        let (text, rest) = line.text.split_at(end);
        // That a line which stays ends so is of no interest.
        let text = if line.kind == LineKind::Context { text.trim_end_matches('\r') } else { text };
        (text, rest)
    }
}

fn line_view(
    at: usize,
    line: &DiffLine<'_>,
    class: &'static str,
    marked: Option<std::ops::Range<usize>>,
    view: &View<'_>,
) -> El {
    let (t, whole) = (view.t, view.whole);
    let (text, rest) = view.shown(at, line);
    let exact = |text: &str| exact(text, TextKind::Code, t);
    let text = match marked.filter(|marked| !marked.is_empty()) {
        Some(marked) => many([
            exact(&text[..marked.start]),
            el("span").class("word").child(exact(&text[marked.clone()])).into(),
            exact(&text[marked.end..]),
        ]),
        None => exact(text),
    };
    let more = (!rest.is_empty()).then(|| {
        el("button")
            .attr("type", "button")
            .class("link")
            .attr("data-folded", "")
            .on("click", move |event: Event| {
                // The button is about to go, and keys would mean something else to the page as a whole.
                browser::focus_enclosing_region(&event);
                whole.update(|whole| whole.push(at));
            })
            .child((t.more_characters)(rest.chars().count()))
    });
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let place = (t.comment_on)(&place(view.path, line));
    // One of them can be reached by keyboard: from line to line with the arrow keys.
    let button = |number| {
        el("button").attr("type", "button").attr("tabindex", "-1").attr("aria-label", place).child(number)
    };
    let (old, new) = match line.new {
        None => (button(number(line.old)), el("span")),
        Some(_) => (el("span").child(number(line.old)), button(number(line.new))),
    };
    el("div")
        .class(class)
        .attr("data-line", at.to_string())
        .child(old.class("number old"))
        .child(new.class("number new"))
        .child(el("code").class("text").child(text).child(more))
}
