//! The plain transcript, and a trigger for each of its parts.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use codex_gateway_wire::{
    Change, Entry, Event, EventBody, EventId, ItemId, Phase, Queue, QueueItem, Snapshot, Transcript,
    transcript::EntryChange,
};
use leptos::prelude::*;

use crate::signal::RwSignalExt as _;

use super::{
    groups::{GroupKey, Groups},
    older::OlderCursor,
    visible_range::VisibleRange,
};

/// The conversation of a page. The transcript itself lies outside the reactive graph: an event changes it at
/// once, and the parts of the page that show what changed are told at the next animation frame.
#[derive(Clone, Copy)]
pub(crate) struct TranscriptStore(pub(super) RwSignal<StoreState>);

#[derive(Default)]
pub(super) struct StoreState {
    pub(super) transcript: Transcript,
    pub(super) groups: Groups,
    /// The last event that came, folded or not.
    at: EventId,
    /// Where older entries are to be had; nowhere if there are none.
    pub(super) older: Option<OlderCursor>,
    /// What the page shows.
    pub(super) span: VisibleRange,
    /// How often the conversation has begun anew.
    pub(super) generation: u32,
    /// The entries that were running when they last changed.
    running: HashSet<ItemId>,
    triggers: Triggers,
    pub(super) dirty: Dirty,
}

/// Who is told. A part that nothing shows has no trigger.
#[derive(Default)]
struct Triggers {
    entries: HashMap<ItemId, ArcTrigger>,
    groups: HashMap<GroupKey, ArcTrigger>,
    /// Which groups there are.
    order: ArcTrigger,
    /// Everything beside the entries.
    meta: ArcTrigger,
    /// The id of the last event.
    at: ArcTrigger,
}

/// What changed since the last frame.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own")]
pub(super) struct Dirty {
    /// The next frame will tell.
    scheduled: bool,
    pub(super) entries: HashSet<ItemId>,
    pub(super) groups: HashSet<GroupKey>,
    pub(super) order: bool,
    meta: bool,
    at: bool,
}

impl StoreState {
    fn new(snapshot: Snapshot, triggers: Triggers) -> Self {
        let transcript = snapshot.transcript;
        let running = transcript.entries.iter().filter(|entry| entry.phase == Phase::Running);
        Self {
            groups: Groups::of(transcript.entries.iter()),
            at: snapshot.at,
            older: snapshot.older.then(|| OlderCursor::before(&transcript)),
            span: VisibleRange::default(),
            generation: 0,
            running: running.map(|entry| entry.id.clone()).collect(),
            transcript,
            triggers,
            dirty: Dirty::default(),
        }
    }

    pub(super) fn fold(&mut self, event: &Event) -> Change {
        let change = self.transcript.apply(event);
        if change.reset {
            let history = match &event.body {
                EventBody::Thread(opened) => opened.history.as_ref(),
                _ => None,
            };
            let older = history.is_some_and(|history| history.older);
            self.older = older.then(|| OlderCursor::before(&self.transcript));
            self.generation += 1;
            self.span = VisibleRange::default();
            self.mark_all_dirty();
        } else {
            self.note(&change);
        }
        change
    }

    fn note(&mut self, change: &Change) {
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
                self.dirty.order |= new;
            }
            // What codex asks about an entry may be shown before the entry has come.
            self.dirty.entries.insert(entry.id.clone());
        }
        if change.meta {
            self.dirty.meta = true;
            // The end of a turn, or of the process, cuts entries off without naming them.
            let entries = &self.transcript.entries;
            let still = |id: &ItemId| entries.get(id).is_some_and(|entry| entry.phase == Phase::Running);
            let cut = self.running.extract_if(|id| !still(id));
            self.dirty.entries.extend(cut);
        }
    }

    /// Everything may be different now.
    fn mark_all_dirty(&mut self) {
        self.regroup();
        self.dirty.entries.extend(self.triggers.entries.keys().cloned());
        self.dirty.groups.extend(self.triggers.groups.keys().cloned());
        self.dirty.meta = true;
        self.dirty.at = true;
    }

    /// Which entries there are has changed in more than one place.
    pub(super) fn regroup(&mut self) {
        self.groups = Groups::of(self.transcript.entries.iter());
        let running = self.transcript.entries.iter().filter(|entry| entry.phase == Phase::Running);
        self.running = running.map(|entry| entry.id.clone()).collect();
        self.dirty.order = true;
    }

    /// The triggers of all that changed.
    pub(super) fn take_dirty(&mut self) -> Vec<ArcTrigger> {
        let dirty = std::mem::take(&mut self.dirty);
        let triggers = &self.triggers;
        let flags = [(dirty.order, &triggers.order), (dirty.meta, &triggers.meta), (dirty.at, &triggers.at)];
        let parts = flags.into_iter().filter_map(|(is, trigger)| is.then_some(trigger));
        let groups = dirty.groups.iter().filter_map(|key| triggers.groups.get(key));
        let entries = dirty.entries.iter().filter_map(|id| triggers.entries.get(id));
        parts.chain(groups).chain(entries).cloned().collect()
    }
}

impl TranscriptStore {
    /// Begins with a snapshot.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self(RwSignal::new(StoreState::new(snapshot, Triggers::default())))
    }

    /// Takes the next event in. What it changed is shown with the next frame.
    pub(crate) fn apply(self, id: EventId, event: Option<&Event>) -> Option<Change> {
        let applied = self.0.try_update_untracked(|core| {
            let change = event.map(|event| core.fold(event));
            core.at = id;
            core.dirty.at = true;
            (change.unwrap_or_default(), !std::mem::replace(&mut core.dirty.scheduled, true))
        });
        let (change, schedule) = applied?;
        if schedule {
            // No frame comes while the page is out of sight, but its title may change.
            if crate::browser::hidden() {
                set_timeout(move || self.flush(), Duration::from_secs(1));
            } else {
                request_animation_frame(move || self.flush());
            }
        }
        Some(change)
    }

    /// Takes all messages out of the queue, when no session is there to send them.
    pub(crate) fn take_queue(self) -> Vec<QueueItem> {
        let queue = self.with_untracked(|transcript| transcript.queue.clone());
        if !queue.is_empty() {
            let at = self.last_event();
            let none = EventBody::Queue(Queue { items: Vec::new() });
            self.apply(at.clone(), Some(&Event { seq: at.seq, body: none }));
        }
        queue
    }

    /// Begins anew with a later snapshot.
    pub(crate) fn reset(self, snapshot: Snapshot) {
        self.0.try_update_untracked(|core| {
            let triggers = std::mem::take(&mut core.triggers);
            let generation = core.generation + 1;
            *core = StoreState { generation, ..StoreState::new(snapshot, triggers) };
            core.mark_all_dirty();
        });
        self.flush();
    }

    /// Tells everybody concerned what changed.
    pub(crate) fn flush(self) {
        for trigger in self.0.try_update_untracked(StoreState::take_dirty).unwrap_or_default() {
            trigger.notify();
        }
    }

    /// Reads everything beside the entries; tracked.
    pub(crate) fn meta<T>(self, read: impl FnOnce(&Transcript) -> T) -> T {
        self.track(|triggers| triggers.meta.clone());
        self.with_untracked(read)
    }

    /// Reads the state without tracking anything. Late callbacks of the browser read the default once the page is gone.
    pub(super) fn read_state<T>(self, read: impl FnOnce(&StoreState) -> T) -> T {
        match self.0.try_read_untracked() {
            Some(core) => read(&core),
            None => read(&StoreState::default()),
        }
    }

    /// Reads the transcript without tracking anything.
    pub(crate) fn with_untracked<T>(self, read: impl FnOnce(&Transcript) -> T) -> T {
        self.read_state(|core| read(&core.transcript))
    }

    pub(super) fn track_order(self) {
        self.track(|triggers| triggers.order.clone());
    }

    /// All groups in order, shown or not; tracked.
    pub(crate) fn groups(self) -> Vec<GroupKey> {
        self.track_order();
        self.read_state(|core| core.groups.order().to_vec())
    }

    /// The groups that are shown, in order; tracked.
    pub(crate) fn order(self) -> Vec<GroupKey> {
        self.track_order();
        self.read_state(|core| core.shown_groups().to_vec())
    }

    /// The entries of a group that are shown, in order; tracked.
    pub(crate) fn shown(self, key: &GroupKey) -> Vec<ItemId> {
        self.track(|triggers| triggers.groups.entry(key.clone()).or_default().clone());
        self.read_state(|core| core.shown_entries(key).to_vec())
    }

    /// The entries of a group in order; tracked.
    pub(crate) fn group(self, key: &GroupKey) -> Vec<ItemId> {
        self.track(|triggers| triggers.groups.entry(key.clone()).or_default().clone());
        self.read_state(|core| core.groups.entries(key).to_vec())
    }

    /// Reads an entry; tracked. None once it is gone.
    pub(crate) fn read<T>(self, id: &ItemId, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.track(|triggers| triggers.entries.entry(id.clone()).or_default().clone());
        self.with_untracked(|transcript| transcript.entries.get(id).map(read))
    }

    /// Whether something runs: in a turn, or beyond it.
    pub(crate) fn is_busy(self) -> bool {
        self.read_state(|core| !core.running.is_empty())
    }

    /// The last event that came; tracked.
    pub(crate) fn at(self) -> EventId {
        self.track(|triggers| triggers.at.clone());
        self.last_event()
    }

    /// The last event that came.
    pub(crate) fn last_event(self) -> EventId {
        self.read_state(|core| core.at.clone())
    }

    /// Whether there are entries older than the first; tracked.
    pub(crate) fn has_older(self) -> bool {
        self.track_order();
        self.read_state(|core| core.older.is_some())
    }

    /// One entry.
    pub(crate) fn entry(self, id: ItemId) -> EntryRef {
        EntryRef { live: self, id: RwSignal::new(id) }
    }

    fn track(self, trigger: impl FnOnce(&mut Triggers) -> ArcTrigger) {
        if let Some(trigger) = self.0.try_update_untracked(|core| trigger(&mut core.triggers)) {
            trigger.track();
        }
    }
}

/// An entry of the conversation, by its id.
#[derive(Clone, Copy)]
pub(crate) struct EntryRef {
    pub(crate) live: TranscriptStore,
    id: RwSignal<ItemId>,
}

impl EntryRef {
    /// Its id.
    pub(crate) fn id(self) -> ItemId {
        self.id.get_untracked_or_default()
    }

    /// Reads it; tracked. None once it is gone.
    pub(crate) fn read<T>(self, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.live.read(&self.id(), read)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use codex_gateway_wire::EventName;

    use super::*;

    pub(in crate::state) fn event(seq: u64, method: &str, params: &str) -> Event {
        let data = format!(r#"{{"method":"{method}","params":{params}}}"#);
        Event { seq, body: EventBody::parse(EventName::Notification, &data).unwrap() }
    }

    pub(in crate::state) fn started(seq: u64, id: &str) -> Event {
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

    pub(in crate::state) fn core() -> StoreState {
        StoreState::new(snapshot(), Triggers::default())
    }

    fn dirty_entries(core: &mut StoreState) -> Vec<String> {
        let mut ids: Vec<_> = core.dirty.entries.drain().map(|id| id.to_string()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn a_new_entry_changes_its_group_and_a_delta_its_entry_alone() {
        let mut core = core();
        core.fold(&started(1, "a"));
        let group = GroupKey::Turn("u".into());
        assert!(core.dirty.order && core.dirty.groups.contains(&group));
        core.take_dirty();

        core.fold(&started(2, "b"));
        assert!(!core.dirty.order && core.dirty.groups.contains(&group));
        assert_eq!(core.groups.entries(&group), ["a".into(), "b".into()]);
        core.take_dirty();

        let delta = r#"{"threadId":"t","turnId":"u","itemId":"a","delta":"x"}"#;
        core.fold(&event(3, "item/agentMessage/delta", delta));
        assert!(!core.dirty.order && !core.dirty.meta && core.dirty.groups.is_empty());
        assert_eq!(dirty_entries(&mut core), ["a"]);
    }

    #[test]
    fn what_the_end_of_a_turn_cuts_off_is_told() {
        let mut core = core();
        core.fold(&event(1, "turn/started", r#"{"threadId":"t","turn":{"id":"u"}}"#));
        core.fold(&started(2, "a"));
        core.take_dirty();
        let end = r#"{"threadId":"t","turn":{"id":"u","status":"interrupted"}}"#;
        core.fold(&event(3, "turn/completed", end));
        assert!(core.dirty.meta);
        assert_eq!(dirty_entries(&mut core), ["a"]);
        assert!(core.running.is_empty());
    }

    #[test]
    fn another_thread_changes_everything() {
        let mut core = core();
        core.fold(&started(1, "a"));
        core.triggers.entries.entry("a".into()).or_default();
        core.take_dirty();
        let opened = r#"{"threadId":"t2","model":"m","cwd":"/"}"#;
        let body = EventBody::parse(EventName::Thread, opened).unwrap();
        core.fold(&Event { seq: 2, body });
        assert!(core.groups.order().is_empty() && core.dirty.order && core.dirty.meta);
        assert_eq!(dirty_entries(&mut core), ["a"]);
    }

    #[test]
    fn a_thread_that_is_resumed_brings_its_history() {
        let mut core = core();
        core.fold(&started(1, "a"));
        core.take_dirty();
        let item = r#"{"type":"agentMessage","id":"b","text":"Before."}"#;
        let entry = format!(r#"{{"id":"b","turnId":"v","phase":"done","content":{{"item":{item}}}}}"#);
        let history =
            format!(r#"{{"turns":[{{"id":"v","status":"completed"}}],"entries":[{entry}],"older":true}}"#);
        let opened = format!(r#"{{"threadId":"t2","model":"m","cwd":"/","history":{history}}}"#);
        let body = EventBody::parse(EventName::Thread, &opened).unwrap();
        core.fold(&Event { seq: 2, body });
        assert_eq!(core.groups.entries(&GroupKey::Turn("v".into())), ["b".into()]);
        assert!(core.older.is_some() && core.dirty.order && core.dirty.meta && core.running.is_empty());
    }
}
