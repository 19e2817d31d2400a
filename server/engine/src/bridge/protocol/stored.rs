//! Threads that are on disk: lists of them, their turns, and what refusals say of them.

use std::collections::HashMap;

use codex_gateway_wire::{Json, ThreadId, codex::Turn, read_fields};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::Request;
use crate::bridge::RpcError;

/// `thread/turns/list`: a page of a thread's turns, the newest first.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnsList {
    /// The thread.
    pub thread_id: ThreadId,
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many turns it may have.
    pub limit: u32,
    /// How much of each item: `full`.
    pub items_view: &'static str,
    /// Which comes first: `desc`.
    pub sort_direction: &'static str,
}
request!(TurnsList = "thread/turns/list" -> TurnsPage);

impl TurnsList {
    /// A page of whole turns, the newest first.
    pub fn newest(thread_id: ThreadId, cursor: Option<String>, limit: u32) -> Self {
        Self { thread_id, cursor, limit, items_view: "full", sort_direction: "desc" }
    }
}

/// The answer to `thread/turns/list`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TurnsPage {
    /// The turns.
    pub data: Vec<PastTurn>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// A turn of the history.
#[derive(Clone, Debug)]
pub struct PastTurn {
    /// The turn itself.
    pub turn: Turn,
    /// Its items, the first first.
    pub items: Vec<Json>,
}

impl<'de> Deserialize<'de> for PastTurn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items {
            items: Vec<Json>,
        }
        read_fields!(Items { items });
        // Not flattened: that fails on raw JSON.
        let raw = Json::deserialize(deserializer)?;
        let read = || -> serde_json::Result<Self> {
            let Items { items } = serde_json::from_str(raw.get())?;
            Ok(Self { turn: serde_json::from_str(raw.get())?, items })
        };
        read().map_err(serde::de::Error::custom)
    }
}

/// When an item of the history began and ended: these stand in the item itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct ItemTimes {
    /// In Unix milliseconds.
    pub started_at_ms: Option<i64>,
    /// In Unix milliseconds; none if it never ended.
    pub completed_at_ms: Option<i64>,
}
read_fields!(ItemTimes { started_at_ms, completed_at_ms });

/// The largest number of ids that codex takes in `includedThreadIds`.
pub const MAX_INCLUDED_THREADS: usize = 100;

/// `thread/list`: a page of the threads that are on disk.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadList {
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many threads it may have.
    pub limit: u32,
    /// What they are sorted by, the newest first; codex's own choice without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<&'static str>,
    /// Only those that are archived, or only those that are not.
    pub archived: bool,
    /// Only those of exactly this directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Only those with this in their title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_term: Option<String>,
    /// Only those of these providers; empty: of all.
    pub model_providers: [(); 0],
    /// Only those that were begun by these kinds of programs.
    pub source_kinds: &'static [&'static str],
    /// Only those of these ids, at most [`MAX_INCLUDED_THREADS`]. Codex knows the field since 0.171.0, and older
    /// versions ignore it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included_thread_ids: Option<Vec<ThreadId>>,
}
request!(ThreadList = "thread/list" -> Json);

/// The answer to `thread/list`, as far as it is known here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadPage {
    /// The threads.
    pub data: Vec<Json>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// How far each thread was read.
    pub read_states: Option<HashMap<ThreadId, Json>>,
}

/// The kinds of programs whose threads people know of: all but codex's own sub-agents. (What an app-server
/// begins is `vscode` in 0.171.0.)
pub const PEOPLES_THREADS: &[&str] = &["cli", "vscode", "exec", "appServer", "unknown"];

/// `thread/read`: a thread that is on disk, or open in this process.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRead {
    /// The thread.
    pub thread_id: ThreadId,
    /// Whether its turns are in the answer.
    pub include_turns: bool,
}
request!(ThreadRead = "thread/read" -> Json);

/// `thread/name/set`: what people call a thread.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadNameSet {
    /// The thread.
    pub thread_id: ThreadId,
    /// Its name.
    pub name: String,
}
request!(ThreadNameSet = "thread/name/set" -> IgnoredAny);

/// `thread/delete`: a thread and all that was said in it, for good.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDelete {
    /// The thread.
    pub thread_id: ThreadId,
}
request!(ThreadDelete = "thread/delete" -> IgnoredAny);

/// Whether an error says that there is no such thread. (They have no codes of their own.)
pub fn is_no_thread(error: &RpcError) -> bool {
    ["no rollout found", "no archived rollout found", "thread not loaded", "thread not found"]
        .iter()
        .any(|words| error.message.contains(words))
}

/// Whether an error says that a cursor is none.
pub fn is_bad_cursor(error: &RpcError) -> bool {
    error.message.contains("invalid cursor")
}

/// Whether an error says that another process has the thread.
pub fn is_held(error: &RpcError) -> bool {
    error.message.contains("already has an active writer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_of_the_history_has_its_items_as_they_are() {
        let page: TurnsPage = serde_json::from_str(
            r#"{"data":[{"id":"u","items":[{"type":"sleep","id":"i","n":1.50}],"status":"interrupted"}],"nextCursor":"c"}"#,
        )
        .unwrap();
        let [past] = page.data.as_slice() else { panic!("{page:?}") };
        assert_eq!(
            (past.turn.id.as_str(), past.items[0].get()),
            ("u", r#"{"type":"sleep","id":"i","n":1.50}"#)
        );
    }
}
