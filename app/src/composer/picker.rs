//! A `<select>`, of which the user picks one option: a model, the permissions, what a message does while a turn runs.

use view::{Node, prelude::*};
use web_sys::Event;

/// Picks one of the options. They are drawn again when a signal that they read changes.
#[component]
pub(super) fn Picker<O, P>(
    /// The accessible name.
    label: &'static str,
    /// The tooltip.
    title: &'static str,
    /// Returns the options, made by [`option`].
    options: O,
    /// Gets the value of the option that was picked.
    pick: P,
) -> impl IntoView
where
    O: Fn() -> Vec<Node> + Send + 'static,
    P: Fn(&str) + Send + 'static,
{
    let on_change = move |event: Event| pick(&event_target_value(&event));
    view! {
        <select aria-label=label title=title autocomplete="off" on:change=on_change>
            {options}
        </select>
    }
}

/// Draws an option.
pub(super) fn option(value: String, is_picked: bool, name: String) -> Node {
    view! { <option value=value selected=is_picked>{name}</option> }
}
