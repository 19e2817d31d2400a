//! Text for a composer that is not on the page yet.

use leptos::prelude::*;

use crate::signal::RwSignalExt as _;

/// The text that the next composer starts with, in place of the stored draft. A context of all pages.
///
/// A stored draft may be missing, because the browser's storage may be blocked or full.
#[derive(Clone, Copy)]
pub(crate) struct InitialText(RwSignal<Option<String>>);

impl InitialText {
    /// Provides the context with a text.
    #[cfg(feature = "hydrate")]
    pub(crate) fn provide(text: Option<String>) {
        provide_context(Self(RwSignal::new(text.filter(|text| !text.is_empty()))));
    }

    /// Provides the context without a text, unless there is one.
    pub(crate) fn provide_if_missing() {
        if use_context::<Self>().is_none() {
            provide_context(Self(RwSignal::new(None)));
        }
    }

    /// Sets the text for the next composer. An empty text leaves it with the stored draft.
    pub(crate) fn set(self, text: String) {
        self.0.set(Some(text).filter(|text| !text.is_empty()));
    }

    pub(super) fn take(self) -> Option<String> {
        self.0.take_untracked()
    }
}

/// Returns the text in the composer of a page that is not hydrated.
#[cfg(feature = "hydrate")]
pub(crate) fn typed_text() -> Option<String> {
    use wasm_bindgen::JsCast;
    let field =
        crate::browser::find(".composer textarea")?.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
    Some(field.value())
}
