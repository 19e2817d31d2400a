//! What the reader should know of the conversation as a whole: one box each, above the composer.

use codex_gateway_wire::{codex::McpServerStatus, event::ClosedReason};
use leptos::prelude::*;

use super::Chat;
use crate::{
    browser::reload,
    i18n::Texts,
    node::{El, ElementExt as _, Node, button, el, live, many},
    route::link,
    state::ConnectionState,
    text::hidden::{exact_name, plain_name},
};

pub(crate) fn notices_view(chat: Chat) -> El {
    let t = chat.t;
    let ended = move || match chat.connection.get() {
        ConnectionState::Gone => Some(t.gone()),
        ConnectionState::Closed => {
            Some(match chat.live.meta(|transcript| transcript.closed.clone())?.reason {
                ClosedReason::Deleted => t.closed_deleted(),
                ClosedReason::Archived => t.closed_archived(),
                ClosedReason::Expired | ClosedReason::Other => t.closed_expired(),
            })
        }
        _ => None,
    };
    let process = move || {
        let ended = chat.live.meta(|transcript| !transcript.process && !transcript.entries.is_empty());
        (ended && !chat.ended()).then(|| el("p").class("note").child(t.process_ended()))
    };
    let servers = failed_servers_view(chat);
    let told =
        move || chat.toast.get().map(|words| el("p").class("note").attr("role", "status").child(words));
    let outdated = move || chat.outdated.get().then(|| notice(t.new_version(), button(t.reload(), reload)));
    let closed = move || ended().map(|words| notice(words, link("/", t.new_chat()).class("button")));
    let signed_out = move || match chat.connection.get() {
        ConnectionState::SignedOut => Some(sign_in_notice(t)),
        ConnectionState::ProxySignedOut => Some(proxy_notice(t)),
        _ => None,
    };
    el("div")
        .class("notices")
        .child(live(told))
        .child(servers)
        .child(live(process))
        .child(live(outdated))
        .child(live(closed))
        .child(live(signed_out))
}

/// The MCP servers that did not start, and why, until the reader has put it away.
fn failed_servers_view(chat: Chat) -> Node {
    let t = chat.t;
    let put_away = RwSignal::new(Vec::new());
    live(move || {
        let failed = chat.live.meta(|transcript| {
            let failed =
                transcript.mcp_servers.iter().filter(|server| server.status == McpServerStatus::Failed);
            failed.map(|server| (server.name.clone(), server.error.clone())).collect::<Vec<_>>()
        });
        if failed.is_empty() || put_away.try_with(|known| *known == failed) == Some(true) {
            return Node::Empty;
        }
        let lines = failed.iter().map(|(name, error)| {
            let why = error.as_ref().map(|why| el("div").class("why").child(exact_name(why, t)));
            el("p").child((t.server_failed)(&plain_name(name))).child(why)
        });
        let words = el("div").child(many(lines.collect::<Vec<_>>()));
        let dismiss = button(t.dismiss(), move || put_away.set(failed.clone()));
        let box_ = el("div").class("notice").attr("role", "status").attr("data-kind", "mcp");
        Node::from(box_.child(words).child(dismiss))
    })
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
