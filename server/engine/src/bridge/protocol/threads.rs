//! What is done with whole threads: forking, reverting, compacting, reviewing, archiving.

use std::time::Duration;

use codex_gateway_wire::{Json, ThreadId, TurnId, api::ReviewTarget};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Request, Thread, ThreadReply, ThreadStart, TurnReply};
use crate::bridge::RpcError;

/// `thread/fork`: a new thread that begins as another one did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadFork {
    /// The other one. Whoever has it open, it is read from disk.
    pub thread_id: ThreadId,
    /// The last turn that is taken over, which must have ended; all without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_turn_id: Option<TurnId>,
    /// Whether to leave its history out of the answer.
    pub exclude_turns: bool,
    /// The rest is as for a new one.
    #[serde(flatten)]
    pub start: ThreadStart,
}
request!(ThreadFork = "thread/fork" -> ThreadReply, within 60 s);

/// `thread/revert`: a turn and all later ones are taken back. What they did to files stays.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevert {
    /// The thread, which must be open in this process.
    pub thread_id: ThreadId,
    /// The first turn to be taken back.
    pub before_turn_id: TurnId,
}
request!(ThreadRevert = "thread/revert" -> Reverted, within 60 s);

/// The answer to `thread/revert`.
#[derive(Clone, Debug, Deserialize)]
pub struct Reverted {
    /// The thread as it is now.
    pub thread: Thread,
}

/// `thread/compact/start`: a turn that makes the history shorter. Answered before it begins.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompactStart {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(CompactStart = "thread/compact/start" -> IgnoredAny, within 60 s);

/// `review/start`: a turn that looks at what was changed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewStart {
    /// The thread.
    pub thread_id: ThreadId,
    /// What it looks at.
    pub target: ReviewTarget,
}
request!(ReviewStart = "review/start" -> TurnReply, within 60 s);

/// `thread/archive`: a thread is put out of the way. No process may have it open.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchive {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(ThreadArchive = "thread/archive" -> IgnoredAny);

/// `thread/unarchive`: it is brought back.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchive {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(ThreadUnarchive = "thread/unarchive" -> IgnoredAny);

/// `thread/turns/list`, the oldest first, each turn as codex writes it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeTurns {
    /// The thread.
    pub thread_id: ThreadId,
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many turns it may have.
    pub limit: u32,
    /// How much of each item: `full`.
    items_view: &'static str,
    /// Which comes first: `asc`.
    sort_direction: &'static str,
}
request!(WholeTurns = "thread/turns/list" -> WholeTurnsPage);

impl WholeTurns {
    /// A page of whole turns, the oldest first.
    pub fn oldest(thread_id: ThreadId, cursor: Option<String>, limit: u32) -> Self {
        Self { thread_id, cursor, limit, items_view: "full", sort_direction: "asc" }
    }
}

/// The answer to it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WholeTurnsPage {
    /// The turns.
    pub data: Vec<Json>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Whether an error says that there is no such turn in the thread.
pub fn is_no_turn(error: &RpcError) -> bool {
    error.message.contains("turn not found")
}

/// Whether an error says that a thread has had no turn yet.
pub fn is_without_turns(error: &RpcError) -> bool {
    error.message.contains("not materialized yet")
}

/// Whether an error says that a thread must be brought back first.
pub fn is_archived(error: &RpcError) -> bool {
    error.message.contains("is archived")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_asked_for_in_codexs_words() {
        let ask = |target| serde_json::to_string(&ReviewStart { thread_id: "t".into(), target }).unwrap();
        assert_eq!(
            ask(ReviewTarget::UncommittedChanges),
            r#"{"threadId":"t","target":{"type":"uncommittedChanges"}}"#
        );
        assert_eq!(
            ask(ReviewTarget::Commit { sha: "abc".into(), title: None }),
            r#"{"threadId":"t","target":{"type":"commit","sha":"abc","title":null}}"#
        );
    }
}
