//! What the reader should know of the conversation as a whole: one box each, above the composer.

use codex_gateway_wire::event::ClosedReason;
use leptos::prelude::*;

use super::Chat;
use crate::{browser::reload, live::LinkState};

pub(crate) fn notices_view(chat: Chat) -> AnyView {
    let t = chat.t;
    let ended = move || match chat.link.get() {
        LinkState::Gone => Some(t.gone),
        LinkState::Closed => Some(match chat.live.meta(|transcript| transcript.closed.clone())?.reason {
            ClosedReason::Deleted => t.closed_deleted,
            ClosedReason::Expired | ClosedReason::Other => t.closed_expired,
            ClosedReason::Shutdown => t.closed_shutdown,
        }),
        _ => None,
    };
    let process = move || {
        let ended = chat.live.meta(|transcript| !transcript.process && !transcript.entries.is_empty());
        (ended && !chat.ended()).then(|| view! { <p class="note">{t.process_ended}</p> })
    };
    let outdated = move || {
        chat.outdated.get().then(|| {
            view! {
                <div class="notice" role="status">
                    <span>{t.new_version}</span>
                    <button type="button" class="button" on:click=move |_| reload()>{t.reload}</button>
                </div>
            }
        })
    };
    let closed = move || {
        ended().map(|words| {
            view! {
                <div class="notice" role="status">
                    <span>{words}</span>
                    <a class="button" href="/" data-link="">{t.new_chat}</a>
                </div>
            }
        })
    };
    view! { <div class="notices">{process}{outdated}{closed}</div> }.into_any()
}
