//! Items: what a turn is made of. 19 kinds in 0.171.0, and whatever comes next.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    parts::{FileUpdateChange, HookPromptFragment, McpToolCallError, UserInput},
    status::ItemStatus,
};
use crate::{
    fields::{BadField, Fields},
    ids::ItemId,
    json::Json,
    output::Output,
};

/// Declares the item kinds: one struct each, and the enum over them with its reader.
///
/// Reading is by hand (first `type`, then field by field), because serde's tagged enums cannot carry raw
/// JSON, and a reader derived for each kind would cost the browser ten times the code. A known kind whose
/// shape has changed reads as [`Item::Unknown`].
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
            /// A kind, or a shape of a known kind, that this version does not know.
            Unknown(UnknownItem),
        }

        // (Not derived: what is known has the shape of what is not, and would be both.)
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
            /// Reads an item from codex's JSON; `None` only if it has no id.
            pub fn parse(raw: &RawValue) -> Option<Self> {
                let mut fields = Fields::of(raw)?;
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

            /// The item's `type`, as codex writes it.
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

/// An item of a kind that this version does not know, as codex wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownItem {
    /// The item's id.
    pub id: ItemId,
    /// The item's `type`.
    pub kind: String,
    /// All of it.
    pub raw: Json,
}

impl Serialize for UnknownItem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

items! {
    /// What the user said.
    "userMessage" UserMessage {
        /// The id that the client gave the message, if it gave one: matches what it showed at once.
        client_id: Option<String>,
        /// Its parts.
        content: Vec<UserInput>,
    }
    /// What a hook told the agent.
    "hookPrompt" HookPrompt {
        /// Its parts.
        fragments: Vec<HookPromptFragment>,
    }
    /// What the agent said, in Markdown.
    "agentMessage" AgentMessage {
        /// The text so far.
        text: String,
        /// Whether it comments on the work or answers, in codex's words.
        phase: Option<String>,
    }
    /// What a function of the client's answered.
    "functionCallOutput" FunctionCallOutput {
        /// The function's name.
        name: String,
        /// Its namespace, if it has one.
        namespace: Option<String>,
        /// A text, or a list of content items.
        output: Json,
    }
    /// A proposed plan, in Markdown.
    "plan" Plan {
        /// The text so far.
        text: String,
    }
    /// What the agent thought.
    "reasoning" Reasoning {
        /// The summary's parts, in Markdown.
        summary: Vec<String>,
        /// The thoughts themselves, where the model shows them.
        content: Vec<String>,
    }
    /// A command that the agent ran.
    "commandExecution" CommandExecution {
        /// The command line.
        command: String,
        /// Where it runs.
        cwd: String,
        /// The process, while there is one.
        process_id: Option<String>,
        /// Who started it, in codex's words.
        source: Option<String>,
        /// How far it has come.
        status: ItemStatus,
        /// What it printed, both streams together.
        aggregated_output: Output,
        /// Its exit status.
        exit_code: Option<i64>,
        /// How long it ran, in milliseconds.
        duration_ms: Option<u64>,
    }
    /// Files that the agent changed, or wants to.
    "fileChange" FileChange {
        /// One entry for each file.
        changes: Vec<FileUpdateChange>,
        /// How far it has come.
        status: ItemStatus,
    }
    /// A call of a tool of an MCP server.
    "mcpToolCall" McpToolCall {
        /// The server's name.
        server: String,
        /// The tool's name.
        tool: String,
        /// How far it has come.
        status: ItemStatus,
        /// What it was called with.
        arguments: Json,
        /// What it answered.
        result: Option<Json>,
        /// What went wrong.
        error: Option<McpToolCallError>,
        /// How long it took, in milliseconds.
        duration_ms: Option<u64>,
        /// The newest word on its progress.
        progress: Option<String>,
    }
    /// A call of a tool that the client offers.
    "dynamicToolCall" DynamicToolCall {
        /// The tool's namespace, if it has one.
        namespace: Option<String>,
        /// The tool's name.
        tool: String,
        /// What it was called with.
        arguments: Json,
        /// How far it has come.
        status: ItemStatus,
        /// What it answered.
        content_items: Option<Json>,
        /// Whether it did what it was asked.
        success: Option<bool>,
        /// How long it took, in milliseconds.
        duration_ms: Option<u64>,
    }
    /// A word between agents.
    "collabAgentToolCall" CollabAgentToolCall {
        /// What was done, in codex's words: `spawnAgent`, `wait`, …
        tool: String,
        /// How far it has come.
        status: ItemStatus,
        /// What the other agent was told.
        prompt: Option<String>,
        /// The threads of the agents spoken to.
        receiver_thread_ids: Vec<String>,
    }
    /// Something another agent of this conversation did.
    "subAgentActivity" SubAgentActivity {
        /// What happened, in codex's words: `started`, `completed`, …
        kind: String,
        /// The agent's thread.
        agent_thread_id: String,
        /// The agent's place among the agents.
        agent_path: String,
    }
    /// A search of the web.
    "webSearch" WebSearch {
        /// What was searched for.
        query: String,
        /// What was done: search, open a page, find in it.
        action: Option<Json>,
    }
    /// An image that the agent looked at.
    "imageView" ImageView {
        /// Its path.
        path: String,
    }
    /// A pause that the agent made.
    "sleep" Sleep {
        /// How long, in milliseconds.
        duration_ms: u64,
    }
    /// An image that the agent made.
    "imageGeneration" ImageGeneration {
        /// How far it has come, in codex's words.
        status: String,
        /// The prompt as the image model understood it.
        revised_prompt: Option<String>,
        /// Where it was saved.
        saved_path: Option<String>,
    }
    /// A review begins.
    "enteredReviewMode" EnteredReviewMode {
        /// What is reviewed.
        review: String,
    }
    /// A review ends.
    "exitedReviewMode" ExitedReviewMode {
        /// What it found.
        review: String,
    }
    /// The conversation so far was summed up to make room.
    "contextCompaction" ContextCompaction {}
}

/// What a part of a reasoning's summary is about: it begins with that, in bold.
pub fn topic(part: &str) -> Option<&str> {
    part.trim_start().strip_prefix("**")?.split_once("**").map(|(topic, _)| topic.trim())
}

impl UserMessage {
    /// Its text parts, a line break between them.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.content.iter().filter_map(|part| part.text.as_deref()).collect();
        texts.join("\n")
    }
}

impl CommandExecution {
    /// Whether it was ended from outside. Codex gives a command that it ends itself an exit status of -1, or that of
    /// SIGKILL, whichever of its tasks comes to it first.
    pub fn was_killed(&self) -> bool {
        const BY_SIGKILL: i64 = 128 + 9;
        self.exit_code.is_some_and(|code| code < 0 || code == BY_SIGKILL)
    }

    /// Whether it went wrong by itself.
    pub fn has_failed(&self) -> bool {
        match self.exit_code {
            Some(code) => code > 0 && !self.was_killed(),
            None => self.status == ItemStatus::Failed,
        }
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
    fn a_known_item_is_typed_and_written_in_codex_own_shape() {
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
    fn the_topic_is_what_stands_in_bold_at_the_beginning() {
        assert_eq!(topic("**Reading the request**\n\nIt says"), Some("Reading the request"));
        assert_eq!(topic("**Reading the"), None);
        assert_eq!(topic("It **says** so"), None);
    }

    #[test]
    fn an_unknown_kind_keeps_its_json() {
        let json = r#"{"type":"hologram","id":"h1","beams":[1, 2]}"#;
        let item = read(json);
        assert_eq!((item.kind(), item.id().as_str()), ("hologram", "h1"));
        assert_eq!(serde_json::to_string(&item).unwrap(), json);
    }

    #[test]
    fn a_known_kind_of_another_shape_is_unknown_not_an_error() {
        let item = read(r#"{"type":"plan","id":"p1","text":["now","a","list"]}"#);
        assert!(matches!(item, Item::Unknown(_)), "{item:?}");
        assert_eq!(item.kind(), "plan");
    }

    #[test]
    fn an_unknown_status_and_null_fields_pass() {
        let item = read(
            r#"{"type":"commandExecution","id":"c1","command":"ls","status":"paused","aggregatedOutput":null}"#,
        );
        let Item::CommandExecution(command) = item else { panic!("{item:?}") };
        assert_eq!(command.status, ItemStatus::Other);
        assert!(command.aggregated_output.is_empty());
    }

    #[test]
    fn a_command_that_was_stopped_did_not_fail() {
        let ended = |ending: &str| {
            let item = read(&format!(r#"{{"type":"commandExecution","id":"c","command":"x",{ending}}}"#));
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
    fn an_item_without_an_id_is_an_error() {
        assert!(serde_json::from_str::<Item>(r#"{"type":"plan"}"#).is_err());
    }
}
