//! The request: the user's last message, the tool outputs of the turn so far, and the offered tools.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::tools::Call;

/// The relevant parts of a `POST /responses` body. Everything else is ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    #[serde(default)]
    input: Vec<Item>,
    tools: Option<Vec<Tool>>,
    client_metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(default, rename = "type")]
    kind: String,
    role: Option<String>,
    content: Option<Content>,
    output: Option<Content>,
    /// The tools of an `additional_tools` item.
    tools: Option<Vec<Tool>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct ContentPart {
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tool {
    name: Option<String>,
    description: Option<String>,
    /// The tools of a namespace.
    tools: Option<Vec<Tool>>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    turn_id: Option<String>,
}

impl Request {
    /// The text of the user's last message. Empty if the input contains no message of the user.
    pub(crate) fn prompt(&self) -> String {
        self.last_user_message().map(|at| self.input[at].text()).unwrap_or_default()
    }

    /// The outputs of the tool calls since the user's last message, in order.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let since = self.last_user_message().map_or(0, |at| at + 1);
        let output = |item: &Item| item.output.as_ref().map(Content::text).unwrap_or_default();
        self.input[since..].iter().filter(|item| item.kind.ends_with("_output")).map(output).collect()
    }

    /// Identifies a response: the key is the same for all attempts of one response, and different for other responses.
    pub(crate) fn attempt_key(&self) -> String {
        let turn = self.client_metadata.as_ref().and_then(|metadata| metadata.turn_id.as_deref());
        format!("{}/{}", turn.unwrap_or_default(), self.outputs().len())
    }

    /// The tools that the model may call.
    pub(crate) fn offered(&self) -> OfferedTools {
        let mut offered = OfferedTools::none();
        let lists = self.input.iter().filter_map(|item| item.tools.as_ref()).chain(&self.tools);
        lists.flatten().for_each(|tool| offered.add(tool));
        offered
    }

    fn last_user_message(&self) -> Option<usize> {
        let is_user_message = |item: &Item| item.kind == "message" && item.role.as_deref() == Some("user");
        self.input.iter().rposition(|item| is_user_message(item) && !is_context(&item.text()))
    }
}

impl Item {
    fn text(&self) -> String {
        self.content.as_ref().map(Content::text).unwrap_or_default()
    }
}

impl Content {
    fn text(&self) -> String {
        match self {
            Content::Text(text) => text.clone(),
            Content::Parts(parts) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect::<Vec<_>>().join("\n")
            }
            Content::Other(_) => String::new(),
        }
    }
}

/// Returns `true` if codex itself wrote the user message, such as `<environment_context>…</environment_context>` or
/// `<turn_aborted>…</turn_aborted>`.
fn is_context(text: &str) -> bool {
    let tag = text.trim().strip_prefix('<').and_then(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    tag.is_some_and(|tag| tag.contains('_') && text.trim_end().ends_with(&format!("</{tag}>")))
}

/// The tools that a request offers.
///
/// Older models get functions. The newest models get a single tool `exec` that runs JavaScript. Its description names
/// the tools that the script can call.
#[derive(Debug)]
pub(crate) struct OfferedTools {
    direct: BTreeSet<String>,
    /// The description of `exec`, if it is offered.
    script: Option<String>,
}

impl OfferedTools {
    pub(crate) fn none() -> Self {
        Self { direct: BTreeSet::new(), script: None }
    }

    /// Returns `true` if the tool can be called without a script.
    pub(crate) fn is_direct(&self, tool: &str) -> bool {
        self.direct.contains(tool)
    }

    /// Returns `true` if the tool of a call can be called, directly or by a script.
    pub(crate) fn supports(&self, call: &Call) -> bool {
        let tool = call.tool();
        self.is_direct(tool) || self.script.as_deref().is_some_and(|description| description.contains(tool))
    }

    fn add(&mut self, tool: &Tool) {
        if let Some(name) = &tool.name {
            if name == "exec" {
                self.script.clone_from(&tool.description);
            }
            self.direct.insert(name.clone());
        }
        tool.tools.iter().flatten().for_each(|nested| self.add(nested));
    }

    #[cfg(test)]
    pub(crate) fn everything() -> Self {
        let direct = ["exec_command", "apply_patch", "update_plan", "request_user_input"];
        Self { direct: direct.map(str::to_owned).into(), script: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(body: Value) -> Request {
        serde_json::from_value(body).unwrap()
    }

    fn message(role: &str, text: &str) -> Value {
        json!({"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]})
    }

    #[test]
    fn outputs_after_the_last_user_message_are_returned() {
        let request = request(json!({"input": [
            message("user", "first"),
            {"type": "function_call_output", "call_id": "a", "output": "of the first"},
            message("user", "second"),
            {"type": "configuration_update", "content": 7},
            {"type": "function_call", "name": "exec_command", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "b", "output": "plain"},
            {"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "parts"}]},
            message("user", "<environment_context>\n</environment_context>"),
        ]}));
        assert_eq!(request.prompt(), "second");
        assert_eq!(request.outputs(), ["plain", "parts"]);
    }

    #[test]
    fn markup_in_a_user_message_is_a_prompt() {
        let request = request(json!({"input": [message("user", "<b>bold</b>")]}));
        assert_eq!(request.prompt(), "<b>bold</b>");
    }

    #[test]
    fn tools_are_found_as_functions_and_in_scripts() {
        let old =
            request(json!({"tools": [{"type": "function", "name": "exec_command"}, {"type": "web_search"}]}));
        assert!(old.offered().is_direct("exec_command"));
        assert!(old.offered().supports(&Call::Live) && !old.offered().supports(&Call::Question));

        let new = request(json!({"tools": null, "input": [{"type": "additional_tools", "tools": [
            {"type": "namespace", "name": "functions", "tools": [
                {"type": "custom", "name": "exec", "description": "### `exec_command`"},
                {"type": "function", "name": "request_user_input"},
            ]},
        ]}]}));
        assert!(!new.offered().is_direct("exec_command") && new.offered().is_direct("request_user_input"));
        assert!(new.offered().supports(&Call::Live) && new.offered().supports(&Call::Question));
        assert!(!new.offered().supports(&Call::Plan { completed: 0 }));
    }
}
