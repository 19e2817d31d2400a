//! Requests about stored threads: lists, history, name and deletion.

use std::collections::HashMap;

use codex_gateway_wire::{Json, ThreadId, codex::Turn, lenient_deserialize};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::Request;
use crate::message::RpcError;

/// `thread/turns/list`: a page of a thread's turns, newest first.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnsList {
    /// The thread.
    pub thread_id: ThreadId,
    /// The cursor of the page. `None` for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The maximum number of turns in the page.
    pub limit: u32,
    /// The detail of each item: `full`.
    pub items_view: &'static str,
    /// The order of the turns: `desc`.
    pub sort_direction: &'static str,
}
request!(TurnsList = "thread/turns/list" -> TurnsPage);

impl TurnsList {
    /// Creates a request for complete turns, newest first.
    pub fn newest(thread_id: ThreadId, cursor: Option<String>, limit: u32) -> Self {
        Self { thread_id, cursor, limit, items_view: "full", sort_direction: "desc" }
    }
}

/// The reply to `thread/turns/list`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TurnsPage {
    /// The turns of the page.
    pub data: Vec<HistoricalTurn>,
    /// The cursor of the next page. `None` on the last page.
    pub next_cursor: Option<String>,
}

/// A turn of a thread's history.
#[derive(Clone, Debug)]
pub struct HistoricalTurn {
    /// The turn without its items.
    pub turn: Turn,
    /// The items in order, unparsed.
    pub items: Vec<Json>,
}

impl<'de> Deserialize<'de> for HistoricalTurn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items {
            items: Vec<Json>,
        }
        lenient_deserialize!(Items { items });
        // Not `#[serde(flatten)]`, which does not support raw JSON.
        let raw = Json::deserialize(deserializer)?;
        let read = || -> serde_json::Result<Self> {
            let Items { items } = serde_json::from_str(raw.get())?;
            Ok(Self { turn: serde_json::from_str(raw.get())?, items })
        };
        read().map_err(serde::de::Error::custom)
    }
}

/// When an item of the history started and ended. In the history, these times are fields of the item.
#[derive(Clone, Copy, Debug, Default)]
pub struct ItemTimes {
    /// The start in Unix milliseconds.
    pub started_at_ms: Option<i64>,
    /// The end in Unix milliseconds. `None` if the item never ended.
    pub completed_at_ms: Option<i64>,
}
lenient_deserialize!(ItemTimes { started_at_ms, completed_at_ms });

/// The maximum number of ids in `includedThreadIds`.
pub const MAX_INCLUDED_THREADS: usize = 100;

/// `thread/list`: a page of the stored threads.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadList {
    /// The cursor of the page. `None` for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The maximum number of threads in the page.
    pub limit: u32,
    /// The time by which threads are sorted, newest first. `None` for codex's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<&'static str>,
    /// Whether to list only archived threads, or only threads that are not archived.
    pub archived: bool,
    /// Only threads with exactly this working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Only threads whose title contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_term: Option<String>,
    /// Only threads of these model providers. Always empty, which means all.
    pub model_providers: [(); 0],
    /// Only threads that were started by these kinds of programs.
    pub source_kinds: &'static [&'static str],
    /// Only threads with these ids, at most [`MAX_INCLUDED_THREADS`]. Versions before 0.171.0 ignore the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included_thread_ids: Option<Vec<ThreadId>>,
}
request!(ThreadList = "thread/list" -> Json);

/// The reply to `thread/list`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadPage {
    /// The threads of the page, unparsed.
    pub data: Vec<Json>,
    /// The cursor of the next page. `None` on the last page.
    pub next_cursor: Option<String>,
    /// The read state of each thread, unparsed.
    pub read_states: Option<HashMap<ThreadId, Json>>,
}

/// The source kinds of threads that users have started: all except codex's sub-agents. (Threads that an app-server
/// starts have the kind `vscode` in 0.171.0.)
pub const USER_SOURCE_KINDS: &[&str] = &["cli", "vscode", "exec", "appServer", "unknown"];

/// `thread/read`: a thread that is stored, or open in this process.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRead {
    /// The thread.
    pub thread_id: ThreadId,
    /// Whether the reply includes the turns.
    pub include_turns: bool,
}
request!(ThreadRead = "thread/read" -> Json);

/// `thread/name/set`: names a thread.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadNameSet {
    /// The thread.
    pub thread_id: ThreadId,
    /// The new name.
    pub name: String,
}
request!(ThreadNameSet = "thread/name/set" -> IgnoredAny);

/// `thread/delete`: deletes a thread with its history permanently.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDelete {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(ThreadDelete = "thread/delete" -> IgnoredAny);

/// Returns `true` if an error means that the thread does not exist. Recognized by its message, because codex has no
/// code for it.
pub fn is_thread_not_found(error: &RpcError) -> bool {
    ["no rollout found", "no archived rollout found", "thread not loaded", "thread not found"]
        .iter()
        .any(|words| error.message.contains(words))
}

/// Returns `true` if an error means that a cursor is invalid.
pub fn is_invalid_cursor(error: &RpcError) -> bool {
    error.message.contains("invalid cursor")
}

/// Returns `true` if an error means that another process has the thread open for writing.
pub fn is_write_locked(error: &RpcError) -> bool {
    error.message.contains("already has an active writer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_a_historical_turn_are_unchanged() {
        let page: TurnsPage = serde_json::from_str(
            r#"{"data":[{"id":"u","items":[{"type":"sleep","id":"i","n":1.50}],"status":"interrupted"}],"nextCursor":"c"}"#,
        )
        .unwrap();
        let [turn] = page.data.as_slice() else { panic!("{page:?}") };
        assert_eq!(
            (turn.turn.id.as_str(), turn.items[0].get()),
            ("u", r#"{"type":"sleep","id":"i","n":1.50}"#)
        );
    }
}
