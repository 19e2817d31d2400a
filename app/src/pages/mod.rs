//! The pages, and what they have in common.

mod conversation;
mod deferred;
mod failed;
mod header;
mod home;

use leptos::prelude::*;

use crate::{browser, i18n::texts, node::El, server_fns::PageData};

/// A page.
pub(crate) fn page_view(loaded: PageData) -> El {
    let PageData { home, conversation, failure, is_deferred, seal: _ } = loaded;
    match (home, conversation) {
        _ if is_deferred => deferred::deferred_view(),
        (Some(home), _) => home::home_view(home),
        (None, Some(conversation)) => conversation::found_view(conversation),
        (None, None) => failed::failed_view(&failure.unwrap_or_default()),
    }
}

/// The page's title, in the window's own bar.
pub(crate) fn window_title(title: Option<&str>) -> String {
    const NAME: &str = "Codex Gateway";
    title.map_or_else(|| NAME.to_owned(), |title| format!("{title} · {NAME}"))
}

/// Keeps the window's title and icon in step: they say how much waits, too, for those who look elsewhere. (On
/// the server the shell writes them.)
fn keep_title(title: impl Fn() -> Option<String> + 'static, waiting: impl Fn() -> usize + 'static) {
    let t = texts();
    Effect::new(move |_| {
        let title = window_title(title().as_deref());
        match waiting() {
            0 => document().set_title(&title),
            count => document().set_title(&format!("({count}) {} · {title}", t.waits_for_you())),
        }
        browser::set_favicon(if waiting() > 0 {
            "/assets/favicon-waiting.svg"
        } else {
            "/assets/favicon.svg"
        });
    });
}
