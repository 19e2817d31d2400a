//! Sub-agents of the conversation.

use codex_gateway_wire::{
    Content, Item,
    codex::{CollabAgentToolCall, ItemStatus, SubAgentActivity},
};
use view::prelude::*;

use super::{EntryHeader, Tone, field::TextField, of_kind};
use crate::{i18n::Texts, icon::Icon, state::EntryRef};

pub(super) fn call_header(call: &CollabAgentToolCall, t: &Texts) -> EntryHeader {
    let tone = if call.status == ItemStatus::Failed { Tone::Failed } else { Tone::Quiet };
    let first_line = call.prompt.as_deref().and_then(|prompt| prompt.lines().next()).unwrap_or_default();
    match call.tool.as_str() {
        "spawnAgent" | "resumeAgent" => EntryHeader::new(Icon::Agent, t.agent_started()).text(first_line),
        "sendInput" | "sendMessage" | "followupTask" => {
            EntryHeader::new(Icon::Agent, t.agent_messaged()).text(first_line)
        }
        "wait" => EntryHeader::new(Icon::Agent, t.agent_waited_for()).text(first_line),
        "closeAgent" | "interruptAgent" => EntryHeader::new(Icon::Agent, t.agent_ended()).text(first_line),
        tool => EntryHeader::new(Icon::Agent, t.agent()).code(tool).result(first_line),
    }
    .tone(tone)
}

pub(super) fn activity_header(activity: &SubAgentActivity, t: &Texts) -> EntryHeader {
    let header = match activity.kind.as_str() {
        "started" => EntryHeader::new(Icon::Agent, t.agent_started()),
        "interacted" => EntryHeader::new(Icon::Agent, t.agent_messaged()),
        "interrupted" => EntryHeader::new(Icon::Agent, t.agent_ended()),
        "completed" => EntryHeader::new(Icon::Agent, t.agent_done()),
        kind => EntryHeader::new(Icon::Agent, t.agent()).result(kind),
    };
    header.code(activity.agent_path.clone())
}

/// The message to a sub-agent, and the ids of the sub-agent's threads.
#[component]
pub(super) fn AgentBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let fields = move || {
        let parts = of_kind!(entry, Content::Item(item) => match item {
            Item::CollabAgentToolCall(call) => {
                (call.prompt.clone(), Some(call.receiver_thread_ids.join("\n")))
            }
            Item::SubAgentActivity(activity) => (None, Some(activity.agent_thread_id.clone())),
            _ => (None, None),
        });
        let (prompt, threads) = parts.unwrap_or_default();
        let prompt = prompt.map(|text| view! { <TextField label=t.message() text t/> });
        let threads = threads.map(|text| view! { <TextField label=t.agent() text t/> });
        prompt.into_iter().chain(threads).collect::<Vec<_>>()
    };
    view! { <div class="fields">{fields}</div> }
}
