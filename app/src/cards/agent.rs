//! Other agents of the conversation.

use super::{
    Head, Tone,
    json::{fields, text_view},
    of_kind,
};
use crate::{i18n::Texts, icon::Icon, node::Node, state::EntryRef};
use codex_gateway_wire::{
    Content, Item,
    codex::{CollabAgentToolCall, ItemStatus, SubAgentActivity},
};

pub(super) fn call_head(call: &CollabAgentToolCall, t: &Texts) -> Head {
    let tone = if call.status == ItemStatus::Failed { Tone::Failed } else { Tone::Quiet };
    let first_line = call.prompt.as_deref().and_then(|prompt| prompt.lines().next()).unwrap_or_default();
    match call.tool.as_str() {
        "spawnAgent" | "resumeAgent" => Head::new(Icon::Agent, t.agent_started()).words(first_line),
        "sendInput" | "sendMessage" | "followupTask" => {
            Head::new(Icon::Agent, t.agent_told()).words(first_line)
        }
        "wait" => Head::new(Icon::Agent, t.agent_awaited()).words(first_line),
        "closeAgent" | "interruptAgent" => Head::new(Icon::Agent, t.agent_ended()).words(first_line),
        tool => Head::new(Icon::Agent, t.agent()).code(tool).result(first_line),
    }
    .tone(tone)
}

pub(super) fn activity_head(activity: &SubAgentActivity, t: &Texts) -> Head {
    let head = match activity.kind.as_str() {
        "started" => Head::new(Icon::Agent, t.agent_started()),
        "interacted" => Head::new(Icon::Agent, t.agent_told()),
        "interrupted" => Head::new(Icon::Agent, t.agent_ended()),
        "completed" => Head::new(Icon::Agent, t.agent_done()),
        kind => Head::new(Icon::Agent, t.agent()).result(kind),
    };
    head.code(activity.agent_path.clone())
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let pieces = of_kind!(entry, Content::Item(item) => match item {
            Item::CollabAgentToolCall(call) => vec![
                call.prompt.as_ref().map(|prompt| text_view(t.message(), prompt, t)),
                Some(text_view(t.agent(), &call.receiver_thread_ids.join("\n"), t)),
            ],
            Item::SubAgentActivity(activity) => vec![Some(text_view(t.agent(), &activity.agent_thread_id, t))],
            _ => Vec::new(),
        });
        pieces.unwrap_or_default()
    })
}
