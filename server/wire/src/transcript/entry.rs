//! One entry of a transcript.

use serde::{Deserialize, Serialize};

use crate::{
    codex::{Item, TurnPlan},
    event::ServerRequest,
    ids::{ItemId, TurnId},
    read_fields,
    request::{RequestResolved, UserRequest},
    words::words,
};

/// One entry of a transcript: an item of codex, or something that the gateway adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id, by which it is updated.
    pub id: ItemId,
    /// The newest event that is in it; older ones do not change it.
    pub as_of: u64,
    /// The turn it belongs to.
    pub turn_id: Option<TurnId>,
    /// How far it has come.
    pub phase: Phase,
    /// When it began, in Unix milliseconds.
    pub started_at_ms: Option<i64>,
    /// When it ended, in Unix milliseconds.
    pub completed_at_ms: Option<i64>,
    /// What it is.
    pub content: Content,
}
read_fields!(Entry { id, as_of, turn_id, started_at_ms, completed_at_ms; phase, content });

words! {
    /// How far an entry has come.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Phase {
        /// More may come.
        Running = "running",
        /// It is complete.
        Done = "done",
        /// It ended before it was complete: its turn or its process did.
        Cut = "cut",
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// An item of codex.
    Item(Item),
    /// The plan of a turn, as it stands.
    Plan(TurnPlan),
    /// A message for people, from codex or the gateway.
    Notice(Notice),
    /// Something that codex asked of its client, and what it was answered.
    Request(ServerRequest),
    /// Something that codex asked of the user.
    Question(Box<Question>),
}

/// Something that codex asked of the user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// What it asked.
    pub request: UserRequest,
    /// How it ended; none while it waits.
    pub resolved: Option<RequestResolved>,
}
read_fields!(Question { resolved; request });

/// A message for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What it says.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// Whether something went wrong.
    pub failure: bool,
}
read_fields!(Notice { message, detail, failure });

impl Entry {
    /// Whether it waits for the user.
    pub(super) fn waits(&self) -> bool {
        matches!(&self.content, Content::Question(question) if question.resolved.is_none())
    }
}

impl Content {
    /// About how many bytes of text it holds.
    pub(super) fn weight(&self) -> usize {
        const FIELDS: usize = 200;
        FIELDS
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
