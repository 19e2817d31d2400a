//! An entry of a transcript.

use serde::{Deserialize, Serialize};

use crate::{
    codex::{Item, TurnPlan},
    event::ServerRequest,
    ids::{ItemId, TurnId},
    lenient_deserialize,
    request::{RequestResolved, UserRequest},
    string_enum::string_enum,
};

/// An entry of a transcript: an item of codex, or an entry that the gateway adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The entry's id.
    pub id: ItemId,
    /// The sequence number of the newest event that the entry includes. Older events do not change it.
    pub as_of: u64,
    /// The entry's turn.
    pub turn_id: Option<TurnId>,
    /// The entry's phase.
    pub phase: Phase,
    /// When the entry started, in Unix milliseconds.
    pub started_at_ms: Option<i64>,
    /// When the entry ended, in Unix milliseconds.
    pub completed_at_ms: Option<i64>,
    /// The content.
    pub content: Content,
}
lenient_deserialize!(Entry { id, as_of, turn_id, started_at_ms, completed_at_ms; phase, content });

string_enum! {
    /// The phase of an entry.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Phase {
        /// The entry may still change.
        Running = "running",
        /// The entry is complete.
        Done = "done",
        /// The entry's turn or process ended before the entry was complete.
        Interrupted = "cut",
    }
}

/// The content of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// An item of codex.
    Item(Item),
    /// The current plan of a turn.
    Plan(TurnPlan),
    /// A human-readable message of codex or the gateway.
    Notice(Notice),
    /// A request of codex that the gateway answered.
    Request(ServerRequest),
    /// A request of codex to the user.
    Question(Box<Question>),
}

/// A request of codex to the user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// The request.
    pub request: UserRequest,
    /// The end of the request. `null` while it is pending.
    pub resolved: Option<RequestResolved>,
}
lenient_deserialize!(Question { resolved; request });

/// A human-readable message of codex or the gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The text.
    pub message: String,
    /// Further text.
    pub detail: Option<String>,
    /// Whether the message reports a failure.
    pub failure: bool,
}
lenient_deserialize!(Notice { message, detail, failure });

impl Entry {
    /// Returns `true` for a pending request to the user.
    pub(super) fn is_pending_request(&self) -> bool {
        matches!(&self.content, Content::Question(question) if question.resolved.is_none())
    }
}

impl Content {
    /// The approximate size in bytes.
    pub(super) fn approximate_bytes(&self) -> usize {
        /// An estimate for the fields that are not counted below.
        const OTHER_FIELDS_BYTES: usize = 200;
        OTHER_FIELDS_BYTES
            + match self {
                Self::Item(Item::UserMessage(m)) => {
                    m.content.iter().flat_map(|part| [&part.text, &part.url]).flatten().map(String::len).sum()
                }
                Self::Item(Item::AgentMessage(m)) => m.text.len(),
                Self::Item(Item::Plan(plan)) => plan.text.len(),
                Self::Item(Item::Reasoning(r)) => r.summary.iter().chain(&r.content).map(String::len).sum(),
                Self::Item(Item::CommandExecution(c)) => c.command.len() + c.aggregated_output.len(),
                Self::Item(Item::FileChange(f)) => f.changes.iter().map(|change| change.diff.len()).sum(),
                Self::Item(Item::McpToolCall(call)) => {
                    call.arguments.get().len() + call.result.as_ref().map_or(0, |result| result.get().len())
                }
                Self::Item(Item::DynamicToolCall(call)) => {
                    call.arguments.get().len()
                        + call.content_items.as_ref().map_or(0, |items| items.get().len())
                }
                Self::Item(Item::FunctionCallOutput(output)) => output.output.get().len(),
                Self::Item(Item::Unknown(item)) => item.raw.get().len(),
                Self::Request(request) => request.params.get().len(),
                Self::Question(question) => {
                    let request = &question.request;
                    let changes: usize = request.summary.changes.iter().map(|change| change.diff.len()).sum();
                    request.params.get().len() + changes
                }
                _ => 0,
            }
    }
}
