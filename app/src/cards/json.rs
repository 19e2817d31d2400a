//! JSON, shown as it is: for what has no better form, and for what is not known.

use codex_gateway_wire::{Content, Item, Json};
use leptos::prelude::*;

use super::of_kind;
use crate::{i18n::Texts, live::EntryRef};

/// A labelled piece of JSON; a plain text is shown as one.
pub(super) fn json_view(label: &'static str, json: &Json) -> AnyView {
    let text = serde_json::from_str::<String>(json.get()).unwrap_or_else(|_| json.pretty());
    text_view(label, text)
}

/// A labelled text.
pub(super) fn text_view(label: &'static str, text: String) -> AnyView {
    view! {
        <div class="field">
            <div class="label">{label}</div>
            <pre tabindex="0"><code>{text}</code></pre>
        </div>
    }
    .into_any()
}

/// The body of an item of an unknown kind.
pub(super) fn unknown_body(entry: EntryRef, t: &'static Texts) -> AnyView {
    let raw = move || of_kind!(entry, Content::Item(Item::Unknown(item)) => json_view(t.details, &item.raw));
    view! { <div class="fields">{raw}</div> }.into_any()
}
