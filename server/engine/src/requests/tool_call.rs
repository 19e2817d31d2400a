//! An MCP tool call that codex asks about: an elicitation that codex makes itself, and marks as an approval.

use codex_gateway_wire::request::{ToolArgument, ToolCall};
use serde_json::{Value, json, value::RawValue};

use super::ordered::Ordered;

/// How codex marks an elicitation that asks whether a tool may be called.
const MARK: &str = "mcp_tool_call";

/// Returns `true` if an elicitation asks whether a tool may be called.
pub(super) fn is_approval(params: &Value) -> bool {
    params["_meta"]["codex_approval_kind"] == MARK
}

/// Returns `true` if codex offers to allow the tool for as long as its process lives.
pub(super) fn allows_session(params: &Value) -> bool {
    let persist = &params["_meta"]["persist"];
    let is_session = |word: &Value| word == "session";
    is_session(persist) || persist.as_array().is_some_and(|words| words.iter().any(is_session))
}

/// What codex is told when the tool may be called.
pub(super) fn accepted(for_session: bool) -> Value {
    let meta = for_session.then(|| json!({ "persist": "session" }));
    json!({ "action": "accept", "content": {}, "_meta": meta })
}

/// The call that an elicitation asks about; `None` if it asks for something else.
pub(super) fn summary(params: &Value, raw: &RawValue) -> Option<ToolCall> {
    if !is_approval(params) {
        return None;
    }
    let meta = &params["_meta"];
    let text = |name: &str| meta[name].as_str().filter(|text| !text.is_empty());
    // Older versions name the tool in the message alone.
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
    let meta = Ordered::of(raw)?.take("_meta")?;
    let arguments = Ordered::of(&meta)?.take("tool_params")?;
    let argument = |(name, value): (String, Box<RawValue>)| {
        let text = serde_json::from_str::<String>(value.get());
        ToolArgument { name, value: text.unwrap_or_else(|_| value.get().to_owned()) }
    };
    Some(Ordered::of(&arguments)?.into_fields().map(argument).collect())
}
