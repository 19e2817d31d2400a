//! The pages, and what they have in common.

mod conversation;
mod failed;
mod header;
mod home;

pub(crate) use home::FirstMessage;

use leptos::prelude::*;

use crate::{node::El, server_fns::Loaded};

/// A page.
pub(crate) fn page_view(loaded: Loaded) -> El {
    let Loaded { home, conversation, failure } = loaded;
    match (home, conversation) {
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

/// Keeps the window's title in step. (On the server the shell writes it.)
fn keep_title(title: impl Fn() -> Option<String> + 'static) {
    Effect::new(move |_| document().set_title(&window_title(title().as_deref())));
}
