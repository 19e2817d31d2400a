//! The title and the icon of the browser's window.

use leptos::prelude::*;

use crate::{browser, i18n::texts};

/// Returns the window's title for a page with this title.
pub(crate) fn window_title(title: Option<&str>) -> String {
    const NAME: &str = "Codex Gateway";
    title.map_or_else(|| NAME.to_owned(), |title| format!("{title} · {NAME}"))
}

/// Keeps the window's title and icon up to date.
///
/// Both show whether requests wait for the user, for readers who look at another window. On the server, the document's
/// shell writes the title.
pub(super) fn follow_window_title(
    title: impl Fn() -> Option<String> + 'static,
    pending_requests: impl Fn() -> usize + 'static,
) {
    let t = texts();
    Effect::new(move |_| {
        let title = window_title(title().as_deref());
        let pending = pending_requests();
        match pending {
            0 => document().set_title(&title),
            count => document().set_title(&format!("({count}) {} · {title}", t.waiting_for_you())),
        }
        browser::set_favicon(if pending > 0 { "/assets/favicon-waiting.svg" } else { "/assets/favicon.svg" });
    });
}
