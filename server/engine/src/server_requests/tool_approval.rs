//! Approvals of MCP tool calls: elicitations that codex creates itself and marks as approvals.

use codex_gateway_wire::request::{ToolArgument, ToolCall};
use serde_json::{Value, json, value::RawValue};

use super::ordered_object::OrderedObject;

/// The `codex_approval_kind` of an elicitation that asks whether a tool may be called.
const APPROVAL_KIND: &str = "mcp_tool_call";

/// Returns `true` if an elicitation asks whether a tool may be called.
pub(super) fn is_approval(params: &Value) -> bool {
    params["_meta"]["codex_approval_kind"] == APPROVAL_KIND
}

/// Returns `true` if codex offers to allow the tool for the life of its process.
pub(super) fn allows_session(params: &Value) -> bool {
    let persist = &params["_meta"]["persist"];
    let is_session = |word: &Value| word == "session";
    is_session(persist) || persist.as_array().is_some_and(|words| words.iter().any(is_session))
}

/// The reply to codex that allows the call, once or for the session.
pub(super) fn accepted(for_session: bool) -> Value {
    let meta = for_session.then(|| json!({ "persist": "session" }));
    json!({ "action": "accept", "content": {}, "_meta": meta })
}

/// Summarises the call that an elicitation asks about. `None` if the elicitation is not a tool approval.
pub(super) fn summarize(params: &Value, raw: &RawValue) -> Option<ToolCall> {
    if !is_approval(params) {
        return None;
    }
    let meta = &params["_meta"];
    let text = |name: &str| meta[name].as_str().filter(|text| !text.is_empty());
    // Older versions of codex name the tool only in the message.
    let quoted = || params["message"].as_str()?.split('"').nth(1);
    let name = text("tool_name").or_else(|| text("tool_title")).or_else(quoted).unwrap_or_default();
    Some(ToolCall {
        name: name.to_owned(),
        description: text("tool_description").map(str::to_owned),
        arguments: arguments(raw).unwrap_or_default(),
    })
}

/// The arguments, in the order in which the agent wrote them.
fn arguments(raw: &RawValue) -> Option<Vec<ToolArgument>> {
    let meta = OrderedObject::parse(raw)?.take("_meta")?;
    let arguments = OrderedObject::parse(&meta)?.take("tool_params")?;
    let argument = |(name, value): (String, Box<RawValue>)| {
        let text = serde_json::from_str::<String>(value.get());
        ToolArgument { name, value: text.unwrap_or_else(|_| value.get().to_owned()) }
    };
    Some(OrderedObject::parse(&arguments)?.into_fields().map(argument).collect())
}
