//! Requests about whole threads: fork, revert, compact, review, archive and full export.

use std::time::Duration;

use codex_gateway_wire::{Json, ThreadId, TurnId, api::ReviewTarget};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Request, Thread, ThreadReply, ThreadStart, TurnReply};
use crate::message::RpcError;

/// `thread/fork`: starts a new thread with the history of another one.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadFork {
    /// The thread to fork. Codex reads it from disk, even if a process has it open.
    pub thread_id: ThreadId,
    /// The last turn that is copied, which must have ended. `None` for all turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_turn_id: Option<TurnId>,
    /// Whether to leave the history out of the reply.
    pub exclude_turns: bool,
    /// The settings, as for a new thread.
    #[serde(flatten)]
    pub start: ThreadStart,
}
request!(ThreadFork = "thread/fork" -> ThreadReply, within 60 s);

/// `thread/revert`: removes a turn and all later ones from the history. Changes to files are kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevert {
    /// The thread, which must be open in this process.
    pub thread_id: ThreadId,
    /// The first turn to remove.
    pub before_turn_id: TurnId,
}
request!(ThreadRevert = "thread/revert" -> RevertReply, within 60 s);

/// The reply to `thread/revert`.
#[derive(Clone, Debug, Deserialize)]
pub struct RevertReply {
    /// The thread after the revert.
    pub thread: Thread,
}

/// `thread/compact/start`: starts a turn that compacts the history. Codex replies before the turn starts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompactStart {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(CompactStart = "thread/compact/start" -> IgnoredAny, within 60 s);

/// `review/start`: starts a turn that reviews changes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewStart {
    /// The thread.
    pub thread_id: ThreadId,
    /// The changes to review.
    pub target: ReviewTarget,
}
request!(ReviewStart = "review/start" -> TurnReply, within 60 s);

/// `thread/archive`: archives a thread. No process may have it open.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchive {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(ThreadArchive = "thread/archive" -> IgnoredAny);

/// `thread/unarchive`: unarchives a thread.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchive {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(ThreadUnarchive = "thread/unarchive" -> IgnoredAny);

/// `thread/turns/list`: a page of a thread's turns, oldest first and unparsed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FullTurnsList {
    /// The thread.
    pub thread_id: ThreadId,
    /// The cursor of the page. `None` for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The maximum number of turns in the page.
    pub limit: u32,
    /// The detail of each item: `full`.
    items_view: &'static str,
    /// The order of the turns: `asc`.
    sort_direction: &'static str,
}
request!(FullTurnsList = "thread/turns/list" -> FullTurnsPage);

impl FullTurnsList {
    /// Creates a request for complete turns, oldest first.
    pub fn oldest(thread_id: ThreadId, cursor: Option<String>, limit: u32) -> Self {
        Self { thread_id, cursor, limit, items_view: "full", sort_direction: "asc" }
    }
}

/// The reply to [`FullTurnsList`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FullTurnsPage {
    /// The turns of the page, unparsed.
    pub data: Vec<Json>,
    /// The cursor of the next page. `None` on the last page.
    pub next_cursor: Option<String>,
}

/// Returns `true` if an error means that the thread has no such turn.
pub fn is_turn_not_found(error: &RpcError) -> bool {
    error.message.contains("turn not found")
}

/// Returns `true` if an error means that the thread has no turn yet.
pub fn is_thread_empty(error: &RpcError) -> bool {
    error.message.contains("not materialized yet")
}

/// Returns `true` if an error means that the thread is archived.
pub fn is_thread_archived(error: &RpcError) -> bool {
    error.message.contains("is archived")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn review_target_has_the_json_that_codex_expects() {
        let json = |target| serde_json::to_string(&ReviewStart { thread_id: "t".into(), target }).unwrap();
        assert_eq!(
            json(ReviewTarget::UncommittedChanges),
            r#"{"threadId":"t","target":{"type":"uncommittedChanges"}}"#
        );
        assert_eq!(
            json(ReviewTarget::Commit { sha: "abc".into(), title: None }),
            r#"{"threadId":"t","target":{"type":"commit","sha":"abc","title":null}}"#
        );
    }
}
