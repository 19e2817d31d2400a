//! Merging of pages of older entries.

use super::{Content, Entry, Phase, Transcript, TurnRecord};
use crate::{
    codex::{Item, TurnStatus},
    ids::ItemId,
};

impl Transcript {
    /// Prepends a page of older entries and their turns. Returns the ids of present entries that the page updated.
    ///
    /// An entry that is already present keeps its position. The page's version replaces it if it is of a later event,
    /// because only that version has what was streamed before. So a page can be prepended twice.
    ///
    /// An entry of the page that is running, but whose turn or process has ended since, becomes interrupted.
    pub fn prepend(&mut self, turns: Vec<TurnRecord>, mut entries: Vec<Entry>) -> Vec<ItemId> {
        // A running turn that is unknown here has started after the last applied event. The stream will announce it,
        // and has no events about it until then.
        let unknown = turns.into_iter().filter(|turn| self.turn(&turn.id).is_none());
        let (ahead, mut older): (Vec<_>, Vec<_>) =
            unknown.partition(|turn| turn.status == TurnStatus::InProgress);
        let is_ahead = |entry: &Entry| ahead.iter().any(|turn| entry.turn_id.as_ref() == Some(&turn.id));
        older.append(&mut self.turns);
        self.turns = older;
        let active = self.active_turn().map(|turn| &turn.id);
        for entry in entries.iter_mut().filter(|entry| entry.phase == Phase::Running) {
            let is_still_running = match &entry.content {
                // A request to the user ends by an event of its own.
                Content::Question(_) => true,
                // A command that has a process can outlive its turn.
                Content::Item(Item::CommandExecution(command)) if command.process_id.is_some() => {
                    self.process
                }
                _ => self.process && (entry.turn_id.as_ref() == active || is_ahead(entry)),
            };
            if !is_still_running {
                entry.phase = Phase::Interrupted;
            }
        }
        let (present, new): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| self.entries.get(&entry.id).is_some());
        self.entries.prepend(new);
        let mut updated = Vec::new();
        for entry in present {
            if let Some(known) = self.entries.get_mut(&entry.id).filter(|known| known.as_of < entry.as_of) {
                updated.push(entry.id.clone());
                *known = entry;
            }
        }
        updated
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        codex::{Notification, Turn},
        event::{Event, EventBody},
    };

    fn turn(id: &str, status: TurnStatus) -> TurnRecord {
        TurnRecord { id: id.into(), status, ..TurnRecord::default() }
    }

    fn entry(id: &str, turn: &str, phase: Phase) -> Entry {
        let item = format!(r#"{{"type":"agentMessage","id":"{id}","text":"{id} of {turn}"}}"#);
        Entry {
            id: id.into(),
            as_of: 7,
            turn_id: Some(turn.into()),
            phase,
            started_at_ms: None,
            completed_at_ms: None,
            content: Content::Item(serde_json::from_str(&item).unwrap()),
        }
    }

    fn running_command(id: &str, turn: &str) -> Entry {
        let item =
            format!(r#"{{"type":"commandExecution","id":"{id}","processId":"1","status":"inProgress"}}"#);
        let content = Content::Item(serde_json::from_str(&item).unwrap());
        Entry { content, ..entry(id, turn, Phase::Running) }
    }

    fn transcript() -> Transcript {
        Transcript {
            process: true,
            turns: vec![turn("u2", TurnStatus::Completed), turn("u3", TurnStatus::InProgress)],
            entries: [entry("d", "u2", Phase::Done), entry("e", "u3", Phase::Running)].into_iter().collect(),
            ..Transcript::default()
        }
    }

    fn ids(transcript: &Transcript) -> Vec<&str> {
        transcript.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn page_is_put_before_present_entries_and_turns() {
        let mut transcript = transcript();
        let turns = vec![turn("u1", TurnStatus::Failed), turn("u2", TurnStatus::InProgress)];
        let page = ["a", "b"].map(|id| entry(id, "u1", Phase::Done));
        transcript.prepend(turns, [&page[..], &[entry("c", "u2", Phase::Done)]].concat());
        assert_eq!(ids(&transcript), ["a", "b", "c", "d", "e"]);
        let turns: Vec<_> = transcript.turns.iter().map(|turn| (turn.id.as_str(), turn.status)).collect();
        let expected =
            [("u1", TurnStatus::Failed), ("u2", TurnStatus::Completed), ("u3", TurnStatus::InProgress)];
        assert_eq!(turns, expected, "a known turn stays unchanged");
        assert_eq!(transcript.active_turn().map(|turn| turn.id.as_str()), Some("u3"));
    }

    #[test]
    fn turn_of_page_that_starts_later_becomes_the_newest() {
        let turns = vec![turn("u2", TurnStatus::Completed)];
        let mut transcript = Transcript { turns, ..transcript() };
        transcript.prepend(vec![turn("u4", TurnStatus::Failed)], vec![entry("a", "u4", Phase::Done)]);
        let started = Turn { id: "u4".into(), ..Turn::default() };
        let started = EventBody::Notification(Notification::TurnStarted("t".into(), started));
        transcript.apply(&Event { seq: 9, body: started });
        let running = turn("u4", TurnStatus::InProgress);
        assert_eq!(transcript.active_turn(), Some(&running));
        assert_eq!(transcript.turns, [turn("u2", TurnStatus::Completed), running]);
    }

    #[test]
    fn present_entries_are_not_duplicated() {
        let mut transcript = transcript();
        let page = || vec![entry("a", "u1", Phase::Done), entry("d", "changed", Phase::Done)];
        transcript.prepend(vec![turn("u1", TurnStatus::Completed)], page());
        let once = transcript.clone();
        assert_eq!(ids(&once), ["a", "d", "e"]);
        assert_eq!(once.entries.get(&"d".into()).unwrap().turn_id, Some("u2".into()));
        transcript.prepend(vec![turn("u1", TurnStatus::Completed)], page());
        assert_eq!(transcript, once);
    }

    #[test]
    fn newer_version_of_page_replaces_present_entry_in_place() {
        let mut transcript = transcript();
        let newer = |id: &str| Entry { as_of: 8, ..entry(id, "u1", Phase::Done) };
        let page = || vec![newer("a"), newer("d")];
        assert_eq!(transcript.prepend(Vec::new(), page()), ["d".into()]);
        assert_eq!(ids(&transcript), ["a", "d", "e"]);
        assert_eq!(transcript.entries.get(&"d".into()), Some(&newer("d")));
        let once = transcript.clone();
        assert!(transcript.prepend(Vec::new(), page()).is_empty(), "the second time changes nothing");
        assert_eq!(transcript, once);
    }

    #[test]
    fn running_entry_without_turn_or_process_is_interrupted() {
        let page = || {
            vec![
                entry("a", "u2", Phase::Running),
                running_command("b", "u2"),
                entry("c", "u3", Phase::Running),
            ]
        };
        let phases = |transcript: &Transcript| -> Vec<_> {
            transcript.entries.iter().take(3).map(|entry| entry.phase).collect()
        };
        let mut with_process = transcript();
        with_process.prepend(Vec::new(), page());
        assert_eq!(phases(&with_process), [Phase::Interrupted, Phase::Running, Phase::Running]);
        let mut without = Transcript { process: false, ..transcript() };
        without.prepend(Vec::new(), page());
        assert_eq!(phases(&without), [Phase::Interrupted; 3]);
    }
}
