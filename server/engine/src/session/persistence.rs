//! Persistence. The session is stored about once a second while events stream, and at once when a
//! turn or a request ends. Nothing waits for a write, and the session continues if the store fails.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::Ordering,
    time::Duration,
};

use codex_app_server_client::protocol::{AccountReply, InitializeReply};
use codex_gateway_wire::{
    Change, Event, ItemId, Phase, Transcript,
    api::Model,
    event::WarningKind,
    transcript::{Entries, EntryChange},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    Reply,
    actor::{Actor, TaskResult},
};
use crate::store::{SavedSession, SessionChange, SessionRow, StoreError};

/// Minimum time between two writes.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// Delay after a failed write.
const RETRY_DELAY: Duration = Duration::from_secs(5);

const NOT_SAVED_MESSAGE: &str = "The gateway cannot write this conversation down. It goes on, and this is tried again; until it \
                         works, what came since is lost if the gateway stops.";
const SAVED_AGAIN_MESSAGE: &str = "This conversation is written down again, with all that came meanwhile.";

/// What is needed to restore a session, in addition to the transcript.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SessionMetadata {
    pub sandbox: String,
    pub approval_policy: String,
    /// The session's directory.
    pub cwd: String,
    /// The requested model. `None` for codex's default.
    pub model: Option<String>,
    pub models: Vec<Model>,
    pub runtime: InitializeReply,
    pub account: AccountReply,
}

/// Whether the session is stored, as last reported to its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SaveStatus {
    Saved,
    NotSaved,
}

/// How soon the changes must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// There are no changes.
    Nothing,
    /// After [`MIN_INTERVAL`], together with later changes.
    Soon,
    /// At once.
    Now,
}

/// What is stored, and what has changed since.
pub(super) struct Persistence {
    /// The session has no row yet.
    new: bool,
    /// All entries must be written.
    rewrite_all: bool,
    in_flight: bool,
    /// The status that readers were told last.
    status: SaveStatus,
    urgency: Urgency,
    changed: HashSet<ItemId>,
    /// The positions of the stored entries.
    positions: HashMap<ItemId, i64>,
    last_position: i64,
    /// Entries that were stored as running. An event that ends several entries does not name them.
    running: HashSet<ItemId>,
    /// The earliest time of the next write, unless it is urgent.
    not_before: Option<Instant>,
    /// Callers that wait until everything is stored. The second list waits for the write that is in
    /// flight.
    flush_waiters: Vec<Reply<Result<(), StoreError>>>,
    in_flight_waiters: Vec<Reply<Result<(), StoreError>>>,
}

impl Default for Persistence {
    fn default() -> Self {
        Self {
            new: true,
            rewrite_all: true,
            in_flight: false,
            status: SaveStatus::Saved,
            urgency: Urgency::Now,
            changed: HashSet::new(),
            positions: HashMap::new(),
            last_position: 0,
            running: HashSet::new(),
            not_before: None,
            flush_waiters: Vec::new(),
            in_flight_waiters: Vec::new(),
        }
    }
}

impl Persistence {
    fn record(&mut self, change: &Change) {
        if change.is_none() {
            return;
        }
        self.urgency = self.urgency.max(Urgency::Soon);
        self.rewrite_all |= change.reset;
        if let Some(EntryChange::Added(id) | EntryChange::Updated(id)) = &change.entry {
            // For deltas, the entry is usually in the set already.
            if !self.changed.contains(id) {
                self.changed.insert(id.clone());
            }
        }
    }

    /// Marks everything as stored, because another actor has written it.
    pub(super) fn mark_clean(&mut self) {
        self.urgency = Urgency::Nothing;
    }

    /// Returns `true` if everything is stored.
    pub(super) fn is_clean(&self) -> bool {
        self.urgency == Urgency::Nothing && !self.in_flight
    }

    /// Returns the time of the next write. `None` if nothing has changed or a write is in flight.
    pub(super) fn next_write(&self) -> Option<Instant> {
        match self.urgency {
            _ if self.in_flight => None,
            Urgency::Nothing => None,
            Urgency::Soon => Some(self.not_before.unwrap_or_else(Instant::now)),
            Urgency::Now => Some(Instant::now()),
        }
    }

    /// Returns the entries to write and the ids of the entries to remove.
    fn collect(&mut self, entries: &Entries) -> (Vec<(String, i64, String)>, Vec<String>) {
        if self.rewrite_all {
            (self.positions, self.running, self.last_position) = (HashMap::new(), HashSet::new(), 0);
        }
        let removed: Vec<ItemId> =
            self.positions.keys().filter(|id| entries.get(id).is_none()).cloned().collect();
        for id in &removed {
            self.positions.remove(id);
            self.running.remove(id);
        }
        let mut written = Vec::new();
        for entry in entries.iter() {
            let ended = entry.phase != Phase::Running && self.running.contains(&entry.id);
            if !(self.rewrite_all || ended || self.changed.contains(&entry.id)) {
                continue;
            }
            // The gateway's own types always serialize.
            let Ok(json) = serde_json::to_string(entry) else { continue };
            let position = *self.positions.entry(entry.id.clone()).or_insert_with(|| {
                self.last_position += 1;
                self.last_position
            });
            if entry.phase == Phase::Running {
                self.running.insert(entry.id.clone());
            } else {
                self.running.remove(&entry.id);
            }
            written.push((entry.id.to_string(), position, json));
        }
        self.changed.clear();
        (written, removed.iter().map(ToString::to_string).collect())
    }
}

impl Actor {
    /// Folds an event and records what it changes.
    pub(super) fn fold(&mut self, event: &Event) -> Change {
        let change = self.transcript.apply(event);
        self.persistence.record(&change);
        change
    }

    /// Makes the next write urgent.
    pub(super) fn save_now(&mut self) {
        self.persistence.urgency = Urgency::Now;
    }

    /// Starts a write of all changes.
    pub(super) fn save(&mut self) {
        let change = self.pending_change();
        self.persistence.in_flight = true;
        self.persistence.in_flight_waiters.append(&mut self.persistence.flush_waiters);
        let store = self.context.store.clone();
        self.tasks.spawn_passive(async move { TaskResult::Saved(store.save_session(change).await) });
    }

    pub(super) fn on_saved(&mut self, result: Result<(), StoreError>) {
        self.persistence.in_flight = false;
        match &result {
            Ok(()) => {
                self.persistence.new = false;
                self.persistence.not_before = Instant::now().checked_add(MIN_INTERVAL);
                if std::mem::replace(&mut self.persistence.status, SaveStatus::Saved) == SaveStatus::NotSaved
                {
                    self.warn(WarningKind::SavedAgain, SAVED_AGAIN_MESSAGE.to_owned(), None);
                }
            }
            Err(error) => self.save_failed(error),
        }
        for reply in self.persistence.in_flight_waiters.drain(..) {
            let _ = reply.send(result.clone());
        }
    }

    fn save_failed(&mut self, error: &StoreError) {
        tracing::error!(session = %self.shared.id, %error, "a session could not be written down");
        self.context.metrics.save_failed();
        // The stored state is unknown after a failure.
        (self.persistence.rewrite_all, self.persistence.urgency) = (true, Urgency::Soon);
        self.persistence.not_before = Instant::now().checked_add(RETRY_DELAY);
        if std::mem::replace(&mut self.persistence.status, SaveStatus::NotSaved) == SaveStatus::Saved {
            self.warn(WarningKind::NotSaved, NOT_SAVED_MESSAGE.to_owned(), Some(error.to_string()));
        }
    }

    /// Replies when everything is stored, or when a write has failed.
    pub(super) fn flush(&mut self, reply: Reply<Result<(), StoreError>>) {
        if self.persistence.urgency != Urgency::Nothing {
            self.persistence.urgency = Urgency::Now;
            self.persistence.flush_waiters.push(reply);
        } else if self.persistence.in_flight {
            self.persistence.in_flight_waiters.push(reply);
        } else {
            let _ = reply.send(Ok(()));
        }
    }

    /// Writes all changes and waits for the result.
    pub(super) async fn final_save(&mut self) -> Result<(), StoreError> {
        if self.persistence.in_flight {
            // The result of the write in flight is not awaited.
            self.persistence.rewrite_all = true;
        }
        let change = self.pending_change();
        self.context.store.save_session(change).await.inspect_err(|error| self.save_failed(error))
    }

    fn pending_change(&mut self) -> SessionChange {
        let (new, rewrite_all) = (self.persistence.new, self.persistence.rewrite_all);
        let (entries, removed) = self.persistence.collect(&self.transcript.entries);
        (self.persistence.rewrite_all, self.persistence.urgency) = (false, Urgency::Nothing);
        SessionChange { session: self.saved_session(), new, replace_all: rewrite_all, removed, entries }
    }

    fn saved_session(&mut self) -> SavedSession {
        let shared = &self.shared;
        let settings = &self.context.settings;
        let metadata = SessionMetadata {
            sandbox: settings.sandbox.as_str().to_owned(),
            approval_policy: settings.approval_policy.as_str().to_owned(),
            cwd: settings.cwd.to_string_lossy().into_owned(),
            model: self.model.clone(),
            models: self.models.clone(),
            runtime: self.runtime.clone(),
            account: self.account.clone(),
        };
        let row = SessionRow {
            id: shared.id.clone(),
            owner: shared.owner.clone(),
            thread: self.transcript.thread_id.clone(),
            title: self.transcript.title.clone(),
            cwd: self.transcript.cwd.clone(),
            approvals: settings.approvals.as_str().to_owned(),
            created_ms: shared.created_ms,
            last_access_ms: shared.last_access().unix_ms(),
            news_ms: shared.attention_ms.load(Ordering::Relaxed),
            queued: !self.transcript.queue.is_empty(),
        };
        let entries = std::mem::take(&mut self.transcript.entries);
        let json = |value: &Transcript| serde_json::to_string(value).unwrap_or_default();
        let transcript = json(&self.transcript);
        self.transcript.entries = entries;
        SavedSession {
            row,
            seq: shared.log.last().seq,
            metadata: serde_json::to_string(&metadata).unwrap_or_default(),
            transcript,
            has_older: self.has_older,
        }
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{EventBody, Notification};
    use serde_json::{json, value::to_raw_value};

    use super::*;

    /// A transcript and the changes that it records.
    #[derive(Default)]
    struct Recorder {
        transcript: Transcript,
        persistence: Persistence,
    }

    impl Recorder {
        fn apply(&mut self, method: &str, params: &serde_json::Value) {
            let notification = Notification::parse(method, &to_raw_value(params).unwrap());
            let event = Event { seq: self.transcript.as_of + 1, body: EventBody::Notification(notification) };
            let change = self.transcript.apply(&event);
            self.persistence.record(&change);
        }

        fn item(&mut self, method: &str, id: &str) {
            let item = json!({ "type": "agentMessage", "id": id, "text": "" });
            self.apply(method, &json!({ "threadId": "t", "turnId": "u", "item": item }));
        }

        /// Returns the entries to write, each with its position, and the entries to remove.
        fn written(&mut self) -> (Vec<(String, i64)>, Vec<String>) {
            let (written, removed) = self.persistence.collect(&self.transcript.entries);
            self.persistence.rewrite_all = false;
            (written.into_iter().map(|(id, position, _)| (id, position)).collect(), removed)
        }
    }

    fn positions(positions: &[(&str, i64)]) -> Vec<(String, i64)> {
        positions.iter().map(|(id, position)| ((*id).to_owned(), *position)).collect()
    }

    #[test]
    fn only_changed_entries_are_written() {
        let mut recorder = Recorder::default();
        recorder.apply(
            "turn/started",
            &json!({ "threadId": "t", "turn": { "id": "u", "status": "inProgress" } }),
        );
        recorder.item("item/completed", "a");
        recorder.item("item/started", "b");
        assert_eq!(recorder.written().0, positions(&[("a", 1), ("b", 2)]));
        assert_eq!(recorder.written().0, []);
        for _ in 0..100 {
            let delta = json!({ "threadId": "t", "turnId": "u", "itemId": "b", "delta": "x" });
            recorder.apply("item/agentMessage/delta", &delta);
        }
        recorder.item("item/completed", "c");
        assert_eq!(
            recorder.written().0,
            positions(&[("b", 2), ("c", 3)]),
            "an entry with many deltas is written once"
        );
        // The end of a turn does not name the entries that it ends.
        recorder
            .apply("turn/completed", &json!({ "threadId": "t", "turn": { "id": "u", "status": "failed" } }));
        assert_eq!(recorder.written().0, positions(&[("b", 2)]));
        recorder.transcript.trim(1, usize::MAX);
        let (written, mut removed) = recorder.written();
        removed.sort();
        assert_eq!((written, removed), (vec![], vec!["a".to_owned(), "b".to_owned()]));
        recorder.persistence.rewrite_all = true;
        assert_eq!(recorder.written().0, positions(&[("c", 1)]));
    }

    #[test]
    fn next_write_depends_on_urgency() {
        let mut persistence = Persistence { urgency: Urgency::Nothing, ..Persistence::default() };
        assert_eq!(persistence.next_write(), None);
        let later = Instant::now() + MIN_INTERVAL;
        (persistence.urgency, persistence.not_before) = (Urgency::Soon, Some(later));
        assert_eq!(persistence.next_write(), Some(later));
        persistence.urgency = Urgency::Now;
        assert!(persistence.next_write().is_some_and(|at| at < later));
        persistence.in_flight = true;
        assert_eq!(persistence.next_write(), None, "a write is in flight");
    }
}
