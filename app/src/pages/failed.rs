//! Pages that do not exist or could not be loaded.

use std::time::Duration;

use view::{Node, prelude::*};

use super::header::Header;
use crate::{browser::reload, i18n::texts, router::A, server_fns::ApiError};

/// Time until the page of a conversation that codex is still indexing is loaded again.
const RELOAD_DELAY: Duration = Duration::from_secs(1);

/// The page that says why the data of a page could not be loaded.
#[component]
pub(super) fn FailedPage(failure: ApiError) -> impl IntoView {
    let t = texts();
    let (heading, explanation, action) = if failure.is_not_found() {
        (t.not_found(), t.not_found_hint().to_owned(), new_chat_link())
    } else if failure.is_unauthorized() {
        (t.sign_in_ended(), String::new(), reload_button(t.sign_in()))
    } else if failure.is_proxy_signed_out() {
        (t.proxy_sign_in_ended(), String::new(), reload_button(t.reload()))
    } else if failure.is_indexing() {
        reload_later();
        (t.indexing(), t.indexing_hint().to_owned(), reload_button(t.reload()))
    } else if failure.is_damaged_thread() {
        // Loading a damaged thread again does not help.
        (t.page_failed(), t.failure(&failure), new_chat_link())
    } else {
        (t.page_failed(), t.failure(&failure), reload_button(t.reload()))
    };
    view! {
        <div class="page">
            <Header/>
            <main class="message-page">
                <h1 class="headline">{heading}</h1>
                <p>{explanation}</p>
                {action}
            </main>
        </div>
    }
}

/// Loads the document again after a delay, unless the reader has left the page by then.
fn reload_later() {
    Effect::new(|_| {
        if let Ok(timer) = set_timeout_with_handle(reload, RELOAD_DELAY) {
            on_cleanup(move || timer.clear());
        }
    });
}

fn new_chat_link() -> Node {
    view! { <A href="/" attr:class="button">{texts().new_chat()}</A> }
}

fn reload_button(label: &'static str) -> Node {
    view! { <button type="button" class="button" on:click=|_| reload()>{label}</button> }
}
