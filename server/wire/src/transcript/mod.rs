//! The fold: a session's events become its conversation.
//!
//! [`Transcript::apply`] is pure. The session runs it on every event, the server renders its result, and
//! the browser goes on with the same function from a [`crate::Snapshot`]: for every cut n, the snapshot at
//! n followed by the events after n gives what replaying all events gives (`tests/fold`).

mod answer;
mod apply;
mod entries;
mod entry;
mod prepend;

use serde::Serialize;

pub use self::{
    answer::answer,
    apply::title,
    entries::Entries,
    entry::{Content, Entry, Notice, Phase, Question},
};
use crate::{
    codex::{McpServer, RateLimits, ThreadStatus, TokenUsage, TokenUsageBreakdown, TurnError, TurnStatus},
    event::SessionClosed,
    ids::{ItemId, ThreadId, TurnId},
    read_fields,
    request::UserRequest,
    turn::{ApprovalPolicy, QueueItem, SandboxMode},
};

/// A conversation as it stands after some event.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// The last event applied.
    pub as_of: u64,
    /// The thread it is of; none before the session has one.
    pub thread_id: Option<ThreadId>,
    /// The model that is used now.
    pub model: Option<String>,
    /// How hard the model thinks; as it does by itself without.
    pub effort: Option<String>,
    /// What commands may touch; none if this version has no word for it.
    pub sandbox: Option<SandboxMode>,
    /// When codex asks; none if this version has no word for it.
    pub approval_policy: Option<ApprovalPolicy>,
    /// The directory that the thread works in, absolute.
    pub cwd: Option<String>,
    /// The thread's name: the one it was given, else the first line that the user wrote.
    pub title: Option<String>,
    /// What the thread is doing, in codex's words.
    pub status: ThreadStatus,
    /// Whether a process serves the thread. Without one the next turn starts one.
    pub process: bool,
    /// A passing trouble that codex deals with itself ("Reconnecting... 2/5").
    pub retrying: Option<String>,
    /// How many tokens were used.
    pub usage: Option<TokenUsage>,
    /// How much of the account's limits is used.
    pub rate_limits: Option<RateLimits>,
    /// The MCP servers of the thread's process, in the order in which codex told of them.
    pub mcp_servers: Vec<McpServer>,
    /// What codex has warned of, each warning once: it repeats them with each of its processes.
    pub warnings: Vec<String>,
    /// How the session ended, once it has.
    pub closed: Option<SessionClosed>,
    /// The messages that wait for their turn, the next one first.
    pub queue: Vec<QueueItem>,
    /// The turns that the entries belong to, oldest first.
    pub turns: Vec<TurnRecord>,
    /// What was said and done, oldest first.
    pub entries: Entries,
}
read_fields!(Transcript {
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

/// A turn, as the transcript remembers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnRecord {
    /// Its id.
    pub id: TurnId,
    /// How far it has come.
    pub status: TurnStatus,
    /// When it started, in Unix seconds.
    pub started_at: Option<i64>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Why it failed.
    pub error: Option<TurnError>,
    /// How many tokens it has used, as far as it was followed.
    pub tokens: TokenUsageBreakdown,
}
read_fields!(TurnRecord { id, status, started_at, duration_ms, error, tokens });

/// What an event changed, so that a reader need look nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The entry that was added or updated.
    pub entry: Option<EntryChange>,
    /// Something beside the entries changed, or several entries changed their phase.
    pub meta: bool,
    /// The entries began anew.
    pub reset: bool,
}

/// What happened to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// It is new, at the end.
    Added(ItemId),
    /// It has changed.
    Updated(ItemId),
}

impl Transcript {
    /// The turn that is running, if one is.
    pub fn active_turn(&self) -> Option<&TurnRecord> {
        self.turns.last().filter(|turn| turn.status == TurnStatus::InProgress)
    }

    /// What waits for the user, the oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &UserRequest> {
        self.entries.iter().filter_map(|entry| match &entry.content {
            Content::Question(question) if question.resolved.is_none() => Some(&question.request),
            _ => None,
        })
    }

    /// The turn of that id.
    pub fn turn(&self, id: &TurnId) -> Option<&TurnRecord> {
        self.turns.iter().rev().find(|turn| turn.id == *id)
    }

    /// Keeps the newest entries only: at most `entries`, and about `bytes` of text. An entry that is still
    /// running is kept, unless twice as many are there. What waits for the user is kept beside them, however old:
    /// who cannot see it cannot answer it. Returns whether any was left out.
    pub fn trim(&mut self, entries: usize, bytes: usize) -> bool {
        let left_out = self.entries.trim(entries, bytes);
        if left_out {
            let first = self.entries.iter().find_map(|entry| entry.turn_id.as_ref());
            let from = first.and_then(|id| self.turns.iter().position(|turn| turn.id == *id));
            self.turns.drain(..from.unwrap_or(self.turns.len().saturating_sub(1)));
        }
        left_out
    }
}
