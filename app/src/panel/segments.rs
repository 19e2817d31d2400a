//! A switch between two options.

use view::prelude::*;

/// Two buttons, one of which is pressed.
#[component]
pub(super) fn Segments<F>(
    labels: [&'static str; 2],
    /// The second button is pressed.
    is_second: RwSignal<bool>,
    /// Called with `true` when the second button is clicked, with `false` when the first one is.
    on_choose: F,
) -> impl IntoView
where
    F: Fn(bool) + Copy + Send + 'static,
{
    let [first, second] = labels;
    let segment = move |label, is_this_second: bool| {
        view! {
            <button
                type="button"
                aria-pressed=move || (is_second.get() == is_this_second).to_string()
                on:click=move |_| on_choose(is_this_second)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="segments" role="group">
            {segment(first, false)}
            {segment(second, true)}
        </div>
    }
}
