//! What was said in a thread before a session had it, as entries of a transcript.

use codex_gateway_wire::{
    Content, Entry, Item, Json, Phase, ThreadId, Transcript, TurnId, TurnRecord,
    codex::{ItemStatus, Turn, TurnStatus},
    event::History,
    transcript::title,
};

use super::{
    WINDOW, WINDOW_BYTES,
    walk::{End, Walk},
};
use crate::bridge::{
    Bridge, BridgeError,
    protocol::{ItemTimes, PastTurn, Thread},
};

/// The newest part of a thread's history, as much of it as a session keeps.
///
/// A history that cannot be read does not keep the thread from going on: then it is left out, and said to be.
pub(crate) async fn newest(bridge: &Bridge, thread: &Thread) -> History {
    let (turns, complete) = pages(bridge, &thread.id).await;
    let mut history = of(turns, complete);
    let name = thread.name.clone().filter(|name| !name.is_empty());
    history.title = name.or_else(|| title(thread.preview.as_deref().unwrap_or_default()));
    history
}

/// The newest turns, the newest first: at least as many as a session keeps, if there are so many. Whether
/// these are all.
async fn pages(bridge: &Bridge, thread: &ThreadId) -> (Vec<PastTurn>, bool) {
    let mut turns: Vec<PastTurn> = Vec::new();
    let (mut entries, mut bytes) = (0, 0);
    let mut walk = Walk::new(thread.clone(), None);
    while entries <= WINDOW && bytes <= WINDOW_BYTES {
        let Some(request) = walk.request() else { break };
        let page = match bridge.request(&request).await {
            Ok(page) => walk.take(page),
            Err(BridgeError::ReplyTooLong) if walk.shorten() => continue,
            Err(error) => {
                tracing::warn!(%thread, %error, "a part of the thread's history cannot be read");
                break;
            }
        };
        for past in &page {
            entries += past.items.len();
            bytes += past.items.iter().map(|item| item.get().len()).sum::<usize>();
        }
        turns.extend(page);
    }
    (turns, walk.end() == Some(End::Complete))
}

/// What a session keeps of these turns, which are the newest first.
fn of(turns: Vec<PastTurn>, complete: bool) -> History {
    let (mut records, mut entries) = (Vec::new(), Vec::new());
    for PastTurn { turn, items } in turns.into_iter().rev() {
        entries.extend(items.iter().filter_map(|item| entry(&turn.id, item)));
        records.push(record(turn));
    }
    let mut kept =
        Transcript { turns: records, entries: entries.into_iter().collect(), ..Transcript::default() };
    let trimmed = kept.trim(WINDOW, WINDOW_BYTES);
    let Transcript { turns, entries, .. } = kept;
    History { title: None, turns, entries: entries.iter().cloned().collect(), older: trimmed || !complete }
}

/// A turn that nobody is at work on any more: if it has not ended, it never will.
pub(super) fn record(turn: Turn) -> TurnRecord {
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

/// An item of such a turn as an entry; none if it has no id.
pub(super) fn entry(turn: &TurnId, json: &Json) -> Option<Entry> {
    let item: Item = serde_json::from_str(json.get()).ok()?;
    let times: ItemTimes = serde_json::from_str(json.get()).unwrap_or_default();
    Some(Entry {
        id: item.id().clone(),
        as_of: 0,
        turn_id: Some(turn.clone()),
        phase: if is_unfinished(&item) { Phase::Cut } else { Phase::Done },
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

    fn past(id: &str, status: &str, items: &[String]) -> PastTurn {
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
    fn turns_become_entries_in_the_order_they_were_said() {
        let newest_first = vec![
            past("u2", "completed", &[message("c", ""), message("d", "")]),
            past("u1", "failed", &[message("a", ""), message("b", ""), r#"{"type":"noId"}"#.to_owned()]),
        ];
        let history = of(newest_first, true);
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
    fn what_never_ended_was_cut_off() {
        let command = r#"{"type":"commandExecution","id":"c","command":"ls","status":"inProgress"}"#;
        let history = of(vec![past("u", "inProgress", &[command.to_owned(), message("m", "")])], true);
        assert_eq!(history.turns[0].status, TurnStatus::Interrupted);
        let phases: Vec<_> = history.entries.iter().map(|entry| entry.phase).collect();
        assert_eq!(phases, [Phase::Cut, Phase::Done]);
    }

    #[test]
    fn the_newest_are_kept_and_what_is_left_out_is_said() {
        let items = |turn: usize| (0..50).map(|n| message(&format!("{turn}-{n}"), "")).collect::<Vec<_>>();
        let turns: Vec<_> =
            (0..6).rev().map(|turn| past(&format!("u{turn}"), "completed", &items(turn))).collect();
        let history = of(turns, true);
        assert_eq!((history.entries.len(), history.entries[0].id.as_str()), (WINDOW, "2-0"));
        assert_eq!((history.turns.len(), history.older), (4, true));

        let long = "x".repeat(WINDOW_BYTES / 2);
        let turns = vec![past("u", "completed", &["a", "b", "c"].map(|id| message(id, &long)))];
        let history = of(turns, true);
        assert_eq!((ids(&history), history.older), (vec!["c"], true));
    }
}
