//! Items, the parts of a turn. Codex 0.171.0 has 19 types; later ones are [`Item::Unknown`].

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    parts::{
        CommandAction, CommandActionKind, FileUpdateChange, HookPromptFragment, McpToolCallError, UserInput,
    },
    status::ItemStatus,
};
use crate::{
    fields::{BadField, Fields},
    ids::ItemId,
    json::Json,
    output::Output,
};

/// Declares the item types: a struct for each, and the enum [`Item`] with its deserializer.
///
/// The deserializer reads `type`, then field by field. Serde's tagged enums cannot contain raw JSON, and a derived
/// deserializer for each type would cost the browser ten times the code. A known type with an unexpected shape becomes
/// [`Item::Unknown`].
macro_rules! items {
    ($($(#[doc = $doc:literal])* $kind:literal $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Debug, Default, PartialEq, Serialize)]
            #[serde(tag = "type", rename = $kind, rename_all = "camelCase")]
            pub struct $name {
                /// The item's id.
                pub id: ItemId,
                $($(#[$field_meta])* pub $field: $type,)*
            }

            impl $name {
                fn read(fields: &mut Fields) -> Result<Self, BadField> {
                    Ok(Self { id: fields.take("id")?, $($field: fields.take(stringify!($field))?,)* })
                }
            }

            #[cfg(feature = "openapi")]
            const _: () = {
                #[derive(utoipa::ToSchema)]
                #[schema(rename_all = "camelCase")]
                #[allow(dead_code, reason = "only described")]
                struct Fields {
                    /// The item's id.
                    id: ItemId,
                    $($(#[$field_meta])* $field: $type,)*
                }

                impl utoipa::PartialSchema for $name {
                    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                        $crate::schema::tagged(Fields::schema(), concat!($($doc),*), $kind)
                    }
                }

                impl utoipa::ToSchema for $name {
                    fn schemas(all: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                        Fields::schemas(all);
                    }
                }
            };
        )*

        /// One item of a turn.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Item {
            $($(#[doc = $doc])* $name($name),)*
            /// An unknown type, or a known type with an unexpected shape.
            Unknown(UnknownItem),
        }

        // Not derived: a known item also matches the schema of `UnknownItem`, and `oneOf` would reject it.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for Item {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::any_of("One item of a turn.", &[$(stringify!($name),)* "UnknownItem"])
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for Item {
            fn schemas(all: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                $($crate::schema::add::<$name>(all);)*
                $crate::schema::add::<UnknownItem>(all);
            }
        }

        impl Item {
            /// Parses an item in codex's JSON. `None` only if the item has no id.
            pub fn parse(raw: &RawValue) -> Option<Self> {
                let mut fields = Fields::parse(raw)?;
                let id: ItemId = fields.peek("id").ok()?;
                let kind: String = fields.peek("type").unwrap_or_default();
                let known = match kind.as_str() {
                    $($kind => $name::read(&mut fields).map(Self::$name).ok(),)*
                    _ => None,
                };
                Some(known.unwrap_or_else(|| Self::Unknown(UnknownItem { id, kind, raw: raw.into() })))
            }

            /// The item's id.
            pub fn id(&self) -> &ItemId {
                match self {
                    $(Self::$name(item) => &item.id,)*
                    Self::Unknown(item) => &item.id,
                }
            }

            /// The item's `type` in codex's JSON.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$name(_) => $kind,)*
                    Self::Unknown(item) => &item.kind,
                }
            }
        }
    };
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(&raw).ok_or_else(|| serde::de::Error::custom("an item has an id"))
    }
}

/// An item of an unknown type, as codex sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownItem {
    /// The item's id.
    pub id: ItemId,
    /// The item's `type`.
    pub kind: String,
    /// The item's JSON.
    pub raw: Json,
}

impl Serialize for UnknownItem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

items! {
    /// A message of the user.
    "userMessage" UserMessage {
        /// The client's id of the message, if any. Matches the message that the client displays before codex has it.
        client_id: Option<String>,
        /// The parts of the message.
        content: Vec<UserInput>,
    }
    /// A message of a hook to the agent.
    "hookPrompt" HookPrompt {
        /// The parts of the message.
        fragments: Vec<HookPromptFragment>,
    }
    /// A message of the agent, in Markdown.
    "agentMessage" AgentMessage {
        /// The text so far.
        text: String,
        /// `commentary` or `final_answer`, as codex reports it.
        phase: Option<String>,
    }
    /// The output of a client's function.
    "functionCallOutput" FunctionCallOutput {
        /// The function's name.
        name: String,
        /// The function's namespace, if any.
        namespace: Option<String>,
        /// A text, or a list of content items.
        output: Json,
    }
    /// A proposed plan, in Markdown.
    "plan" Plan {
        /// The text so far.
        text: String,
    }
    /// The agent's reasoning.
    "reasoning" Reasoning {
        /// The parts of the summary, in Markdown.
        summary: Vec<String>,
        /// The full reasoning, if the model exposes it.
        content: Vec<String>,
    }
    /// A command of the agent.
    "commandExecution" CommandExecution {
        /// The command line.
        command: String,
        /// The working directory.
        cwd: String,
        /// What the parts of the command line do.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        command_actions: Vec<CommandAction>,
        /// The id of the process, while it exists.
        process_id: Option<String>,
        /// The origin of the command, as codex reports it.
        source: Option<String>,
        /// The command's status.
        status: ItemStatus,
        /// Standard output and standard error, interleaved.
        aggregated_output: Output,
        /// The exit status.
        exit_code: Option<i64>,
        /// The duration in milliseconds.
        duration_ms: Option<u64>,
    }
    /// Changes of files, applied or proposed.
    "fileChange" FileChange {
        /// The changes, one for each file.
        changes: Vec<FileUpdateChange>,
        /// The status of the changes.
        status: ItemStatus,
    }
    /// A call of an MCP server's tool.
    "mcpToolCall" McpToolCall {
        /// The server's name.
        server: String,
        /// The tool's name.
        tool: String,
        /// The call's status.
        status: ItemStatus,
        /// The arguments.
        arguments: Json,
        /// The result.
        result: Option<Json>,
        /// The error.
        error: Option<McpToolCallError>,
        /// The duration in milliseconds.
        duration_ms: Option<u64>,
        /// The newest progress message.
        progress: Option<String>,
    }
    /// A call of a client's tool.
    "dynamicToolCall" DynamicToolCall {
        /// The tool's namespace, if any.
        namespace: Option<String>,
        /// The tool's name.
        tool: String,
        /// The arguments.
        arguments: Json,
        /// The call's status.
        status: ItemStatus,
        /// The result.
        content_items: Option<Json>,
        /// Whether the call succeeded.
        success: Option<bool>,
        /// The duration in milliseconds.
        duration_ms: Option<u64>,
    }
    /// A call by which an agent controls or messages other agents.
    "collabAgentToolCall" CollabAgentToolCall {
        /// The tool: `spawnAgent`, `wait`, …
        tool: String,
        /// The call's status.
        status: ItemStatus,
        /// The message to the other agents.
        prompt: Option<String>,
        /// The threads of the other agents.
        receiver_thread_ids: Vec<String>,
    }
    /// An activity of a sub-agent.
    "subAgentActivity" SubAgentActivity {
        /// The kind of activity: `started`, `completed`, …
        kind: String,
        /// The sub-agent's thread.
        agent_thread_id: String,
        /// The sub-agent's path in the tree of agents.
        agent_path: String,
    }
    /// A web search.
    "webSearch" WebSearch {
        /// The query.
        query: String,
        /// The action: search, open a page, find in a page.
        action: Option<Json>,
    }
    /// An image that the agent viewed.
    "imageView" ImageView {
        /// The image's path.
        path: String,
    }
    /// A pause of the agent.
    "sleep" Sleep {
        /// The duration in milliseconds.
        duration_ms: u64,
    }
    /// An image that the agent generated.
    "imageGeneration" ImageGeneration {
        /// The status, as codex reports it.
        status: String,
        /// The prompt as revised by the image model.
        revised_prompt: Option<String>,
        /// The image's path.
        saved_path: Option<String>,
    }
    /// The start of a review.
    "enteredReviewMode" EnteredReviewMode {
        /// The target of the review.
        review: String,
    }
    /// The end of a review.
    "exitedReviewMode" ExitedReviewMode {
        /// The findings.
        review: String,
    }
    /// The history was summarized, to make room in the model's context window.
    "contextCompaction" ContextCompaction {}
}

/// The topic of a part of a reasoning summary: the bold text at its start.
pub fn summary_topic(part: &str) -> Option<&str> {
    part.trim_start().strip_prefix("**")?.split_once("**").map(|(topic, _)| topic.trim())
}

impl UserMessage {
    /// The text parts, joined by line breaks.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.content.iter().filter_map(|part| part.text.as_deref()).collect();
        texts.join("\n")
    }
}

impl CommandExecution {
    /// Returns `true` if the command was killed. Codex reports a command that it kills with exit status -1 or with that
    /// of SIGKILL, depending on a race between its tasks.
    pub fn was_killed(&self) -> bool {
        const SIGKILL_STATUS: i64 = 128 + 9;
        self.exit_code.is_some_and(|code| code < 0 || code == SIGKILL_STATUS)
    }

    /// Returns `true` if the command failed without being killed. A search that found nothing has not failed.
    pub fn has_failed(&self) -> bool {
        match self.exit_code {
            Some(code) => code > 0 && !self.was_killed() && !self.found_nothing(),
            None => self.status == ItemStatus::Failed,
        }
    }

    /// Returns `true` if all parts of the command line only read: they read files, list them, or search in them.
    pub fn only_explores(&self) -> bool {
        !self.command_actions.is_empty()
            && self.command_actions.iter().all(|action| action.kind != CommandActionKind::Unknown)
    }

    /// Returns `true` for a search without a match: `grep` and `rg` exit with status 1 then, and print nothing.
    pub fn found_nothing(&self) -> bool {
        let searches = self.command_actions.last().is_some_and(|last| last.kind == CommandActionKind::Search);
        searches && self.only_explores() && self.exit_code == Some(1) && self.aggregated_output.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(json: &str) -> Item {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn known_item_is_typed_and_serializes_in_codex_shape() {
        let item = read(r#"{"type":"agentMessage","id":"m1","text":"Hi","phase":null,"brandNew":{"a":1}}"#);
        let Item::AgentMessage(message) = &item else { panic!("{item:?}") };
        assert_eq!(message.text, "Hi");
        assert_eq!(item.kind(), "agentMessage");
        assert_eq!(
            serde_json::to_string(&item).unwrap(),
            r#"{"type":"agentMessage","id":"m1","text":"Hi","phase":null}"#
        );
    }

    #[test]
    fn command_explores_if_codex_recognises_all_of_its_parts() {
        let command = |actions: &str, rest: &str| {
            let json = format!(
                r#"{{"type":"commandExecution","id":"c","command":"…","commandActions":{actions}{rest}}}"#
            );
            let Item::CommandExecution(command) = read(&json) else { panic!("{json}") };
            command
        };
        let reads = command(r#"[{"type":"read","command":"cat a","name":"a","path":"/w/a"}]"#, "");
        assert!(reads.only_explores());
        assert_eq!(reads.command_actions[0].path.as_deref(), Some("/w/a"));
        assert!(!command("[]", "").only_explores());
        assert!(!command(r#"[{"type":"read"},{"type":"unknown","command":"rm a"}]"#, "").only_explores());
        assert!(!command(r#"[{"type":"somethingNew"}]"#, "").only_explores());

        let search = r#"[{"type":"search","query":"Discount","path":"src"}]"#;
        let without_match = command(search, r#","exitCode":1"#);
        assert!(without_match.found_nothing() && !without_match.has_failed());
        for rest in [r#","exitCode":2"#, r#","exitCode":1,"aggregatedOutput":"rg: no such file""#] {
            assert!(command(search, rest).has_failed(), "{rest}");
        }
        assert!(command(r#"[{"type":"read"}]"#, r#","exitCode":1"#).has_failed());
    }

    #[test]
    fn summary_topic_is_leading_bold_text() {
        assert_eq!(summary_topic("**Reading the request**\n\nIt says"), Some("Reading the request"));
        assert_eq!(summary_topic("**Reading the"), None);
        assert_eq!(summary_topic("It **says** so"), None);
    }

    #[test]
    fn unknown_type_keeps_its_json() {
        let json = r#"{"type":"hologram","id":"h1","beams":[1, 2]}"#;
        let item = read(json);
        assert_eq!((item.kind(), item.id().as_str()), ("hologram", "h1"));
        assert_eq!(serde_json::to_string(&item).unwrap(), json);
    }

    #[test]
    fn known_type_with_unexpected_shape_is_unknown() {
        let item = read(r#"{"type":"plan","id":"p1","text":["now","a","list"]}"#);
        assert!(matches!(item, Item::Unknown(_)), "{item:?}");
        assert_eq!(item.kind(), "plan");
    }

    #[test]
    fn unknown_status_and_null_fields_are_accepted() {
        let item = read(
            r#"{"type":"commandExecution","id":"c1","command":"ls","status":"paused","aggregatedOutput":null}"#,
        );
        let Item::CommandExecution(command) = item else { panic!("{item:?}") };
        assert_eq!(command.status, ItemStatus::Other);
        assert!(command.aggregated_output.is_empty());
    }

    #[test]
    fn killed_command_has_not_failed() {
        let ended = |fields: &str| {
            let item = read(&format!(r#"{{"type":"commandExecution","id":"c","command":"x",{fields}}}"#));
            let Item::CommandExecution(command) = item else { panic!("{item:?}") };
            (command.was_killed(), command.has_failed())
        };
        assert_eq!(ended(r#""status":"failed","exitCode":-1"#), (true, false));
        assert_eq!(ended(r#""status":"failed","exitCode":137"#), (true, false));
        assert_eq!(ended(r#""status":"failed","exitCode":101"#), (false, true));
        assert_eq!(ended(r#""status":"failed""#), (false, true));
        assert_eq!(ended(r#""status":"completed","exitCode":0"#), (false, false));
    }

    #[test]
    fn item_without_id_is_an_error() {
        assert!(serde_json::from_str::<Item>(r#"{"type":"plan"}"#).is_err());
    }
}
