//! What the reader should know of the conversation as a whole: one box each, above the composer.

use codex_gateway_wire::event::ClosedReason;

use super::Chat;
use crate::{
    browser::reload,
    i18n::Texts,
    live::LinkState,
    node::{El, button, el, live},
    route::link,
};

pub(crate) fn notices_view(chat: Chat) -> El {
    let t = chat.t;
    let ended = move || match chat.link.get() {
        LinkState::Gone => Some(t.gone()),
        LinkState::Closed => Some(match chat.live.meta(|transcript| transcript.closed.clone())?.reason {
            ClosedReason::Deleted => t.closed_deleted(),
            ClosedReason::Archived => t.closed_archived(),
            ClosedReason::Expired | ClosedReason::Other => t.closed_expired(),
        }),
        _ => None,
    };
    let process = move || {
        let ended = chat.live.meta(|transcript| !transcript.process && !transcript.entries.is_empty());
        (ended && !chat.ended()).then(|| el("p").class("note").child(t.process_ended()))
    };
    let told = move || chat.told.get().map(|words| el("p").class("note").attr("role", "status").child(words));
    let outdated = move || chat.outdated.get().then(|| notice(t.new_version(), button(t.reload(), reload)));
    let closed = move || ended().map(|words| notice(words, link("/", t.new_chat()).class("button")));
    let signed_out = move || match chat.link.get() {
        LinkState::SignedOut => Some(sign_in_notice(t)),
        LinkState::ProxySignedOut => Some(proxy_notice(t)),
        _ => None,
    };
    el("div")
        .class("notices")
        .child(live(told))
        .child(live(process))
        .child(live(outdated))
        .child(live(closed))
        .child(live(signed_out))
}

/// One has to sign in again: the same address asks for it, and shows the same page afterwards.
pub(crate) fn sign_in_notice(t: &'static Texts) -> El {
    notice(t.sign_in_ended(), button(t.sign_in(), reload))
}

/// One has to sign in to the proxy again, which asks for it when the page is loaded.
pub(crate) fn proxy_notice(t: &'static Texts) -> El {
    notice(t.proxy_sign_in_ended(), button(t.reload(), reload))
}

fn notice(words: &'static str, way_out: El) -> El {
    el("div").class("notice").attr("role", "status").child(el("span").child(words)).child(way_out)
}
