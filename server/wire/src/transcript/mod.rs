//! The fold: it turns a session's events into a transcript.
//!
//! [`Transcript::apply`] is pure. The session runs it on every event, the server renders the result, and the browser
//! applies the rest of the stream to a [`crate::Snapshot`]. For every event n, the snapshot at n followed by the events
//! after n equals a replay of all events (`tests/fold`).

mod answer;
mod apply;
mod entries;
mod entry;
mod prepend;

use serde::Serialize;

pub use self::{
    answer::answer,
    apply::title_from_prompt,
    entries::Entries,
    entry::{Content, Entry, Notice, Phase, Question},
};
use crate::{
    codex::{McpServer, RateLimits, ThreadStatus, TokenUsage, TokenUsageBreakdown, TurnError, TurnStatus},
    event::SessionClosed,
    ids::{ItemId, ThreadId, TurnId},
    lenient_deserialize,
    request::UserRequest,
    turn::{ApprovalPolicy, QueueItem, SandboxMode},
};

/// A conversation as of an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// The sequence number of the last applied event.
    pub as_of: u64,
    /// The thread. `null` before the session has one.
    pub thread_id: Option<ThreadId>,
    /// The current model.
    pub model: Option<String>,
    /// The current reasoning effort. `null`: the model's default.
    pub effort: Option<String>,
    /// What commands may access. `null` if this version does not know the mode.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks for approval. `null` if this version does not know the policy.
    pub approval_policy: Option<ApprovalPolicy>,
    /// The thread's working directory, absolute.
    pub cwd: Option<String>,
    /// The thread's title: its name, else the first line of the first message.
    pub title: Option<String>,
    /// The thread's status, as codex reports it.
    pub status: ThreadStatus,
    /// Whether the thread has a process. Parking does not change it. `false` after the process died; the next turn
    /// starts another one.
    pub process: bool,
    /// The message of a temporary error that codex retries by itself, such as "Reconnecting... 2/5".
    pub retrying: Option<String>,
    /// The token usage.
    pub usage: Option<TokenUsage>,
    /// The rate limits of the account.
    pub rate_limits: Option<RateLimits>,
    /// The MCP servers of the thread's process, in the order in which codex reported them.
    pub mcp_servers: Vec<McpServer>,
    /// Codex's warnings without duplicates: every process of codex repeats them.
    pub warnings: Vec<String>,
    /// The end of the session, once it has ended.
    pub closed: Option<SessionClosed>,
    /// The queued messages, the next one first.
    pub queue: Vec<QueueItem>,
    /// The turns of the entries, oldest first.
    pub turns: Vec<TurnRecord>,
    /// The entries, oldest first.
    pub entries: Entries,
}
lenient_deserialize!(Transcript {
    as_of,
    thread_id,
    model,
    effort,
    sandbox,
    approval_policy,
    cwd,
    title,
    status,
    process,
    retrying,
    usage,
    rate_limits,
    mcp_servers,
    warnings,
    closed,
    queue,
    turns,
    entries
});

/// A turn in a transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnRecord {
    /// The turn's id.
    pub id: TurnId,
    /// The turn's status.
    pub status: TurnStatus,
    /// When the turn started, in Unix seconds.
    pub started_at: Option<i64>,
    /// The turn's duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Why the turn failed.
    pub error: Option<TurnError>,
    /// The tokens that the turn used while this session received its events.
    pub tokens: TokenUsageBreakdown,
}
lenient_deserialize!(TurnRecord { id, status, started_at, duration_ms, error, tokens });

/// Everything in a transcript that an event changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The entry that was added or updated.
    pub entry: Option<EntryChange>,
    /// Whether another field than `entries` changed, or several entries changed their phase.
    pub meta: bool,
    /// Whether all entries were replaced.
    pub reset: bool,
}

/// The change of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// The entry was added at the end.
    Added(ItemId),
    /// The entry was updated.
    Updated(ItemId),
}

impl Transcript {
    /// The running turn.
    pub fn active_turn(&self) -> Option<&TurnRecord> {
        self.turns.last().filter(|turn| turn.status == TurnStatus::InProgress)
    }

    /// The pending requests to the user, oldest first.
    pub fn pending_requests(&self) -> impl Iterator<Item = &UserRequest> {
        self.entries.iter().filter_map(|entry| match &entry.content {
            Content::Question(question) if question.resolved.is_none() => Some(&question.request),
            _ => None,
        })
    }

    /// The turn with this id.
    pub fn turn(&self, id: &TurnId) -> Option<&TurnRecord> {
        self.turns.iter().rev().find(|turn| turn.id == *id)
    }

    /// Removes old entries and their turns, so that at most `max_entries` with about `max_bytes` of text remain.
    /// Returns `true` if any entry was removed.
    ///
    /// A running entry stays, unless there are more than twice `max_entries`. Pending requests to the user stay in
    /// addition, however old they are: a request that is not displayed cannot be answered.
    pub fn trim(&mut self, max_entries: usize, max_bytes: usize) -> bool {
        let is_trimmed = self.entries.trim(max_entries, max_bytes);
        if is_trimmed {
            let first = self.entries.iter().find_map(|entry| entry.turn_id.as_ref());
            let from = first.and_then(|id| self.turns.iter().position(|turn| turn.id == *id));
            self.turns.drain(..from.unwrap_or(self.turns.len().saturating_sub(1)));
        }
        is_trimmed
    }
}
