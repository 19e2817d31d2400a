//! Labelled texts and JSON.

use codex_gateway_wire::{Content, Item, Json, lenient_deserialize};
use view::prelude::*;

use super::of_kind;
use crate::{
    i18n::Texts,
    state::EntryRef,
    text::hidden::{TextKind, exact},
};

/// Longer JSON is shown on several lines.
const MAX_SINGLE_LINE_BYTES: usize = 64;

/// A text below its label.
#[component]
pub(super) fn TextField(
    label: &'static str,
    text: String,
    #[prop(default = TextKind::Prose)] kind: TextKind,
    t: &'static Texts,
) -> impl IntoView {
    view! {
        <div class="field">
            <div class="label">{label}</div>
            <pre tabindex="0"><code>{exact(&text, kind, t)}</code></pre>
        </div>
    }
}

/// JSON below its label. A JSON string is shown as the text that it holds.
#[component]
pub(crate) fn JsonField(label: &'static str, json: Json, t: &'static Texts) -> impl IntoView {
    let formatted =
        || if json.get().len() <= MAX_SINGLE_LINE_BYTES { json.get().to_owned() } else { json.pretty() };
    let text: String = serde_json::from_str(json.get()).unwrap_or_else(|_| formatted());
    view! { <TextField label text kind=TextKind::Code t/> }
}

/// A part of a tool's result.
struct ContentPart {
    text: Option<String>,
}
lenient_deserialize!(ContentPart { text });

/// A tool's result as an object that holds its parts.
struct Contents {
    content: Vec<ContentPart>,
}
lenient_deserialize!(Contents { content });

/// The result of a tool: its texts if all of its parts are texts, else its JSON.
#[component]
pub(super) fn ResultField(label: &'static str, result: Json, t: &'static Texts) -> impl IntoView {
    match texts_of(&result) {
        Some(texts) => view! { <TextField label text=texts.join("\n") t/> },
        None => view! { <JsonField label json=result t/> },
    }
}

/// Returns the texts of a tool's result. `None` if a part is no text, or if there are no parts.
fn texts_of(result: &Json) -> Option<Vec<String>> {
    let parts = serde_json::from_str::<Vec<ContentPart>>(result.get());
    let parts = parts.or_else(|_| serde_json::from_str::<Contents>(result.get()).map(|all| all.content));
    let texts = parts.ok()?.into_iter().map(|part| part.text).collect::<Option<Vec<_>>>()?;
    Some(texts).filter(|texts| !texts.is_empty())
}

/// The body of an item of an unknown kind: its JSON.
#[component]
pub(super) fn UnknownBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let field = move || {
        let raw = of_kind!(entry, Content::Item(Item::Unknown(item)) => item.raw.clone());
        let field = raw.map(|json| view! { <JsonField label=t.details() json t/> });
        field.into_iter().collect::<Vec<_>>()
    };
    view! { <div class="fields">{field}</div> }
}
