//! JSON, shown as it is: for what has no better form, and for what is not known.

use super::of_kind;
use crate::{
    i18n::Texts,
    node::{El, ElementExt as _, Node, el, live, many},
    state::EntryRef,
    text::hidden::{TextKind, exact},
};
use codex_gateway_wire::{Content, Item, Json, lenient_deserialize};

/// A labelled piece of JSON; a plain text is shown as one, a short piece on one line.
pub(crate) fn json_view(label: &'static str, json: &Json, t: &Texts) -> El {
    const SHORT: usize = 64;
    let written = || if json.get().len() <= SHORT { json.get().to_owned() } else { json.pretty() };
    let text: String = serde_json::from_str(json.get()).unwrap_or_else(|_| written());
    labelled(label, exact(&text, TextKind::Code, t))
}

/// A part of what a tool answered.
struct Part {
    text: Option<String>,
}
lenient_deserialize!(Part { text });

/// What a tool answered; none without a list of parts.
struct Parts {
    content: Vec<Part>,
}
lenient_deserialize!(Parts { content });

/// What a tool answered: its texts where it is nothing else, else as JSON.
pub(super) fn answer_view(label: &'static str, json: &Json, t: &Texts) -> El {
    let parts = serde_json::from_str(json.get());
    let parts = parts.or_else(|_| serde_json::from_str(json.get()).map(|parts: Parts| parts.content));
    let texts = |parts: Vec<Part>| parts.into_iter().map(|part| part.text).collect::<Option<Vec<_>>>();
    match parts.ok().and_then(texts).filter(|texts| !texts.is_empty()) {
        Some(texts) => text_view(label, &texts.join("\n"), t),
        None => json_view(label, json, t),
    }
}

/// A text of a person, a model or a tool, below its label.
pub(super) fn text_view(label: &'static str, text: &str, t: &Texts) -> El {
    labelled(label, exact(text, TextKind::Prose, t))
}

fn labelled(label: &'static str, text: Node) -> El {
    let text = el("pre").attr("tabindex", "0").child(el("code").child(text));
    el("div").class("field").child(el("div").class("label").child(label)).child(text)
}

/// Labelled pieces, as they are now.
pub(super) fn fields(pieces: impl Fn() -> Vec<Option<El>> + Send + 'static) -> Node {
    el("div").class("fields").child(live(move || many(pieces().into_iter().flatten()))).into()
}

/// The body of an item of an unknown kind.
pub(super) fn unknown_body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        vec![of_kind!(entry, Content::Item(Item::Unknown(item)) => json_view(t.details(), &item.raw, t))]
    })
}
