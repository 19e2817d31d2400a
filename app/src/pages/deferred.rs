//! A conversation that the browser loads, because the server would take too long to render it.

use codex_gateway_wire::ApprovalMode;

use super::header::header_view;
use crate::{
    i18n::texts,
    node::{El, ElementExt as _, el},
};

/// What is shown until the conversation is there.
pub(super) fn deferred_view() -> El {
    let words = el("p").attr("role", "status").child(texts().loading_conversation());
    el("div")
        .class("page")
        .child(header_view(false, ApprovalMode::default(), None))
        .child(el("main").class("lost").child(words))
}
