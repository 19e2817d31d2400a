//! The transcript outside the reactive graph, with a trigger for each of its parts.
//!
//! - [`groups`]: the entries of each turn
//! - [`older`]: loading older entries
//! - [`visible_range`]: the part of the conversation that the page shows

mod groups;
mod older;
mod visible_range;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use codex_gateway_wire::{
    Change, Entry, Event, EventBody, EventId, ItemId, Phase, Queue, QueueItem, Snapshot, Transcript,
    transcript::EntryChange,
};
use leptos::prelude::*;

pub(crate) use self::{groups::GroupKey, visible_range::VisibleRange};

use self::{groups::Groups, older::OlderCursor};
use crate::{browser, signal::RwSignalExt as _};

/// The transcript of a conversation on the page.
///
/// An event changes the transcript at once. The views of the changed parts are notified at the next animation frame.
#[derive(Clone, Copy)]
pub(crate) struct TranscriptStore(RwSignal<StoreState>);

#[derive(Default)]
struct StoreState {
    transcript: Transcript,
    groups: Groups,
    /// The last event that arrived, including events that changed nothing.
    last_event: EventId,
    /// Where to load older entries. `None` if there are none.
    older: Option<OlderCursor>,
    /// The part of the conversation that the page shows.
    visible_range: VisibleRange,
    /// Counts how often the transcript was replaced.
    generation: u32,
    /// The entries that were running when they last changed.
    running: HashSet<ItemId>,
    triggers: Triggers,
    dirty: Dirty,
}

/// A trigger for each part that a view shows.
#[derive(Default)]
struct Triggers {
    entries: HashMap<ItemId, ArcTrigger>,
    groups: HashMap<GroupKey, ArcTrigger>,
    /// The list of groups.
    group_list: ArcTrigger,
    /// Everything except the entries.
    meta: ArcTrigger,
    last_event: ArcTrigger,
}

/// What has changed since the views were last notified.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own")]
struct Dirty {
    /// `true` while a notification is scheduled.
    scheduled: bool,
    entries: HashSet<ItemId>,
    groups: HashSet<GroupKey>,
    group_list: bool,
    meta: bool,
    last_event: bool,
}

impl StoreState {
    fn new(snapshot: Snapshot, triggers: Triggers) -> Self {
        let transcript = snapshot.transcript;
        let running = transcript.entries.iter().filter(|entry| entry.phase == Phase::Running);
        Self {
            groups: Groups::of(transcript.entries.iter()),
            last_event: snapshot.at,
            older: snapshot.older.then(|| OlderCursor::before(&transcript)),
            visible_range: VisibleRange::default(),
            generation: 0,
            running: running.map(|entry| entry.id.clone()).collect(),
            transcript,
            triggers,
            dirty: Dirty::default(),
        }
    }

    /// Applies an event.
    fn apply(&mut self, event: &Event) -> Change {
        let change = self.transcript.apply(event);
        if change.reset {
            let history = match &event.body {
                EventBody::Thread(opened) => opened.history.as_ref(),
                _ => None,
            };
            let older = history.is_some_and(|history| history.older);
            self.older = older.then(|| OlderCursor::before(&self.transcript));
            self.generation += 1;
            self.visible_range = VisibleRange::default();
            self.mark_all_dirty();
        } else {
            self.mark_dirty(&change);
        }
        change
    }

    fn mark_dirty(&mut self, change: &Change) {
        let (id, added) = match &change.entry {
            Some(EntryChange::Added(id)) => (Some(id), true),
            Some(EntryChange::Updated(id)) => (Some(id), false),
            None => (None, false),
        };
        if let Some(entry) = id.and_then(|id| self.transcript.entries.get(id)) {
            if entry.phase == Phase::Running {
                self.running.insert(entry.id.clone());
            } else {
                self.running.remove(&entry.id);
            }
            if added {
                let (group, new) = self.groups.push(entry);
                self.dirty.groups.insert(group);
                self.dirty.group_list |= new;
            }
            // A view may wait for an entry already: that of a request about it.
            self.dirty.entries.insert(entry.id.clone());
        }
        if change.meta {
            self.dirty.meta = true;
            // The end of a turn or of the process ends running entries without naming them.
            let entries = &self.transcript.entries;
            let is_running = |id: &ItemId| entries.get(id).is_some_and(|entry| entry.phase == Phase::Running);
            let ended = self.running.extract_if(|id| !is_running(id));
            self.dirty.entries.extend(ended);
        }
    }

    /// Marks everything as changed.
    fn mark_all_dirty(&mut self) {
        self.regroup();
        self.dirty.entries.extend(self.triggers.entries.keys().cloned());
        self.dirty.groups.extend(self.triggers.groups.keys().cloned());
        self.dirty.meta = true;
        self.dirty.last_event = true;
    }

    /// Builds the groups again, after entries were added at several places.
    fn regroup(&mut self) {
        self.groups = Groups::of(self.transcript.entries.iter());
        let running = self.transcript.entries.iter().filter(|entry| entry.phase == Phase::Running);
        self.running = running.map(|entry| entry.id.clone()).collect();
        self.dirty.group_list = true;
    }

    /// Returns the triggers of everything that has changed.
    fn take_dirty(&mut self) -> Vec<ArcTrigger> {
        let dirty = std::mem::take(&mut self.dirty);
        let triggers = &self.triggers;
        let flags = [
            (dirty.group_list, &triggers.group_list),
            (dirty.meta, &triggers.meta),
            (dirty.last_event, &triggers.last_event),
        ];
        let parts = flags.into_iter().filter_map(|(is_dirty, trigger)| is_dirty.then_some(trigger));
        let groups = dirty.groups.iter().filter_map(|key| triggers.groups.get(key));
        let entries = dirty.entries.iter().filter_map(|id| triggers.entries.get(id));
        parts.chain(groups).chain(entries).cloned().collect()
    }
}

impl TranscriptStore {
    /// Starts with a snapshot.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self(RwSignal::new(StoreState::new(snapshot, Triggers::default())))
    }

    /// Applies the next event. `event` is `None` if the page does not know it. Views are notified at the next frame.
    pub(crate) fn apply(self, id: EventId, event: Option<&Event>) -> Option<Change> {
        let applied = self.0.try_update_untracked(|state| {
            let change = event.map(|event| state.apply(event));
            state.last_event = id;
            state.dirty.last_event = true;
            (change.unwrap_or_default(), !std::mem::replace(&mut state.dirty.scheduled, true))
        });
        let (change, schedule) = applied?;
        if schedule {
            // A hidden page gets no frames, but its title may change.
            if browser::is_hidden() {
                set_timeout(move || self.flush(), Duration::from_secs(1));
            } else {
                request_animation_frame(move || self.flush());
            }
        }
        Some(change)
    }

    /// Empties the queue of messages and returns it.
    pub(crate) fn take_queue(self) -> Vec<QueueItem> {
        let queue = self.with_untracked(|transcript| transcript.queue.clone());
        if !queue.is_empty() {
            let id = self.last_event_untracked();
            let empty = EventBody::Queue(Queue { items: Vec::new() });
            self.apply(id.clone(), Some(&Event { seq: id.seq, body: empty }));
        }
        queue
    }

    /// Replaces the transcript by a later snapshot.
    pub(crate) fn reset(self, snapshot: Snapshot) {
        self.0.try_update_untracked(|state| {
            let triggers = std::mem::take(&mut state.triggers);
            let generation = state.generation + 1;
            *state = StoreState { generation, ..StoreState::new(snapshot, triggers) };
            state.mark_all_dirty();
        });
        self.flush();
    }

    /// Notifies the views of everything that has changed.
    pub(crate) fn flush(self) {
        for trigger in self.0.try_update_untracked(StoreState::take_dirty).unwrap_or_default() {
            trigger.notify();
        }
    }

    /// Reads everything except the entries. Tracked.
    pub(crate) fn meta<T>(self, read: impl FnOnce(&Transcript) -> T) -> T {
        self.track(|triggers| triggers.meta.clone());
        self.with_untracked(read)
    }

    /// Reads the state without tracking it. Callbacks that run after the page was left read the default.
    fn read_state<T>(self, read: impl FnOnce(&StoreState) -> T) -> T {
        match self.0.try_read_untracked() {
            Some(state) => read(&state),
            None => read(&StoreState::default()),
        }
    }

    /// Reads the transcript without tracking it.
    pub(crate) fn with_untracked<T>(self, read: impl FnOnce(&Transcript) -> T) -> T {
        self.read_state(|state| read(&state.transcript))
    }

    fn track_group_list(self) {
        self.track(|triggers| triggers.group_list.clone());
    }

    /// Returns all groups, in order. Tracked.
    pub(crate) fn groups(self) -> Vec<GroupKey> {
        self.track_group_list();
        self.read_state(|state| state.groups.keys().to_vec())
    }

    /// Returns the groups in the visible range, in order. Tracked.
    pub(crate) fn visible_groups(self) -> Vec<GroupKey> {
        self.track_group_list();
        self.read_state(|state| state.visible_groups().to_vec())
    }

    /// Returns the entries of a group in the visible range, in order. Tracked.
    pub(crate) fn visible_entries_of(self, key: &GroupKey) -> Vec<ItemId> {
        self.track(|triggers| triggers.groups.entry(key.clone()).or_default().clone());
        self.read_state(|state| state.visible_entries(key).to_vec())
    }

    /// Returns all entries of a group, in order. Tracked.
    pub(crate) fn entries_of(self, key: &GroupKey) -> Vec<ItemId> {
        self.track(|triggers| triggers.groups.entry(key.clone()).or_default().clone());
        self.read_state(|state| state.groups.entries(key).to_vec())
    }

    /// Reads an entry. Tracked. `None` if the transcript does not have it.
    pub(crate) fn read<T>(self, id: &ItemId, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.track(|triggers| triggers.entries.entry(id.clone()).or_default().clone());
        self.with_untracked(|transcript| transcript.entries.get(id).map(read))
    }

    /// Returns `true` if an entry is running, in a turn or beyond its end.
    pub(crate) fn is_busy(self) -> bool {
        self.read_state(|state| !state.running.is_empty())
    }

    /// Returns the id of the last event. Tracked.
    pub(crate) fn last_event(self) -> EventId {
        self.track(|triggers| triggers.last_event.clone());
        self.last_event_untracked()
    }

    /// Returns the id of the last event, without tracking it.
    pub(crate) fn last_event_untracked(self) -> EventId {
        self.read_state(|state| state.last_event.clone())
    }

    /// Returns `true` if there are older entries to load. Tracked.
    pub(crate) fn has_older(self) -> bool {
        self.track_group_list();
        self.read_state(|state| state.older.is_some())
    }

    /// Returns a reference to an entry.
    pub(crate) fn entry(self, id: ItemId) -> EntryRef {
        EntryRef { transcript: self, id: RwSignal::new(id) }
    }

    fn track(self, trigger: impl FnOnce(&mut Triggers) -> ArcTrigger) {
        if let Some(trigger) = self.0.try_update_untracked(|state| trigger(&mut state.triggers)) {
            trigger.track();
        }
    }
}

/// A reference to an entry of a conversation.
#[derive(Clone, Copy)]
pub(crate) struct EntryRef {
    pub(crate) transcript: TranscriptStore,
    id: RwSignal<ItemId>,
}

impl EntryRef {
    /// Returns the entry's id.
    pub(crate) fn id(self) -> ItemId {
        self.id.get_untracked_or_default()
    }

    /// Reads the entry. Tracked. `None` if the transcript does not have it.
    pub(crate) fn read<T>(self, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.transcript.read(&self.id(), read)
    }
}

#[cfg(test)]
pub(in crate::state) mod tests {
    use codex_gateway_wire::EventName;

    use super::*;

    pub(in crate::state::store) fn event(seq: u64, method: &str, params: &str) -> Event {
        let data = format!(r#"{{"method":"{method}","params":{params}}}"#);
        Event { seq, body: EventBody::parse(EventName::Notification, &data).unwrap() }
    }

    pub(in crate::state::store) fn item_started(seq: u64, id: &str) -> Event {
        let item = format!(r#"{{"type":"agentMessage","id":"{id}","text":""}}"#);
        event(seq, "item/started", &format!(r#"{{"threadId":"t","turnId":"u","item":{item}}}"#))
    }

    pub(in crate::state) fn snapshot() -> Snapshot {
        Snapshot {
            at: EventId { epoch: "e".into(), seq: 0 },
            session: codex_gateway_wire::api::SessionInfo {
                id: "s".into(),
                created_at: String::new(),
                last_access_at: String::new(),
                expires_at: None,
                approvals: codex_gateway_wire::ApprovalMode::Ask,
            },
            models: Vec::new(),
            older: false,
            transcript: Transcript::default(),
        }
    }

    pub(in crate::state::store) fn empty_state() -> StoreState {
        StoreState::new(snapshot(), Triggers::default())
    }

    fn dirty_entries(state: &mut StoreState) -> Vec<String> {
        let mut ids: Vec<_> = state.dirty.entries.drain().map(|id| id.to_string()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn new_entry_changes_its_group_and_delta_only_its_entry() {
        let mut state = empty_state();
        state.apply(&item_started(1, "a"));
        let group = GroupKey::Turn("u".into());
        assert!(state.dirty.group_list && state.dirty.groups.contains(&group));
        state.take_dirty();

        state.apply(&item_started(2, "b"));
        assert!(!state.dirty.group_list && state.dirty.groups.contains(&group));
        assert_eq!(state.groups.entries(&group), ["a".into(), "b".into()]);
        state.take_dirty();

        let delta = r#"{"threadId":"t","turnId":"u","itemId":"a","delta":"x"}"#;
        state.apply(&event(3, "item/agentMessage/delta", delta));
        assert!(!state.dirty.group_list && !state.dirty.meta && state.dirty.groups.is_empty());
        assert_eq!(dirty_entries(&mut state), ["a"]);
    }

    #[test]
    fn end_of_a_turn_marks_its_running_entries_dirty() {
        let mut state = empty_state();
        state.apply(&event(1, "turn/started", r#"{"threadId":"t","turn":{"id":"u"}}"#));
        state.apply(&item_started(2, "a"));
        state.take_dirty();
        let end = r#"{"threadId":"t","turn":{"id":"u","status":"interrupted"}}"#;
        state.apply(&event(3, "turn/completed", end));
        assert!(state.dirty.meta);
        assert_eq!(dirty_entries(&mut state), ["a"]);
        assert!(state.running.is_empty());
    }

    #[test]
    fn another_thread_marks_everything_dirty() {
        let mut state = empty_state();
        state.apply(&item_started(1, "a"));
        state.triggers.entries.entry("a".into()).or_default();
        state.take_dirty();
        let opened = r#"{"threadId":"t2","model":"m","cwd":"/"}"#;
        let body = EventBody::parse(EventName::Thread, opened).unwrap();
        state.apply(&Event { seq: 2, body });
        assert!(state.groups.keys().is_empty() && state.dirty.group_list && state.dirty.meta);
        assert_eq!(dirty_entries(&mut state), ["a"]);
    }

    #[test]
    fn resumed_thread_brings_its_history() {
        let mut state = empty_state();
        state.apply(&item_started(1, "a"));
        state.take_dirty();
        let item = r#"{"type":"agentMessage","id":"b","text":"Before."}"#;
        let entry = format!(r#"{{"id":"b","turnId":"v","phase":"done","content":{{"item":{item}}}}}"#);
        let history =
            format!(r#"{{"turns":[{{"id":"v","status":"completed"}}],"entries":[{entry}],"older":true}}"#);
        let opened = format!(r#"{{"threadId":"t2","model":"m","cwd":"/","history":{history}}}"#);
        let body = EventBody::parse(EventName::Thread, &opened).unwrap();
        state.apply(&Event { seq: 2, body });
        assert_eq!(state.groups.entries(&GroupKey::Turn("v".into())), ["b".into()]);
        assert!(
            state.older.is_some() && state.dirty.group_list && state.dirty.meta && state.running.is_empty()
        );
    }
}
