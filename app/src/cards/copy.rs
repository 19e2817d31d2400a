//! Copying what a card shows.

use leptos::task::spawn_local;
use view::prelude::*;

use crate::{i18n::Texts, markdown::copy_text};

/// A button that copies a text, and says that it did.
#[component]
pub(crate) fn CopyButton<F>(
    /// The label until something is copied.
    label: &'static str,
    /// Returns the text; called on a click.
    text: F,
    t: &'static Texts,
) -> impl IntoView
where
    F: Fn() -> Option<String> + Send + 'static,
{
    let is_copied = RwSignal::new(false);
    let copy = move |_| {
        let text = text().unwrap_or_default();
        spawn_local(async move { is_copied.set(copy_text(&text).await) });
    };
    view! {
        <button type="button" class="link" on:click=copy>
            {move || if is_copied.get() { t.copied() } else { label }}
        </button>
    }
}
