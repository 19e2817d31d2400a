//! Pages that are not there, or could not be loaded.

use leptos::prelude::*;
use std::time::Duration;

use codex_gateway_wire::ApprovalMode;
use leptos::prelude::{on_cleanup, set_timeout_with_handle};

use super::header::header_view;
use crate::{
    browser::reload,
    i18n::texts,
    node::{El, ElementExt as _, button, el},
    route::link,
    server_fns::ApiError,
};

/// How long a page waits before it asks again for a conversation that codex is indexing.
const RELOAD_AFTER: Duration = Duration::from_secs(1);

/// What is shown instead of a page whose data could not be had.
pub(super) fn failed_view(failure: &ApiError) -> El {
    if failure.is_not_found() {
        return not_found_view();
    }
    let t = texts();
    if failure.is_unauthorized() {
        return page_view(t.sign_in_ended(), String::new(), button(t.sign_in(), reload));
    }
    if failure.is_proxy_signed_out() {
        return page_view(t.proxy_sign_in_ended(), String::new(), button(t.reload(), reload));
    }
    if failure.is_indexing() {
        reload_later();
        return page_view(t.indexing(), t.indexing_why().to_owned(), button(t.reload(), reload));
    }
    if failure.is_damaged_thread() {
        return page_view(t.page_failed(), t.failure(failure), link("/", t.new_chat()).class("button"));
    }
    page_view(t.page_failed(), t.failure(failure), button(t.reload(), reload))
}

/// Loads the page anew in a moment, unless the reader has gone elsewhere by then.
fn reload_later() {
    Effect::new(|_| {
        if let Ok(timer) = set_timeout_with_handle(reload, RELOAD_AFTER) {
            on_cleanup(move || timer.clear());
        }
    });
}

fn not_found_view() -> El {
    let t = texts();
    page_view(t.not_found(), t.not_found_why().to_owned(), link("/", t.new_chat()).class("button"))
}

fn page_view(what: &'static str, why: String, way_out: El) -> El {
    let words =
        el("main").class("lost").child(el("h1").class("headline").child(what)).child(el("p").child(why));
    el("div")
        .class("page")
        .child(header_view(false, ApprovalMode::default(), None))
        .child(words.child(way_out))
}
