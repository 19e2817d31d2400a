//! A message to the agent: what it says, what it is to run with, and the queue in which it can wait.

use std::fmt::{self, Formatter};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

use crate::{
    fields::{BadField, Fields},
    ids::{QueueItemId, TurnId, UploadId},
    json::Json,
    read_fields,
    words::{Unknown, words},
};

/// How many characters the texts of a message may have together: codex takes no more.
pub const MAX_PROMPT_CHARS: usize = 1 << 20;

words! {
    /// What commands of an agent may touch, in codex's words.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum SandboxMode {
        /// They may read.
        #[default]
        ReadOnly = "read-only",
        /// They may write in the session's directory.
        WorkspaceWrite = "workspace-write",
        /// They may do what the gateway's user may.
        DangerFullAccess = "danger-full-access",
    }
}

words! {
    /// When codex asks before it leaves the sandbox, in its words.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum ApprovalPolicy {
        /// When the agent thinks it must.
        #[default]
        OnRequest = "on-request",
        /// Never: what the sandbox does not allow fails.
        Never = "never",
    }
}

words! {
    /// What to do with a message while a turn runs.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum WhenBusy {
        /// Refuse it.
        #[default]
        Reject = "reject",
        /// Let it wait in the session's queue; it becomes a turn of its own.
        Queue = "queue",
        /// Tell it to the agent that is at work. Where that cannot be, it waits at the front of the queue.
        Steer = "steer",
    }
}

/// `POST /api/sessions/{id}/turn`: a message, and what it is to run with. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct StartTurn {
    /// What the user says; may be empty if `input` is not.
    pub prompt: String,
    /// What comes after the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<InputPart>,
    /// The model from this turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How hard the model shall think, from this turn on: one of the words that its entry in `models` lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may touch, from this turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxMode>,
    /// When codex asks, from this turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
    /// A JSON Schema that the answer of this turn alone must follow; nested at most 100 deep.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "schema")]
    pub output_schema: Option<Json>,
    /// The client's own id of the message; comes back as `clientId` of the user's item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// What to do with it while a turn runs; it is refused without.
    pub when_busy: WhenBusy,
    /// The turn whose place the message takes. That turn and all later ones are removed before the message is sent; files stay as
    /// they are. A message that cannot be sent removes nothing. Refused while a turn runs, whatever `whenBusy` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces_turn_id: Option<TurnId>,
    /// With `replacesTurnId`: the last turn that the client knows of. Refused if the conversation ends with another turn, so that
    /// no turn is removed that the client has not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_last_turn_id: Option<TurnId>,
    /// Whether the reply waits for the end of its turn.
    #[serde(skip_serializing_if = "Wait::is_no")]
    pub wait: Wait,
}

/// How deep a schema may be. Codex reads no message in which more than 128 are inside one another.
const DEEPEST: usize = 100;

/// Reads a schema that codex can read as well.
fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    let schema = Option::<Json>::deserialize(deserializer)?;
    if schema.as_ref().is_some_and(|schema| schema.depth() > DEEPEST) {
        return Err(D::Error::custom(format_args!("outputSchema is nested more than {DEEPEST} deep")));
    }
    Ok(schema)
}

/// Whether a reply waits for the end of the turn: `true`, `false`, or for how many seconds at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// It does not.
    #[default]
    No,
    /// However long that takes.
    ToTheEnd,
    /// So many seconds at most.
    Seconds(u32),
}

impl Wait {
    /// The longest time that can be named, in seconds: a day.
    pub const LONGEST: u32 = 24 * 60 * 60;

    /// Whether it does not.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }
}

impl Serialize for Wait {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::ToTheEnd => serializer.serialize_bool(true),
            Self::Seconds(seconds) => serializer.serialize_u32(*seconds),
        }
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Wait;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                write!(f, "true, false, or whole seconds up to {}", Wait::LONGEST)
            }

            fn visit_bool<E: Error>(self, waits: bool) -> Result<Wait, E> {
                Ok(if waits { Wait::ToTheEnd } else { Wait::No })
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Wait, E> {
                match u32::try_from(seconds) {
                    Ok(0) => Ok(Wait::No),
                    Ok(seconds) if seconds <= Wait::LONGEST => Ok(Wait::Seconds(seconds)),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(seconds), &self)),
                }
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// A part of a message beside its prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum InputPart {
    /// More text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    Image {
        /// The id that `POST /api/uploads` gave it.
        upload: UploadId,
    },
    /// A file or directory that the message is about.
    Mention {
        /// Its path, relative to the session's directory.
        path: String,
    },
    /// A skill that the agent shall use.
    Skill {
        /// The skill's name.
        name: String,
        /// The path of its `SKILL.md`, relative to the session's directory.
        path: String,
    },
}

impl InputPart {
    const KINDS: &[&str] = &["text", "image", "mention", "skill"];

    fn read(kind: &str, fields: &mut Fields) -> Result<Option<Self>, BadField> {
        Ok(Some(match kind {
            "text" => Self::Text { text: fields.need("text")? },
            "image" => Self::Image { upload: fields.need("upload")? },
            "mention" => Self::Mention { path: fields.need("path")? },
            "skill" => Self::Skill { name: fields.need("name")?, path: fields.need("path")? },
            _ => return Ok(None),
        }))
    }
}

impl<'de> Deserialize<'de> for InputPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let word: String = fields.need("type").map_err(D::Error::custom)?;
        let part = Self::read(&word, &mut fields).map_err(D::Error::custom)?;
        part.ok_or_else(|| D::Error::custom(Unknown { word, known: Self::KINDS }))
    }
}

/// A message that waits for its turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueItem {
    /// Its id.
    pub id: QueueItemId,
    /// The client's own id of the message.
    pub client_message_id: Option<String>,
    /// What the user says: the prompt.
    pub text: String,
    /// What comes after the prompt.
    pub input: Vec<InputPart>,
    /// The model from its turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How hard the model shall think, from its turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// What commands may touch, from its turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxMode>,
    /// When codex asks, from its turn on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<ApprovalPolicy>,
    /// A JSON Schema that the answer of its turn must follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// It is on its way to codex, and cannot be changed any more.
    pub sending: bool,
    /// Why codex did not take it. The queue waits until somebody changes it, sends it or takes it out.
    pub error: Option<String>,
}
read_fields!(QueueItem {
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
    /// A message that waits from now on.
    pub fn new(id: QueueItemId, turn: StartTurn) -> Self {
        let StartTurn { prompt, input, model, effort, sandbox, approval_policy, .. } = turn;
        let StartTurn { output_schema, client_message_id, .. } = turn;
        Self {
            // One without an id of the client's is known by ours, once codex has it.
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

    /// The message that it is.
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

/// `queue`: what waits for its turn, all of it, the next one first. The data of the event, and a part of the reply of
/// `GET /api/sessions/{id}/queue`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// The messages.
    pub items: Vec<QueueItem>,
}
read_fields!(Queue { items });

/// What to do with a message that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QueueChange {
    /// Say something else, or wait elsewhere.
    Edit(EditQueueItem),
    /// Take it out.
    Remove,
    /// Send it now: as a turn, or to the agent that is at work.
    Send,
}

/// `PATCH /api/sessions/{id}/queue/{itemId}`: what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct EditQueueItem {
    /// What it says instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Which one it shall wait before; `null`: it shall be the last.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "said")]
    pub before: Option<Option<QueueItemId>>,
}

/// Tells `null` from what is left out.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

words! {
    /// What became of a message.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TurnOutcome {
        /// It began a turn.
        Started = "started",
        /// The agent that was at work was told.
        Steered = "steered",
        /// It waits in the queue.
        Queued = "queued",
    }
}

/// What became of a message: a part of the reply to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// What became of it.
    pub outcome: TurnOutcome,
    /// The turn that it began or that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// The place in the queue where it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_item_id: Option<QueueItemId>,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_part_reads_back_as_written_and_a_wrong_one_is_named() {
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
    fn a_prompt_alone_is_a_message() {
        let turn: StartTurn = serde_json::from_str(r#"{"prompt":"Hi"}"#).unwrap();
        assert_eq!(turn, StartTurn { prompt: "Hi".into(), ..StartTurn::default() });
        let wrong = serde_json::from_str::<StartTurn>(r#"{"prompt":"Hi","whenBusy":"maybe"}"#).unwrap_err();
        assert!(wrong.to_string().contains("none of: reject, queue, steer"), "{wrong}");
    }

    #[test]
    fn one_waits_to_the_end_or_for_a_while() {
        let wait = |json: &str| serde_json::from_str::<StartTurn>(&format!(r#"{{"wait":{json}}}"#));
        for (json, expected) in [
            ("true", Wait::ToTheEnd),
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
    fn a_message_that_waited_is_the_same_message() {
        let json = r#"{"prompt":"Hi","input":[{"type":"mention","path":"a"}],"model":"m","effort":"low","sandbox":"read-only",
            "approvalPolicy":"never","outputSchema":{"type":"object"},"clientMessageId":"c"}"#;
        let turn: StartTurn = serde_json::from_str(json).unwrap();
        assert_eq!(QueueItem::new("q".into(), turn.clone()).turn(), turn);
    }

    #[test]
    fn the_end_of_the_queue_is_a_place() {
        let edit = |json: &str| serde_json::from_str::<EditQueueItem>(json).unwrap().before;
        assert_eq!(edit(r#"{"text":"x"}"#), None);
        assert_eq!(edit(r#"{"before":null}"#), Some(None));
        assert_eq!(edit(r#"{"before":"q"}"#), Some(Some("q".into())));
    }
}
