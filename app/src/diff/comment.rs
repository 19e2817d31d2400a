//! Writing about a line: the comment goes into the next message.

use codex_gateway_wire::diff::{DiffLine, LineKind};
use leptos::prelude::*;
use leptos::prelude::{Get, GetUntracked, on_cleanup, request_animation_frame};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use crate::{
    browser,
    conversation::Chat,
    node::{El, ElementExt as _, ElementRef, el, link_button},
    signal::RwSignalExt as _,
    text::hidden::{TextKind, escaped},
};

/// A comment on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Commenting {
    /// The place of the line among all.
    pub(super) at: usize,
    /// It is written.
    pub(super) added: bool,
}

/// What a line is called: `src/main.rs:12`.
pub(super) fn place(path: &str, line: &DiffLine<'_>) -> String {
    match line.new.or(line.old) {
        Some(number) => format!("{path}:{number}"),
        None => path.to_owned(),
    }
}

/// A line, quoted.
fn quote(path: &str, line: &DiffLine<'_>) -> String {
    let sign = match line.kind {
        LineKind::Added => "+",
        LineKind::Removed => "-",
        LineKind::Context | LineKind::Hunk => " ",
    };
    format!("{}\n> {sign}{}\n", place(path, line), escaped(line.text, TextKind::Code))
}

/// The field below a line; that it was added, once it was.
pub(super) fn comment_view(
    chat: Chat,
    path: &str,
    line: &DiffLine<'_>,
    now: Commenting,
    writing: RwSignal<Option<Commenting>>,
) -> El {
    let t = chat.t;
    if now.added {
        return el("p").class("note commented").attr("role", "status").child(t.comment_added());
    }
    let comments = chat.panel().comments;
    comments.set(comments.get_untracked_or_default() + 1);
    on_cleanup(move || comments.set(comments.get_untracked_or_default().saturating_sub(1)));
    let field = ElementRef::new();
    let written = move || {
        let field = field.try_get_untracked()??.dyn_into::<HtmlTextAreaElement>().ok()?;
        Some(field.value()).filter(|text| !text.trim().is_empty())
    };
    let quoted = quote(path, line);
    let add = move || {
        if let Some(said) = written() {
            chat.add_to_draft(&format!("{quoted}{}", said.trim()));
            writing.set(Some(Commenting { added: true, ..now }));
        }
    };
    let add_too = add.clone();
    let pressed = move |event: KeyboardEvent| {
        // What is typed here is meant for nothing around it.
        event.stop_propagation();
        let composing = browser::is_ime_composing(&event);
        match event.key().as_str() {
            "Escape" if !composing => writing.set(None),
            "Enter" if !composing && !event.shift_key() => add_too(),
            _ => return,
        }
        event.prevent_default();
    };
    Effect::new(move |_| {
        if let Some(field) = field.get().and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
            // It is part of the page only after this.
            request_animation_frame(move || drop(field.focus()));
        }
    });
    let submitted = move |event: Event| {
        event.prevent_default();
        add();
    };
    let area = el("textarea")
        .attr("dir", "auto")
        .node_ref(field)
        .attr("rows", "2")
        .attr("aria-label", (t.comment_on)(&place(path, line)))
        .attr("placeholder", t.comment_hint())
        .on("keydown", pressed);
    let button = el("button").attr("type", "submit").class("button").child(t.add_comment());
    let keep = link_button(t.cancel(), move || writing.set(None));
    el("form")
        .class("comment")
        .on("submit", submitted)
        .child(area)
        .child(el("div").class("ways").child(button).child(keep))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_quoted_with_its_place() {
        let line = DiffLine { kind: LineKind::Removed, old: Some(7), new: None, text: "let x\u{202e} = 1;" };
        assert_eq!(quote("src/a.rs", &line), "src/a.rs:7\n> -let x[U+202E] = 1;\n");
    }
}
