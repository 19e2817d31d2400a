//! JSON, shown as it is: for what has no better form, and for what is not known.

use super::of_kind;
use crate::{
    i18n::Texts,
    live::EntryRef,
    node::{El, Node, el, live, many},
    text::hidden::in_order,
};
use codex_gateway_wire::{Content, Item, Json};

/// A labelled piece of JSON; a plain text is shown as one.
pub(crate) fn json_view(label: &'static str, json: &Json) -> El {
    let text: String = serde_json::from_str(json.get()).unwrap_or_else(|_| json.pretty());
    text_view(label, in_order(&text))
}

/// A labelled text.
pub(super) fn text_view(label: &'static str, text: String) -> El {
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
        vec![of_kind!(entry, Content::Item(Item::Unknown(item)) => json_view(t.details, &item.raw))]
    })
}
