//! Comments on lines: a comment is added to the draft of the next message, below the quoted line.

use codex_gateway_wire::diff::{DiffLine, LineKind};
use leptos::html;
use view::prelude::*;
use web_sys::{KeyboardEvent, SubmitEvent};

use crate::{
    browser,
    signal::RwSignalExt as _,
    state::Chat,
    text::hidden::{TextKind, escaped},
};

/// The line that has a comment form below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenComment {
    /// The index of the line in the diff.
    pub(super) line_index: usize,
    /// `true` once the comment is part of the draft.
    pub(super) is_added: bool,
}

/// Returns what a line is called: `src/main.rs:12`.
pub(super) fn line_name(path: &str, line: &DiffLine<'_>) -> String {
    match line.new.or(line.old) {
        Some(number) => format!("{path}:{number}"),
        None => path.to_owned(),
    }
}

/// Quotes a line below its name, as Markdown.
pub(super) fn quote(path: &str, line: &DiffLine<'_>) -> String {
    let sign = match line.kind {
        LineKind::Added => "+",
        LineKind::Removed => "-",
        LineKind::Context | LineKind::Hunk => " ",
    };
    format!("{}\n> {sign}{}\n", line_name(path, line), escaped(line.text, TextKind::Code))
}

/// The comment form below a line; a confirmation once the comment is added.
#[component]
pub(super) fn CommentForm(
    chat: Chat,
    /// What the line is called.
    line_name: String,
    /// The line as the comment quotes it.
    quote: String,
    comment: OpenComment,
    /// The comment form that is open in this diff.
    open_comment: RwSignal<Option<OpenComment>>,
) -> impl IntoView {
    let t = chat.t;
    if comment.is_added {
        return view! { <p class="note commented" role="status">{t.comment_added()}</p> };
    }
    let open_forms = chat.panel().comments;
    open_forms.set(open_forms.get_untracked_or_default() + 1);
    on_cleanup(move || open_forms.set(open_forms.get_untracked_or_default().saturating_sub(1)));
    let field = NodeRef::<html::Textarea>::new();
    let add = move || {
        let text = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        if !text.trim().is_empty() {
            chat.add_to_draft(&format!("{quote}{}", text.trim()));
            open_comment.set(Some(OpenComment { is_added: true, ..comment }));
        }
    };
    let add_by_key = add.clone();
    let handle_key = move |event: KeyboardEvent| {
        // The keys have other meanings in the diff and on the page around the form.
        event.stop_propagation();
        let is_composing = browser::is_ime_composing(&event);
        match event.key().as_str() {
            "Escape" if !is_composing => open_comment.set(None),
            "Enter" if !is_composing && !event.shift_key() => add_by_key(),
            _ => return,
        }
        event.prevent_default();
    };
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // The field can be focused only after it is mounted.
            request_animation_frame(move || drop(field.focus()));
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        add();
    };
    let label = (t.comment_label)(&line_name);
    view! {
        <form class="comment" on:submit=submit>
            <textarea
                dir="auto"
                rows="2"
                aria-label=label
                placeholder=t.comment_placeholder()
                node_ref=field
                on:keydown=handle_key
            ></textarea>
            <div class="actions">
                <button type="submit" class="button">{t.add_comment()}</button>
                <button type="button" class="link" on:click=move |_| open_comment.set(None)>{t.cancel()}</button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_line_has_name_and_escaped_text() {
        let line = DiffLine { kind: LineKind::Removed, old: Some(7), new: None, text: "let x\u{202e} = 1;" };
        assert_eq!(quote("src/a.rs", &line), "src/a.rs:7\n> -let x[U+202E] = 1;\n");
    }
}
