//! Reads a thread's history from codex and converts it to entries of a transcript.

use codex_app_server_client::{
    Bridge, BridgeError,
    protocol::{HistoricalTurn, ItemTimes, Thread},
};
use codex_gateway_wire::{
    Content, Entry, Item, Json, Phase, ThreadId, Transcript, TurnId, TurnRecord,
    codex::{ItemStatus, Turn, TurnStatus},
    event::History,
    transcript::title_from_prompt,
};

use super::{
    WINDOW_BYTES, WINDOW_ENTRIES,
    turn_pager::{PagerEnd, TurnPager},
};
use crate::error::CodexErrorText;

/// Returns the newest part of a thread's history, as much as a session keeps.
///
/// A history that cannot be read does not prevent the thread from being resumed. The result says
/// that older entries are missing.
pub(crate) async fn newest_history(bridge: &Bridge, thread: &Thread) -> History {
    let (turns, complete) = newest_turns(bridge, &thread.id).await;
    let mut history = from_turns(turns, complete);
    let name = thread.name.clone().filter(|name| !name.is_empty());
    history.title = name.or_else(|| title_from_prompt(thread.preview.as_deref().unwrap_or_default()));
    history
}

/// Returns the newest turns, newest first: at least as many as a session keeps, if the thread has
/// that many. The second value is `true` if these are all turns.
async fn newest_turns(bridge: &Bridge, thread: &ThreadId) -> (Vec<HistoricalTurn>, bool) {
    let mut turns: Vec<HistoricalTurn> = Vec::new();
    let (mut entries, mut bytes) = (0, 0);
    let mut pager = TurnPager::new(thread.clone(), None);
    while entries <= WINDOW_ENTRIES && bytes <= WINDOW_BYTES {
        let Some(request) = pager.request() else { break };
        let page = match bridge.request(&request).await {
            Ok(page) => pager.advance(page),
            Err(BridgeError::ReplyTooLong) if pager.shrink_page() => continue,
            Err(error) => {
                tracing::warn!(%thread, error = %CodexErrorText(&error), "a part of the thread's history cannot be read");
                break;
            }
        };
        for turn in &page {
            entries += turn.items.len();
            bytes += turn.items.iter().map(|item| item.get().len()).sum::<usize>();
        }
        turns.extend(page);
    }
    (turns, pager.end() == Some(PagerEnd::Complete))
}

/// Converts turns, newest first, and keeps the part that a session keeps.
fn from_turns(turns: Vec<HistoricalTurn>, complete: bool) -> History {
    let (mut records, mut entries) = (Vec::new(), Vec::new());
    let mut turns = turns.into_iter().rev().peekable();
    while let Some(HistoricalTurn { turn, items }) = turns.next() {
        let root = turns.peek().map(|newer| &newer.turn.id).filter(|newer| is_part_of(&turn, newer));
        let id = root.unwrap_or(&turn.id);
        entries.extend(items.iter().filter_map(|item| item_entry(id, item)));
        if root.is_none() {
            records.push(turn_record(turn));
        }
    }
    let mut transcript =
        Transcript { turns: records, entries: entries.into_iter().collect(), ..Transcript::default() };
    let trimmed = transcript.trim(WINDOW_ENTRIES, WINDOW_BYTES);
    let Transcript { turns, entries, .. } = transcript;
    History { title: None, turns, entries: entries.iter().cloned().collect(), older: trimmed || !complete }
}

/// Returns `true` if a turn is a part of the next newer turn: the prompt of a review, whose root has the result.
pub(super) fn is_part_of(turn: &Turn, newer: &TurnId) -> bool {
    turn.id != *newer && turn.root_turn_id.as_ref() == Some(newer)
}

/// Returns the record of a turn that no process is running. A turn without an end counts as
/// interrupted.
pub(super) fn turn_record(turn: Turn) -> TurnRecord {
    let is_open = turn.status == TurnStatus::InProgress;
    TurnRecord {
        id: turn.id,
        status: if is_open { TurnStatus::Interrupted } else { turn.status },
        started_at: turn.started_at,
        duration_ms: turn.duration_ms,
        error: turn.error,
        ..TurnRecord::default()
    }
}

/// Returns an item of such a turn as an entry. `None` if the item has no id.
pub(super) fn item_entry(turn: &TurnId, json: &Json) -> Option<Entry> {
    let item: Item = serde_json::from_str(json.get()).ok()?;
    let times: ItemTimes = serde_json::from_str(json.get()).unwrap_or_default();
    Some(Entry {
        id: item.id().clone(),
        as_of: 0,
        turn_id: Some(turn.clone()),
        phase: if is_unfinished(&item) { Phase::Interrupted } else { Phase::Done },
        started_at_ms: times.started_at_ms,
        completed_at_ms: times.completed_at_ms,
        content: Content::Item(item),
    })
}

fn is_unfinished(item: &Item) -> bool {
    let status = match item {
        Item::CommandExecution(command) => command.status,
        Item::FileChange(change) => change.status,
        Item::McpToolCall(call) => call.status,
        Item::DynamicToolCall(call) => call.status,
        Item::CollabAgentToolCall(call) => call.status,
        _ => ItemStatus::Completed,
    };
    status == ItemStatus::InProgress
}

#[cfg(test)]
mod tests {
    use super::*;

    fn historical_turn(id: &str, status: &str, items: &[String]) -> HistoricalTurn {
        let json = format!(r#"{{"id":"{id}","status":"{status}","items":[{}]}}"#, items.join(","));
        serde_json::from_str(&json).unwrap()
    }

    fn message(id: &str, text: &str) -> String {
        format!(r#"{{"type":"agentMessage","id":"{id}","text":"{text}","startedAtMs":5,"completedAtMs":7}}"#)
    }

    fn ids(history: &History) -> Vec<&str> {
        history.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn turns_become_entries_oldest_first() {
        let newest_first = vec![
            historical_turn("u2", "completed", &[message("c", ""), message("d", "")]),
            historical_turn(
                "u1",
                "failed",
                &[message("a", ""), message("b", ""), r#"{"type":"noId"}"#.to_owned()],
            ),
        ];
        let history = from_turns(newest_first, true);
        assert_eq!(ids(&history), ["a", "b", "c", "d"]);
        let turns: Vec<_> = history.turns.iter().map(|turn| (turn.id.as_str(), turn.status)).collect();
        assert_eq!(turns, [("u1", TurnStatus::Failed), ("u2", TurnStatus::Completed)]);
        let entry = &history.entries[0];
        assert_eq!(
            (entry.started_at_ms, entry.completed_at_ms, entry.phase),
            (Some(5), Some(7), Phase::Done)
        );
        assert!(!history.older);
    }

    #[test]
    fn prompt_of_a_review_belongs_to_the_turn_with_its_result() {
        let prompt = r#"{"type":"userMessage","id":"p","content":[{"type":"text","text":"Review it."}]}"#;
        let root = historical_turn("root", "completed", &[message("result", "")]);
        let part =
            format!(r#"{{"id":"part","rootTurnId":"root","status":"interrupted","items":[{prompt}]}}"#);
        let part: HistoricalTurn = serde_json::from_str(&part).unwrap();
        let history = from_turns(vec![root.clone(), part.clone()], true);
        let turns: Vec<_> =
            history.entries.iter().filter_map(|entry| entry.turn_id.as_ref().map(TurnId::as_str)).collect();
        assert_eq!((ids(&history), turns), (vec!["p", "result"], vec!["root", "root"]));
        assert_eq!(history.turns.len(), 1);

        // The root of a sub-agent's turn is in another thread.
        let history = from_turns(vec![historical_turn("u2", "completed", &[]), part], true);
        assert_eq!(history.entries[0].turn_id, Some("part".into()));
    }

    #[test]
    fn unfinished_turn_and_item_are_interrupted() {
        let command = r#"{"type":"commandExecution","id":"c","command":"ls","status":"inProgress"}"#;
        let history = from_turns(
            vec![historical_turn("u", "inProgress", &[command.to_owned(), message("m", "")])],
            true,
        );
        assert_eq!(history.turns[0].status, TurnStatus::Interrupted);
        let phases: Vec<_> = history.entries.iter().map(|entry| entry.phase).collect();
        assert_eq!(phases, [Phase::Interrupted, Phase::Done]);
    }

    #[test]
    fn history_over_the_limits_keeps_newest_entries_and_reports_older_ones() {
        let items = |turn: usize| (0..50).map(|n| message(&format!("{turn}-{n}"), "")).collect::<Vec<_>>();
        let turns: Vec<_> = (0..6)
            .rev()
            .map(|turn| historical_turn(&format!("u{turn}"), "completed", &items(turn)))
            .collect();
        let history = from_turns(turns, true);
        assert_eq!((history.entries.len(), history.entries[0].id.as_str()), (WINDOW_ENTRIES, "2-0"));
        assert_eq!((history.turns.len(), history.older), (4, true));

        let long = "x".repeat(WINDOW_BYTES / 2);
        let turns = vec![historical_turn("u", "completed", &["a", "b", "c"].map(|id| message(id, &long)))];
        let history = from_turns(turns, true);
        assert_eq!((ids(&history), history.older), (vec!["c"], true));
    }
}
