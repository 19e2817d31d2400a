//! Copying what a card shows.

use leptos::task::spawn_local;

use crate::{
    i18n::Texts,
    markdown::copy_text,
    node::{El, ElementExt as _, el, live},
    state::State,
};

/// A button that copies a text, and says that it did.
pub(crate) fn copy_button(
    label: &'static str,
    text: impl Fn() -> Option<String> + Send + 'static,
    t: &'static Texts,
) -> El {
    let copied = State::new(false);
    let copy = move || {
        let text = text().unwrap_or_default();
        spawn_local(async move { copied.set(copy_text(&text).await) });
    };
    let label = move || if copied.get() { t.copied() } else { label };
    el("button").attr("type", "button").class("link").on_click(copy).child(live(label))
}
