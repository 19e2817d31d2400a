//! Requests of codex that wait for the user, and the card above the composer that answers them.
//!
//! - [`PendingRequests`]: the card of one pending request at a time
//! - `card`: the card's frame, and sending the answer; `heading`: the question that it asks
//! - `details`: what codex asks for; `permission_list`: permissions beyond the sandbox; `reason`: the agent's reason
//! - `read_gate`: no request is accepted before the end of its details was in view
//! - `approval_choices`: the available decisions, as buttons; `decline_with_message`: "Decline and tell Codex…"
//! - `form`: questions and forms; `form_field`: their fields; `form_content`: their content as JSON
//! - `keyboard`: answering by keys; `countdown`: the time until the deadline

mod approval_choices;
mod card;
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

use self::card::RequestCard;
use crate::{
    chunks::{Chunk, ChunkError},
    lazy::lazy,
    state::Chat,
};

/// The pending request that is shown.
#[derive(Clone, Copy)]
pub(crate) struct ActiveRequest {
    chat: Chat,
    selection: RwSignal<Selection>,
}

/// The pending request that the user has gone to.
#[derive(Clone, Default)]
struct Selection {
    /// `None` until the user goes to another request.
    id: Option<RequestId>,
    /// The request's index when it was selected. Once the request has ended, the request at this index is shown.
    index: usize,
}

impl ActiveRequest {
    fn new(chat: Chat) -> Self {
        Self { chat, selection: RwSignal::new(Selection::default()) }
    }

    /// Returns the ids of all pending requests, oldest first; tracked.
    fn ids(self) -> Vec<RequestId> {
        self.chat
            .transcript
            .meta(|transcript| transcript.pending_requests().map(|request| request.id.clone()).collect())
    }

    /// Returns the index of the request that is shown; tracked.
    fn index(self) -> usize {
        let Selection { id: selected, index } = self.selection.get();
        let ids = self.ids();
        let current = selected.and_then(|selected| ids.iter().position(|id| *id == selected));
        current.unwrap_or(index.min(ids.len().saturating_sub(1)))
    }

    /// Returns the id of the request that is shown. `None` if no request is pending; tracked.
    fn id(self) -> Option<RequestId> {
        self.ids().into_iter().nth(self.index())
    }

    /// Shows the next pending request, and the first after the last.
    fn select_next(self) {
        let (ids, current) = untrack(|| (self.ids(), self.index()));
        let index = (current + 1) % ids.len().max(1);
        self.selection.set(Selection { id: ids.into_iter().nth(index), index });
    }

    /// Returns a pending request.
    fn find(self, id: &RequestId) -> Option<UserRequest> {
        self.chat.transcript.with_untracked(|transcript| {
            transcript.pending_requests().find(|request| request.id == *id).cloned()
        })
    }
}

/// The card of the active request. Empty while no request is pending.
#[component]
pub(crate) fn PendingRequests(chat: Chat) -> impl IntoView {
    let active = ActiveRequest::new(chat);
    // Screen readers announce a pending request wherever they are on the page.
    let announcement = move || {
        let is_pending = !active.ids().is_empty();
        is_pending.then(|| view! { <p class="visually-hidden" role="alert">{chat.t.codex_waits()}</p> })
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
