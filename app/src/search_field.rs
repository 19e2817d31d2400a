//! The text fields that search something.

use view::prelude::*;
use web_sys::KeyboardEvent;

/// A field that searches while the user types. Password managers leave it alone. Further attributes are set with `attr:`.
#[component]
pub(crate) fn SearchField<I, K>(
    /// The accessible name.
    label: &'static str,
    placeholder: &'static str,
    /// Called with the text after each change of it.
    search: I,
    handle_key: K,
) -> impl IntoView
where
    I: Fn(String) + Send + 'static,
    K: Fn(KeyboardEvent) + Send + 'static,
{
    view! {
        <input
            type="text"
            aria-label=label
            placeholder=placeholder
            autocomplete="off"
            data-1p-ignore=""
            data-lpignore="true"
            data-bwignore="true"
            data-form-type="other"
            on:input=move |event| search(event_target_value(&event))
            on:keydown=handle_key
        />
    }
}
