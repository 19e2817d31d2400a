//! Media queries.

use leptos::prelude::window;

/// Returns `true` if the main pointer is a finger. Focusing a field then opens an on-screen keyboard.
pub(crate) fn is_coarse_pointer() -> bool {
    matches("(pointer: coarse)")
}

/// Returns `true` if the window is wide enough to show the sidebar beside the page. The styles use the same width.
pub(crate) fn has_sidebar_room() -> bool {
    matches("(width >= 900px)")
}

fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|query| query.matches())
}
