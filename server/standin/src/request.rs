//! What a request says: the user's last message, how far the turn has come, which tools there are.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::tools::Call;

/// The parts of a `POST /responses` body that matter here. Everything else is ignored.
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
    /// Of an `additional_tools` item.
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
    /// Of a namespace.
    tools: Option<Vec<Tool>>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    turn_id: Option<String>,
}

impl Request {
    /// The text of the user's last message; empty if there is none.
    pub(crate) fn prompt(&self) -> String {
        self.last_user_message().map(|at| self.input[at].text()).unwrap_or_default()
    }

    /// What the tools have said since that message, in order.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let since = self.last_user_message().map_or(0, |at| at + 1);
        let output = |item: &Item| item.output.as_ref().map(Content::text).unwrap_or_default();
        self.input[since..].iter().filter(|item| item.kind.ends_with("_output")).map(output).collect()
    }

    /// The same for every attempt at one response, and for no other response.
    pub(crate) fn attempt_key(&self) -> String {
        let turn = self.client_metadata.as_ref().and_then(|metadata| metadata.turn_id.as_deref());
        format!("{}/{}", turn.unwrap_or_default(), self.outputs().len())
    }

    /// The tools that the model may call.
    pub(crate) fn offered(&self) -> Offered {
        let mut offered = Offered::none();
        let lists = self.input.iter().filter_map(|item| item.tools.as_ref()).chain(&self.tools);
        lists.flatten().for_each(|tool| offered.add(tool));
        offered
    }

    fn last_user_message(&self) -> Option<usize> {
        let by_user = |item: &Item| item.kind == "message" && item.role.as_deref() == Some("user");
        self.input.iter().rposition(|item| by_user(item) && !is_context(&item.text()))
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

/// Whether codex itself wrote a message in the user's name, such as
/// `<environment_context>…</environment_context>` or `<turn_aborted>…</turn_aborted>`.
fn is_context(text: &str) -> bool {
    let tag = text.trim().strip_prefix('<').and_then(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    tag.is_some_and(|tag| tag.contains('_') && text.trim_end().ends_with(&format!("</{tag}>")))
}

/// The tools that a request offers.
///
/// Older models get functions; the newest get one tool `exec` that runs JavaScript, whose
/// description names the tools of the script.
#[derive(Debug)]
pub(crate) struct Offered {
    direct: BTreeSet<String>,
    /// The description of `exec`, if there is one.
    script: Option<String>,
}

impl Offered {
    pub(crate) fn none() -> Self {
        Self { direct: BTreeSet::new(), script: None }
    }

    /// Whether the tool can be called without a script.
    pub(crate) fn directly(&self, tool: &str) -> bool {
        self.direct.contains(tool)
    }

    /// Whether the tool of a call can be called at all.
    pub(crate) fn allows(&self, call: &Call) -> bool {
        let tool = call.tool();
        self.directly(tool) || self.script.as_deref().is_some_and(|described| described.contains(tool))
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
    fn items_after_the_last_user_message_are_its_progress() {
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
    fn markup_of_the_user_is_a_prompt() {
        let request = request(json!({"input": [message("user", "<b>bold</b>")]}));
        assert_eq!(request.prompt(), "<b>bold</b>");
    }

    #[test]
    fn tools_are_found_in_both_shapes() {
        let old =
            request(json!({"tools": [{"type": "function", "name": "exec_command"}, {"type": "web_search"}]}));
        assert!(old.offered().directly("exec_command"));
        assert!(old.offered().allows(&Call::Live) && !old.offered().allows(&Call::Question));

        let new = request(json!({"tools": null, "input": [{"type": "additional_tools", "tools": [
            {"type": "namespace", "name": "functions", "tools": [
                {"type": "custom", "name": "exec", "description": "### `exec_command`"},
                {"type": "function", "name": "request_user_input"},
            ]},
        ]}]}));
        assert!(!new.offered().directly("exec_command") && new.offered().directly("request_user_input"));
        assert!(new.offered().allows(&Call::Live) && new.offered().allows(&Call::Question));
        assert!(!new.offered().allows(&Call::Plan { completed: 0 }));
    }
}
