//! The lines of one file's diff.

use std::ops::Range;

use codex_gateway_wire::{
    codex::FileUpdateChange,
    diff::{DiffLine, LineKind, diff_lines},
};
use leptos::wasm_split::wasm_split;
use view::{Node, prelude::*};
use web_sys::{KeyboardEvent, MouseEvent};

use super::{
    blocks::{Block, blocks},
    changed_words::changed_words,
    comment::{CommentForm, OpenComment, line_name, quote},
    keyboard,
};
use crate::{
    browser,
    chunks::{Chunk, ChunkError},
    i18n::{Texts, texts},
    lazy::lazy,
    state::Chat,
    text::hidden::{TextKind, exact},
};

/// So many lines are shown before the diff is unfolded.
const MAX_FOLDED_LINES: usize = 400;
/// So many bytes of a line are shown before the line is unfolded.
const MAX_FOLDED_LINE_BYTES: usize = 2000;

/// The lines of a file's diff, each with a button that opens a comment form.
#[component]
pub(crate) fn DiffLines(
    change: FileUpdateChange,
    /// The file's path as the page shows it.
    path: String,
    /// Unfolds the diff and all of its lines once it is set.
    expand_all: RwSignal<bool>,
) -> impl IntoView {
    lazy(Chunk::Details, file_diff(change, path, expand_all))
}

#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(details, wasm_split_path = ::leptos::wasm_split, preload(load_diff), fallible)]
pub(crate) fn file_diff(
    change: FileUpdateChange,
    path: String,
    expand_all: RwSignal<bool>,
) -> Result<Node, ChunkError> {
    Ok(view! { <FileDiff change path expand_all/> })
}

#[component]
fn FileDiff(change: FileUpdateChange, path: String, expand_all: RwSignal<bool>) -> impl IntoView {
    let t = texts();
    let line_count = diff_lines(&change).len();
    if line_count == 0 {
        return view! { <p class="note no-lines">{note_without_lines(&change, t)}</p> };
    }
    let chat = use_context::<Chat>();
    let show_all_lines = RwSignal::new(false);
    let expanded_lines = RwSignal::new(Vec::new());
    let open_comment = RwSignal::new(None::<OpenComment>);
    let is_split = move || chat.is_some_and(|chat| chat.panel().split.get());
    let label = (t.diff_label)(&path);
    let begin_comment = move |line_index: usize| {
        if chat.is_some() {
            open_comment.set(Some(OpenComment { line_index, is_added: false }));
        }
    };
    let rows = move || {
        let max_lines = if expand_all.get() || show_all_lines.get() { usize::MAX } else { MAX_FOLDED_LINES };
        let lines: Vec<_> = diff_lines(&change).into_iter().enumerate().take(max_lines).collect();
        let context = LineContext {
            chat,
            is_split: is_split(),
            is_expanded: expand_all.get(),
            expanded_lines,
            open_comment,
            path: &path,
            t,
        };
        blocks(&lines).into_iter().map(|block| block_view(&block, &context)).collect::<Vec<_>>()
    };
    let show_all = move || {
        let is_folded = line_count > MAX_FOLDED_LINES && !show_all_lines.get() && !expand_all.get();
        is_folded.then(|| {
            view! {
                <button type="button" class="link" data-folded="" on:click=move |_| show_all_lines.set(true)>
                    {t.show_all()}
                </button>
            }
        })
    };
    view! {
        <div class="diff-room">
            <div
                class="diff"
                tabindex="0"
                role="group"
                aria-label=label
                data-split=is_split
                on:click=move |event: MouseEvent| {
                    keyboard::line_of(event.target()).into_iter().for_each(begin_comment);
                }
                on:keydown=move |event: KeyboardEvent| keyboard::handle_key(&event, begin_comment)
            >
                {rows}
            </div>
        </div>
        {show_all}
    }
}

/// Returns the note in place of a diff that has no lines.
fn note_without_lines(change: &FileUpdateChange, t: &Texts) -> &'static str {
    let binary_markers = ["Binary files ", "GIT binary patch"];
    match change.kind.kind.as_str() {
        _ if binary_markers.iter().any(|marker| change.diff.contains(marker)) => t.file_binary(),
        "add" | "delete" => t.file_empty(),
        _ => t.file_content_unchanged(),
    }
}

/// What the lines of a diff have in common.
///
/// The functions that take it read signals, and run in the closure that draws the lines.
struct LineContext<'a> {
    chat: Option<Chat>,
    /// `true` if the diff is shown side by side.
    is_split: bool,
    /// `true` if no line is folded.
    is_expanded: bool,
    /// The indices of the long lines that are unfolded.
    expanded_lines: RwSignal<Vec<usize>>,
    open_comment: RwSignal<Option<OpenComment>>,
    path: &'a str,
    t: &'static Texts,
}

impl LineContext<'_> {
    /// Splits a line into the text that is shown and the rest that is folded.
    fn fold<'l>(&self, index: usize, line: &DiffLine<'l>) -> (&'l str, &'l str) {
        let is_whole = self.is_expanded || self.expanded_lines.with(|indices| indices.contains(&index));
        let end =
            if is_whole { line.text.len() } else { line.text.floor_char_boundary(MAX_FOLDED_LINE_BYTES) };
        let (text, rest) = line.text.split_at(end);
        // A carriage return matters only in a line that changes.
        let text = if line.kind == LineKind::Context { text.trim_end_matches('\r') } else { text };
        (text, rest)
    }

    /// Returns the comment form below a line; `None` if it is not open there.
    fn comment_form(&self, index: usize, line: &DiffLine<'_>) -> Option<Node> {
        let open_comment = self.open_comment;
        let comment = open_comment.get().filter(|comment| comment.line_index == index)?;
        let chat = self.chat?;
        let (line_name, quote) = (line_name(self.path, line), quote(self.path, line));
        Some(view! { <CommentForm chat line_name quote comment open_comment/> })
    }
}

fn block_view(block: &Block<'_>, context: &LineContext<'_>) -> Node {
    match block {
        Block::Skipped(count) => {
            let note = (*count > 0).then(|| (context.t.unchanged_lines)(*count));
            view! { <div class="skipped">{note}</div> }
        }
        Block::Same(lines) => {
            let rows = lines.iter().map(|(index, line)| {
                let other_side =
                    context.is_split.then(|| line_view(*index, line, "line paired", None, context));
                view! {
                    {line_view(*index, line, "line", None, context)}
                    {other_side}
                    {context.comment_form(*index, line)}
                }
            });
            view! { <div class="block">{rows.collect::<Vec<_>>()}</div> }
        }
        Block::Changed(lines) => {
            let of_kind = |kind| lines.iter().filter(move |(_, line)| line.kind == kind);
            let texts_of = |kind| of_kind(kind).map(|(index, line)| context.fold(*index, line).0);
            let removed: Vec<&str> = texts_of(LineKind::Removed).collect();
            let added: Vec<&str> = texts_of(LineKind::Added).collect();
            let (in_removed, in_added) = changed_words(&removed, &added);
            let row = |class, index: usize, line: &DiffLine<'_>, words: Option<Range<usize>>| {
                view! {
                    {line_view(index, line, class, words, context)}
                    {context.comment_form(index, line)}
                }
            };
            let removed = of_kind(LineKind::Removed).zip(in_removed);
            let removed = removed.map(|((index, line), words)| row("line removed", *index, line, words));
            let added = of_kind(LineKind::Added).zip(in_added);
            let added = added.map(|((index, line), words)| row("line added", *index, line, words));
            view! { <div class="block">{removed.chain(added).collect::<Vec<_>>()}</div> }
        }
    }
}

/// Draws a line. `changed_words` is the part of its text to mark.
fn line_view(
    index: usize,
    line: &DiffLine<'_>,
    class: &'static str,
    changed_words: Option<Range<usize>>,
    context: &LineContext<'_>,
) -> Node {
    let (t, expanded_lines) = (context.t, context.expanded_lines);
    let (text, rest) = context.fold(index, line);
    let exact = |text: &str| exact(text, TextKind::Code, t);
    let text = match changed_words.filter(|words| !words.is_empty()) {
        Some(words) => view! {
            {exact(&text[..words.start])}
            <span class="word">{exact(&text[words.clone()])}</span>
            {exact(&text[words.end..])}
        },
        None => exact(text),
    };
    let expand = (!rest.is_empty()).then(|| {
        let expand = move |event: MouseEvent| {
            // The button is about to be removed. Without the focus in the diff, the keys would act on the page.
            browser::focus_enclosing_region(&event);
            expanded_lines.update(|indices| indices.push(index));
        };
        view! {
            <button type="button" class="link" data-folded="" on:click=expand>
                {(t.show_more_characters)(rest.chars().count())}
            </button>
        }
    });
    let label = (t.comment_label)(&line_name(context.path, line));
    // Tab reaches the diff as a whole. The arrow keys move from one button to the next.
    let button = |class: &'static str, number: Option<u32>| {
        view! { <button type="button" class=class tabindex="-1" aria-label=label>{number}</button> }
    };
    let (old, new) = match line.new {
        None => (button("number old", line.old), view! { <span class="number new"></span> }),
        Some(_) => (view! { <span class="number old">{line.old}</span> }, button("number new", line.new)),
    };
    view! {
        <div class=class data-line=index>
            {old}
            {new}
            <code class="text">{text}{expand}</code>
        </div>
    }
}
