//! The button that copies a text.

use leptos::task::spawn_local;
use view::prelude::*;

use crate::{i18n::Texts, markdown::copy_text};

/// A button that copies a text. After a click, its label confirms the copy.
#[component]
pub(crate) fn CopyButton<F>(
    /// The label before the first copy.
    label: &'static str,
    /// Returns the text; called on a click.
    text: F,
    #[prop(default = "link")] class: &'static str,
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
        <button type="button" class=class on:click=copy>
            {move || if is_copied.get() { t.copied() } else { label }}
        </button>
    }
}
