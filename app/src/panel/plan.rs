//! The tab "Plan": the newest plan of the conversation.

use codex_gateway_wire::{Content, ItemId};
use view::prelude::*;

use crate::{cards::PlanBody, state::Chat};

#[component]
pub(super) fn PlanTab(chat: Chat) -> impl IntoView {
    let t = chat.t;
    let plan = move || match newest_plan(chat) {
        Some(id) => view! { <PlanBody entry=chat.transcript.entry(id)/> },
        None => view! { <p class="note">{t.no_plan()}</p> },
    };
    view! { {plan} }
}

/// Returns the id of the newest plan; tracked.
fn newest_plan(chat: Chat) -> Option<ItemId> {
    let is_plan = |id: &ItemId| {
        chat.transcript.with_untracked(|transcript| {
            transcript.entries.get(id).is_some_and(|entry| matches!(entry.content, Content::Plan(_)))
        })
    };
    chat.transcript
        .groups()
        .iter()
        .rev()
        .find_map(|key| chat.transcript.entries_of(key).into_iter().rfind(is_plan))
}
