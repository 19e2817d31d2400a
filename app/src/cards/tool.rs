//! Calls of tools: of MCP servers, and of the client's own.

use super::{
    Head, Tone,
    json::{answer_view, fields, json_view, text_view},
    of_kind,
};
use crate::{i18n::Texts, icon::Icon, node::Node, state::EntryRef};
use codex_gateway_wire::{
    Content, Item,
    codex::{DynamicToolCall, FunctionCallOutput, ItemStatus, McpToolCall},
};

pub(super) fn mcp_head(call: &McpToolCall, running: bool, t: &Texts) -> Head {
    let failed = call.error.is_some() || call.status == ItemStatus::Failed;
    let progress = call.progress.clone().filter(|_| running);
    head(failed, running, t)
        .code(format!("{}.{}", call.server, call.tool))
        .result(progress.unwrap_or_default())
        .took(call.duration_ms)
}

pub(super) fn dynamic_head(call: &DynamicToolCall, running: bool, t: &Texts) -> Head {
    let failed = call.success == Some(false) || call.status == ItemStatus::Failed;
    head(failed, running, t).code(qualified(call.namespace.as_deref(), &call.tool)).took(call.duration_ms)
}

pub(super) fn output_head(output: &FunctionCallOutput, t: &Texts) -> Head {
    head(false, false, t).code(qualified(output.namespace.as_deref(), &output.name))
}

fn head(failed: bool, running: bool, t: &Texts) -> Head {
    match (failed, running) {
        (true, _) => Head::new(Icon::Tool, t.call_failed()).tone(Tone::Failed),
        (_, true) => Head::new(Icon::Tool, t.calling()),
        _ => Head::new(Icon::Tool, t.called()),
    }
}

fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}.{name}"))
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let pieces = of_kind!(entry, Content::Item(item) => match item {
            Item::McpToolCall(call) => vec![
                Some(json_view(t.arguments(), &call.arguments, t)),
                call.result.as_ref().map(|result| answer_view(t.result(), result, t)),
                call.error.as_ref().map(|error| text_view(t.error(), &error.message, t)),
            ],
            Item::DynamicToolCall(call) => vec![
                Some(json_view(t.arguments(), &call.arguments, t)),
                call.content_items.as_ref().map(|items| answer_view(t.result(), items, t)),
            ],
            Item::FunctionCallOutput(output) => vec![Some(answer_view(t.result(), &output.output, t))],
            _ => Vec::new(),
        });
        pieces.unwrap_or_default()
    })
}
