//! Tool calls: tools of MCP servers, and dynamic tools.

use codex_gateway_wire::{
    Content, Item,
    codex::{DynamicToolCall, FunctionCallOutput, ItemStatus, McpToolCall},
};
use view::prelude::*;

use super::{
    EntryHeader, Tone,
    field::{JsonField, ResultField, TextField},
    of_kind,
};
use crate::{i18n::Texts, icon::Icon, state::EntryRef};

pub(super) fn mcp_header(call: &McpToolCall, running: bool, t: &Texts) -> EntryHeader {
    let failed = call.error.is_some() || call.status == ItemStatus::Failed;
    let progress = call.progress.clone().filter(|_| running);
    header(failed, running, t)
        .code(format!("{}.{}", call.server, call.tool))
        .result(progress.unwrap_or_default())
        .duration_ms(call.duration_ms)
}

pub(super) fn dynamic_header(call: &DynamicToolCall, running: bool, t: &Texts) -> EntryHeader {
    let failed = call.success == Some(false) || call.status == ItemStatus::Failed;
    let name = qualified_name(call.namespace.as_deref(), &call.tool);
    header(failed, running, t).code(name).duration_ms(call.duration_ms)
}

pub(super) fn output_header(output: &FunctionCallOutput, t: &Texts) -> EntryHeader {
    header(false, false, t).code(qualified_name(output.namespace.as_deref(), &output.name))
}

fn header(failed: bool, running: bool, t: &Texts) -> EntryHeader {
    match (failed, running) {
        (true, _) => EntryHeader::new(Icon::Tool, t.call_failed()).tone(Tone::Failed),
        (_, true) => EntryHeader::new(Icon::Tool, t.calling()),
        _ => EntryHeader::new(Icon::Tool, t.called()),
    }
}

fn qualified_name(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}.{name}"))
}

/// The arguments, the result and the error of a call.
#[component]
pub(super) fn ToolBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let fields = move || {
        let parts = of_kind!(entry, Content::Item(item) => match item {
            Item::McpToolCall(call) => {
                let error = call.error.as_ref().map(|error| error.message.clone());
                (Some(call.arguments.clone()), call.result.clone(), error)
            }
            Item::DynamicToolCall(call) => (Some(call.arguments.clone()), call.content_items.clone(), None),
            Item::FunctionCallOutput(output) => (None, Some(output.output.clone()), None),
            _ => (None, None, None),
        });
        let (arguments, result, error) = parts.unwrap_or_default();
        let fields = [
            arguments.map(|json| view! { <JsonField label=t.arguments() json t/> }),
            result.map(|result| view! { <ResultField label=t.result() result t/> }),
            error.map(|text| view! { <TextField label=t.error() text t/> }),
        ];
        fields.into_iter().flatten().collect::<Vec<_>>()
    };
    view! { <div class="fields">{fields}</div> }
}
