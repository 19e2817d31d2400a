//! The lines of one file's change.

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{Line, LineKind, lines},
};
use leptos::prelude::use_context;
use web_sys::{Event, KeyboardEvent};

use super::{
    blocks::{Block, blocks},
    comment::{Commenting, comment_view, place},
    keys,
    words::words,
};
use crate::{
    conversation::Chat,
    i18n::{Texts, texts},
    node::{El, Node, el, link_button, live, many},
    state::State,
    text::hidden::visible,
};

/// How many lines are shown at first.
const LINES: usize = 400;
/// How many bytes of a line are shown.
const LINE: usize = 2000;

/// The lines of a file's change; `path` is what the file is called here.
pub(crate) fn diff_view(change: FileUpdateChange, path: String) -> Node {
    let t = texts();
    let count = lines(&change).len();
    if count == 0 {
        return el("p").class("note no-lines").child(without_lines(&change, t)).into();
    }
    let chat = use_context::<Chat>();
    let all = State::new(false);
    let writing = State::new(None::<Commenting>);
    let split = move || chat.is_some_and(|chat| chat.panel().split.get());
    let label = (t.diff_of)(&path);
    let begin = move |at: usize| {
        if chat.is_some() {
            writing.set(Some(Commenting { at, added: false }));
        }
    };
    let rows = move || {
        let shown = if all.get() { usize::MAX } else { LINES };
        let lines: Vec<_> = lines(&change).into_iter().enumerate().take(shown).collect();
        let split = split();
        let form = |at: usize, line: &Line<'_>| {
            let writing_here = writing.get().filter(|comment| comment.at == at)?;
            Some(comment_view(chat?, &path, line, writing_here, writing))
        };
        many(blocks(&lines).into_iter().map(|block| block_view(&block, split, &path, t, &form)))
    };
    let more =
        move || (count > LINES && !all.get()).then(|| link_button(t.show_all(), move || all.set(true)));
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

type Form<'f> = &'f dyn Fn(usize, &Line<'_>) -> Option<El>;

fn block_view(block: &Block<'_>, split: bool, path: &str, t: &'static Texts, form: Form<'_>) -> El {
    match block {
        Block::Skipped(count) => {
            let words = (*count > 0).then(|| (t.unchanged_lines)(*count));
            el("div").class("skipped").child(words)
        }
        Block::Same(lines) => {
            let pair = |(at, line): &(usize, Line<'_>)| {
                let twin = split.then(|| line_view(*at, line, "line twin", None, path, t));
                many([Some(line_view(*at, line, "line", None, path, t)), twin, form(*at, line)])
            };
            el("div").class("block").child(many(lines.iter().map(pair)))
        }
        Block::Changed(lines) => {
            let of = |kind| lines.iter().filter(move |(_, line)| line.kind == kind);
            let removed: Vec<String> = of(LineKind::Removed).map(|(_, line)| shown(line, t)).collect();
            let added: Vec<String> = of(LineKind::Added).map(|(_, line)| shown(line, t)).collect();
            let (in_removed, in_added) = words(&removed, &added);
            let row = |class, at: usize, line: &Line<'_>, marked: &Option<_>| {
                many([Some(line_view(at, line, class, marked.clone(), path, t)), form(at, line)])
            };
            let removed = of(LineKind::Removed).zip(&in_removed);
            let removed = removed.map(|((at, line), marked)| row("line removed", *at, line, marked));
            let added = of(LineKind::Added).zip(&in_added);
            let added = added.map(|((at, line), marked)| row("line added", *at, line, marked));
            el("div").class("block").child(many(removed.chain(added)))
        }
    }
}

/// A line as it is read. Of a very long one, the beginning.
fn shown(line: &Line<'_>, t: &Texts) -> String {
    let (text, rest) = line.text.split_at(line.text.floor_char_boundary(LINE));
    let text = if line.kind == LineKind::Context { text.trim_end_matches('\r') } else { text };
    if rest.is_empty() { visible(text) } else { visible(text) + &(t.more_characters)(rest.chars().count()) }
}

fn line_view(
    at: usize,
    line: &Line<'_>,
    class: &'static str,
    marked: Option<std::ops::Range<usize>>,
    path: &str,
    t: &'static Texts,
) -> El {
    let text = shown(line, t);
    let text = match marked.filter(|marked| !marked.is_empty()) {
        Some(marked) => many([
            Node::from(text[..marked.start].to_owned()),
            el("span").class("word").child(text[marked.clone()].to_owned()).into(),
            text[marked.end..].to_owned().into(),
        ]),
        None => text.into(),
    };
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let place = (t.comment_on)(&place(path, line));
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
        .child(el("code").class("text").child(text))
}
