//! Requests of codex that wait for the user, and the card above the composer that answers them.
//!
//! - [`PendingRequests`]: the card of one pending request at a time
//! - `active_request`: which of them it shows; `heading`: the question that it asks
//! - `card`: the card's frame; `card_context`: what its parts share, and sending the answer
//! - `details`: what codex asks for; `permission_list`: permissions beyond the sandbox; `reason`: the agent's reason
//! - `read_gate`: no request is accepted before the end of its details was in view
//! - `approval_choices`: the available decisions, as buttons; `decline_with_message`: "Decline and tell Codex…"
//! - `form`: questions and forms; `form_field`: their fields; `form_content`: their content as JSON
//! - `keyboard`: answering by keys; `countdown`: the time until the deadline

mod active_request;
mod approval_choices;
mod card;
mod card_context;
mod countdown;
mod decline_with_message;
mod details;
mod form;
mod form_content;
mod form_field;
mod heading;
mod keyboard;
mod permission_list;
mod read_gate;
mod reason;
#[cfg(all(test, feature = "ssr"))]
mod tests;

use codex_gateway_wire::{RequestId, UserRequest};
use leptos::wasm_split::wasm_split;
use view::{Node, prelude::*};

use self::{active_request::ActiveRequest, card::RequestCard};
use crate::{
    chunks::{Chunk, ChunkError},
    lazy::lazy,
    state::Chat,
};

/// The card of the active request. Empty while no request is pending.
#[component]
pub(crate) fn PendingRequests(chat: Chat) -> impl IntoView {
    let active = ActiveRequest::new(chat);
    // Screen readers announce a pending request wherever they are on the page.
    let announcement = move || {
        let is_pending = !active.ids().is_empty();
        is_pending.then(|| view! { <p class="visually-hidden" role="alert">{chat.t.request_pending()}</p> })
    };
    // A list, because its rows stay while other requests come and go: the input in a card must not be lost.
    view! {
        <div class="questions">
            {announcement}
            <For each=move || active.id() key=RequestId::clone let:id>
                {active.find(&id).map(|request| lazy(Chunk::Details, request_card(active, request)))}
            </For>
        </div>
    }
}

/// The card of a request. It is in the chunk of diffs, so that no request is shown without the changes that it asks for.
#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(details, wasm_split_path = ::leptos::wasm_split, preload(load_requests), fallible)]
pub(crate) fn request_card(active: ActiveRequest, request: UserRequest) -> Result<Node, ChunkError> {
    Ok(view! { <RequestCard active request/> })
}
