//! Messages to the agent: their content and settings, the queue, and how they were delivered.

use std::fmt::{self, Formatter};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

use crate::{
    fields::{BadField, Fields},
    ids::{QueueItemId, TurnId, UploadId},
    json::Json,
    lenient_deserialize,
    string_enum::{UnknownString, string_enum},
};

/// The maximum number of characters in the texts of a message. It is codex's limit.
pub const MAX_PROMPT_CHARS: usize = 1 << 20;

string_enum! {
    /// What the agent's commands may access. The values are codex's.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum SandboxMode {
        /// Commands may read files.
        #[default]
        ReadOnly = "read-only",
        /// Commands may also write in the session's directory.
        WorkspaceWrite = "workspace-write",
        /// Commands have all permissions of the gateway's user.
        DangerFullAccess = "danger-full-access",
    }
}

string_enum! {
    /// When codex asks for approval of commands outside of the sandbox. The values are codex's.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum ApprovalPolicy {
        /// When the agent decides to.
        #[default]
        OnRequest = "on-request",
        /// Never: what the sandbox does not allow fails.
        Never = "never",
    }
}

string_enum! {
    /// How a message is delivered while a turn runs.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum WhenBusy {
        /// The message is rejected.
        #[default]
        Reject = "reject",
        /// The message is queued, and starts a turn later.
        Queue = "queue",
        /// The message steers the running turn. If that is not possible, it is put at the front of the queue.
        Steer = "steer",
    }
}

/// `POST /api/sessions/{id}/turn`: a message, and settings of the thread from its turn on. Omitted settings stay
/// unchanged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct StartTurn {
    /// The text of the message. May be empty if `input` is not.
    pub prompt: String,
    /// Further parts of the message, after the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<InputPart>,
    /// The model from this turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The reasoning effort from this turn on: one of those that the model's entry in `models` lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may access from this turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval from this turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
    /// A JSON Schema that the answer must match, for this turn only. Nested at most 100 levels deep.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "output_schema")]
    pub output_schema: Option<Json>,
    /// The client's id of the message. Returned as `clientId` of the user's item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// How the message is delivered while a turn runs. Default: it is rejected.
    pub when_busy: WhenBusy,
    /// The turn that the message replaces. This turn and all later ones are removed before the message is sent; files
    /// stay as they are. A message that cannot be sent removes nothing. Rejected while a turn runs, whatever
    /// `whenBusy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces_turn_id: Option<TurnId>,
    /// With `replacesTurnId`: the last turn that the client knows. The message is rejected if the conversation ends
    /// with another turn, so that no turn is removed that the client has not displayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_last_turn_id: Option<TurnId>,
    /// Whether the reply waits for the end of the turn.
    #[serde(skip_serializing_if = "Wait::is_no")]
    pub wait: Wait,
}

/// The maximum nesting of an output schema. Codex rejects messages that are nested more than 128 levels deep.
const MAX_SCHEMA_DEPTH: usize = 100;

/// Deserializes an output schema, and rejects one that codex could not read.
fn output_schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    let schema = Option::<Json>::deserialize(deserializer)?;
    if schema.as_ref().is_some_and(|schema| schema.depth() > MAX_SCHEMA_DEPTH) {
        let message = format_args!("outputSchema is nested more than {MAX_SCHEMA_DEPTH} deep");
        return Err(D::Error::custom(message));
    }
    Ok(schema)
}

/// Whether a reply waits for the end of the turn: `true`, `false`, or a maximum number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Without waiting.
    #[default]
    No,
    /// Without a time limit.
    UntilEnd,
    /// At most this number of seconds.
    Seconds(u32),
}

impl Wait {
    /// The maximum time limit in seconds: a day.
    pub const MAX_SECONDS: u32 = 24 * 60 * 60;

    /// Returns `true` for [`Wait::No`].
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "required by serde")]
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }
}

impl Serialize for Wait {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::UntilEnd => serializer.serialize_bool(true),
            Self::Seconds(seconds) => serializer.serialize_u32(*seconds),
        }
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WaitVisitor;
        impl Visitor<'_> for WaitVisitor {
            type Value = Wait;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                write!(f, "true, false, or whole seconds up to {}", Wait::MAX_SECONDS)
            }

            fn visit_bool<E: Error>(self, waits: bool) -> Result<Wait, E> {
                Ok(if waits { Wait::UntilEnd } else { Wait::No })
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Wait, E> {
                match u32::try_from(seconds) {
                    Ok(0) => Ok(Wait::No),
                    Ok(seconds) if seconds <= Wait::MAX_SECONDS => Ok(Wait::Seconds(seconds)),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(seconds), &self)),
                }
            }
        }
        deserializer.deserialize_any(WaitVisitor)
    }
}

/// A part of a message besides its prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum InputPart {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    Image {
        /// The id that `POST /api/uploads` returned.
        upload: UploadId,
    },
    /// A mention of a file or directory.
    Mention {
        /// The path, relative to the session's directory.
        path: String,
    },
    /// A skill for the agent to use.
    Skill {
        /// The skill's name.
        name: String,
        /// The path of its `SKILL.md`, relative to the session's directory.
        path: String,
    },
}

impl InputPart {
    const KINDS: &[&str] = &["text", "image", "mention", "skill"];

    /// Returns the id of an uploaded image. `None` for other parts.
    pub fn upload(&self) -> Option<&UploadId> {
        match self {
            Self::Image { upload } => Some(upload),
            _ => None,
        }
    }

    fn read(kind: &str, fields: &mut Fields) -> Result<Option<Self>, BadField> {
        Ok(Some(match kind {
            "text" => Self::Text { text: fields.require("text")? },
            "image" => Self::Image { upload: fields.require("upload")? },
            "mention" => Self::Mention { path: fields.require("path")? },
            "skill" => Self::Skill { name: fields.require("name")?, path: fields.require("path")? },
            _ => return Ok(None),
        }))
    }
}

impl<'de> Deserialize<'de> for InputPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let kind: String = fields.require("type").map_err(D::Error::custom)?;
        let part = Self::read(&kind, &mut fields).map_err(D::Error::custom)?;
        part.ok_or_else(|| D::Error::custom(UnknownString { string: kind, known: Self::KINDS }))
    }
}

/// A queued message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueItem {
    /// The message's id in the queue.
    pub id: QueueItemId,
    /// The client's id of the message.
    pub client_message_id: Option<String>,
    /// The text of the message.
    pub text: String,
    /// Further parts of the message, after the prompt.
    pub input: Vec<InputPart>,
    /// The model from the message's turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The reasoning effort from the message's turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may access from the message's turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval from the message's turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
    /// A JSON Schema that the answer to the message must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// Whether the message is being sent to codex. It cannot be changed any more.
    pub sending: bool,
    /// Why codex rejected the message. The queue is blocked until the message is changed, sent or removed.
    pub error: Option<String>,
}
lenient_deserialize!(QueueItem {
    id,
    client_message_id,
    text,
    input,
    model,
    effort,
    sandbox,
    approval_policy,
    output_schema,
    sending,
    error
});

impl QueueItem {
    /// Makes a queued message.
    pub fn new(id: QueueItemId, turn: StartTurn) -> Self {
        let StartTurn { prompt, input, model, effort, sandbox, approval_policy, .. } = turn;
        let StartTurn { output_schema, client_message_id, .. } = turn;
        Self {
            // The id by which the message is recognized once codex has it.
            client_message_id: client_message_id.or_else(|| Some(id.to_string())),
            id,
            text: prompt,
            input,
            model,
            effort,
            sandbox,
            approval_policy,
            output_schema,
            ..Self::default()
        }
    }

    /// The message as a request to start a turn.
    pub fn turn(&self) -> StartTurn {
        let item = self.clone();
        StartTurn {
            prompt: item.text,
            input: item.input,
            model: item.model,
            effort: item.effort,
            sandbox: item.sandbox,
            approval_policy: item.approval_policy,
            output_schema: item.output_schema,
            client_message_id: item.client_message_id,
            ..StartTurn::default()
        }
    }
}

/// `queue`: all queued messages, the next one first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// The messages.
    pub items: Vec<QueueItem>,
}
lenient_deserialize!(Queue { items });

/// A change of a queued message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QueueChange {
    /// Changes the text or the position.
    Edit(EditQueueItem),
    /// Removes the message.
    Remove,
    /// Sends the message now: it starts a turn or steers the running one.
    Send,
}

/// `PATCH /api/sessions/{id}/queue/{itemId}`. Omitted fields stay unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct EditQueueItem {
    /// The new text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message to move this one before. `null` moves it to the end.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub before: Option<Option<QueueItemId>>,
}

/// Deserializes a field that is present, so that `null` differs from an omitted field.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

string_enum! {
    /// How a message was delivered.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum DeliveryOutcome {
        /// The message started a turn.
        Started = "started",
        /// The message steered the running turn.
        Steered = "steered",
        /// The message is queued.
        Queued = "queued",
    }
    schema_name = "TurnOutcome"
}

/// How a message was delivered, and to which turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Sent))]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// How the message was delivered.
    pub outcome: DeliveryOutcome,
    /// The turn that the message started or steered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// The message's id in the queue, if it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_item_id: Option<QueueItemId>,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn input_parts_round_trip_and_errors_name_the_field() {
        let json = r#"[{"type":"text","text":"a"},{"type":"image","upload":"u"},{"type":"mention","path":"p"},{"type":"skill","name":"n","path":"p"}]"#;
        let parts: Vec<InputPart> = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&parts).unwrap(), json);
        for (wrong, named) in [
            (r#"{"type":"audio"}"#, "none of: text, image, mention, skill"),
            (r#"{"type":"image"}"#, "upload"),
            (r#"{"type":"mention","path":7}"#, "path"),
            ("{}", "type"),
        ] {
            let error = serde_json::from_str::<InputPart>(wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn prompt_alone_is_a_valid_message() {
        let turn: StartTurn = serde_json::from_str(r#"{"prompt":"Hi"}"#).unwrap();
        assert_eq!(turn, StartTurn { prompt: "Hi".into(), ..StartTurn::default() });
        let wrong = serde_json::from_str::<StartTurn>(r#"{"prompt":"Hi","whenBusy":"maybe"}"#).unwrap_err();
        assert!(wrong.to_string().contains("none of: reject, queue, steer"), "{wrong}");
    }

    #[test]
    fn wait_is_a_boolean_or_seconds_up_to_a_day() {
        let wait = |json: &str| serde_json::from_str::<StartTurn>(&format!(r#"{{"wait":{json}}}"#));
        for (json, expected) in [
            ("true", Wait::UntilEnd),
            ("false", Wait::No),
            ("0", Wait::No),
            ("30", Wait::Seconds(30)),
            ("86400", Wait::Seconds(86_400)),
        ] {
            assert_eq!(wait(json).unwrap().wait, expected);
        }
        for wrong in ["-1", "1.5", "86401", "99999999999", "\"long\"", "null"] {
            let error = wait(wrong).unwrap_err().to_string();
            assert!(error.contains("true, false, or whole seconds up to 86400"), "{error}");
        }
        let waits = StartTurn { wait: Wait::Seconds(5), ..StartTurn::default() };
        let json = serde_json::to_string(&waits).unwrap();
        assert_eq!(serde_json::from_str::<StartTurn>(&json).unwrap(), waits);
        assert!(!serde_json::to_string(&StartTurn::default()).unwrap().contains("wait"));
    }

    #[test]
    fn message_is_unchanged_by_the_queue() {
        let json = r#"{"prompt":"Hi","input":[{"type":"mention","path":"a"}],"model":"m","effort":"low","sandbox":"read-only",
            "approvalPolicy":"never","outputSchema":{"type":"object"},"clientMessageId":"c"}"#;
        let turn: StartTurn = serde_json::from_str(json).unwrap();
        assert_eq!(QueueItem::new("q".into(), turn.clone()).turn(), turn);
    }

    #[test]
    fn null_position_differs_from_omitted_position() {
        let edit = |json: &str| serde_json::from_str::<EditQueueItem>(json).unwrap().before;
        assert_eq!(edit(r#"{"text":"x"}"#), None);
        assert_eq!(edit(r#"{"before":null}"#), Some(None));
        assert_eq!(edit(r#"{"before":"q"}"#), Some(Some("q".into())));
    }
}
