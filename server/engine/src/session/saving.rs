//! The actor's part about what outlives it: the session is written down as it changes, about once a second while
//! things stream, and at once when something ends. Nothing waits for it, and a store that fails stops nobody.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::Ordering,
    time::Duration,
};

use codex_gateway_wire::{
    Change, Event, ItemId, Phase, Transcript,
    api::Model,
    event::WarningKind,
    transcript::{Entries, EntryChange},
};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    Reply,
    actor::{Actor, Done},
};
use crate::{
    bridge::protocol::{AccountReply, Initialized},
    store::{SavedSession, SessionChange, SessionRow, StoreError},
};

/// How long to wait between two writings, and after one that failed.
const PAUSE: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(5);

const NOT_SAVED: &str = "The gateway cannot write this conversation down. It goes on, and this is tried again; until it \
                         works, what came since is lost if the gateway stops.";
const SAVED_AGAIN: &str = "This conversation is written down again, with all that came meanwhile.";

/// What a session needs to go on, beside its transcript.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    pub sandbox: String,
    pub approval_policy: String,
    /// Where it works.
    pub cwd: String,
    /// The model that was asked for.
    pub model: Option<String>,
    pub models: Vec<Model>,
    pub runtime: Initialized,
    pub account: AccountReply,
}

/// Whether a session is written down, as its readers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Saved,
    NotSaved,
}

/// When to write down what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// Nothing has.
    Nothing,
    /// It can wait for what comes next.
    Soon,
    /// At once.
    Now,
}

/// What was written down, and what has changed since.
pub(super) struct Saving {
    /// It is not there yet.
    new: bool,
    /// All entries must be written.
    anew: bool,
    underway: bool,
    /// What people were told of it last.
    standing: Standing,
    need: Need,
    entries: HashSet<ItemId>,
    /// The places of the entries that were written.
    places: HashMap<ItemId, i64>,
    next_place: i64,
    /// Those that were written as running: an event that ends several names none.
    running: HashSet<ItemId>,
    /// Not before this moment, unless it is needed now.
    not_before: Option<Instant>,
    /// Who wants to know when all is written; and those of them whom the writing that is underway is for.
    waiting: Vec<Reply<Result<(), StoreError>>>,
    answering: Vec<Reply<Result<(), StoreError>>>,
}

impl Default for Saving {
    fn default() -> Self {
        Self {
            new: true,
            anew: true,
            underway: false,
            standing: Standing::Saved,
            need: Need::Now,
            entries: HashSet::new(),
            places: HashMap::new(),
            next_place: 0,
            running: HashSet::new(),
            not_before: None,
            waiting: Vec::new(),
            answering: Vec::new(),
        }
    }
}

impl Saving {
    fn note(&mut self, change: &Change) {
        if change.is_none() {
            return;
        }
        self.need = self.need.max(Need::Soon);
        self.anew |= change.reset;
        if let Some(EntryChange::Added(id) | EntryChange::Updated(id)) = &change.entry {
            // With each delta: most are about what is noted already.
            if !self.entries.contains(id) {
                self.entries.insert(id.clone());
            }
        }
    }

    /// What there is now was written down, by another actor: nothing is needed until something changes.
    pub(super) fn is_known(&mut self) {
        self.need = Need::Nothing;
    }

    /// Whether all was written down.
    pub(super) fn is_done(&self) -> bool {
        self.need == Need::Nothing && !self.underway
    }

    /// When to write next.
    pub(super) fn at(&self) -> Option<Instant> {
        match self.need {
            _ if self.underway => None,
            Need::Nothing => None,
            Need::Soon => Some(self.not_before.unwrap_or_else(Instant::now)),
            Need::Now => Some(Instant::now()),
        }
    }

    /// The entries that must be written, and those that are gone.
    fn collect(&mut self, entries: &Entries) -> (Vec<(String, i64, String)>, Vec<String>) {
        if self.anew {
            (self.places, self.running, self.next_place) = (HashMap::new(), HashSet::new(), 0);
        }
        let gone: Vec<ItemId> = self.places.keys().filter(|id| entries.get(id).is_none()).cloned().collect();
        for id in &gone {
            self.places.remove(id);
            self.running.remove(id);
        }
        let mut written = Vec::new();
        for entry in entries.iter() {
            let ended = entry.phase != Phase::Running && self.running.contains(&entry.id);
            if !(self.anew || ended || self.entries.contains(&entry.id)) {
                continue;
            }
            // Our own types can be written.
            let Ok(json) = serde_json::to_string(entry) else { continue };
            let place = *self.places.entry(entry.id.clone()).or_insert_with(|| {
                self.next_place += 1;
                self.next_place
            });
            if entry.phase == Phase::Running {
                self.running.insert(entry.id.clone());
            } else {
                self.running.remove(&entry.id);
            }
            written.push((entry.id.to_string(), place, json));
        }
        self.entries.clear();
        (written, gone.iter().map(ToString::to_string).collect())
    }
}

impl Actor {
    /// Folds an event, and notes what it has changed.
    pub(super) fn fold(&mut self, event: &Event) -> Change {
        let change = self.transcript.apply(event);
        self.saving.note(&change);
        change
    }

    /// Something has ended: it is written down at once.
    pub(super) fn save_soon(&mut self) {
        self.saving.need = Need::Now;
    }

    /// Writes down what has changed.
    pub(super) fn save(&mut self) {
        let change = self.unsaved();
        self.saving.underway = true;
        self.saving.answering.append(&mut self.saving.waiting);
        self.sleeping += 1;
        let store = self.base.store.clone();
        self.tasks.push(async move { Done::Saved(store.save_session(change).await) }.boxed());
    }

    pub(super) fn saved(&mut self, result: Result<(), StoreError>) {
        self.sleeping -= 1;
        self.saving.underway = false;
        match &result {
            Ok(()) => {
                self.saving.new = false;
                self.saving.not_before = Instant::now().checked_add(PAUSE);
                if std::mem::replace(&mut self.saving.standing, Standing::Saved) == Standing::NotSaved {
                    self.warn(WarningKind::SavedAgain, SAVED_AGAIN.to_owned(), None);
                }
            }
            Err(error) => self.not_saved(error),
        }
        for reply in self.saving.answering.drain(..) {
            let _ = reply.send(result.clone());
        }
    }

    fn not_saved(&mut self, error: &StoreError) {
        tracing::error!(session = %self.shared.id, %error, "a session could not be written down");
        self.base.metrics.not_saved();
        // What is there now, nobody knows.
        (self.saving.anew, self.saving.need) = (true, Need::Soon);
        self.saving.not_before = Instant::now().checked_add(AFTER_FAILURE);
        if std::mem::replace(&mut self.saving.standing, Standing::NotSaved) == Standing::Saved {
            self.warn(WarningKind::NotSaved, NOT_SAVED.to_owned(), Some(error.to_string()));
        }
    }

    /// Answers when everything is written, or cannot be.
    pub(super) fn flush(&mut self, reply: Reply<Result<(), StoreError>>) {
        if self.saving.need != Need::Nothing {
            self.saving.need = Need::Now;
            self.saving.waiting.push(reply);
        } else if self.saving.underway {
            self.saving.answering.push(reply);
        } else {
            let _ = reply.send(Ok(()));
        }
    }

    /// Writes down what has not been yet, and waits for it.
    pub(super) async fn save_last(&mut self) -> Result<(), StoreError> {
        if self.saving.underway {
            // Whether that one came through, nobody will hear any more.
            self.saving.anew = true;
        }
        let change = self.unsaved();
        self.base.store.save_session(change).await.inspect_err(|error| self.not_saved(error))
    }

    fn unsaved(&mut self) -> SessionChange {
        let (new, anew) = (self.saving.new, self.saving.anew);
        let (entries, gone) = self.saving.collect(&self.transcript.entries);
        (self.saving.anew, self.saving.need) = (false, Need::Nothing);
        SessionChange { session: self.saved_session(), new, anew, gone, entries }
    }

    fn saved_session(&mut self) -> SavedSession {
        let shared = &self.shared;
        let settings = &self.base.settings;
        let kept = Kept {
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
            news_ms: shared.news_ms.load(Ordering::Relaxed),
            queued: !self.transcript.queue.is_empty(),
        };
        let entries = std::mem::take(&mut self.transcript.entries);
        let json = |value: &Transcript| serde_json::to_string(value).unwrap_or_default();
        let transcript = json(&self.transcript);
        self.transcript.entries = entries;
        SavedSession {
            row,
            seq: shared.log.last().seq,
            kept: serde_json::to_string(&kept).unwrap_or_default(),
            transcript,
            older: self.older,
        }
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{EventBody, Notification};
    use serde_json::{json, value::to_raw_value};

    use super::*;

    /// A transcript that notes what changes.
    #[derive(Default)]
    struct Noted(Transcript, Saving);

    impl Noted {
        fn hear(&mut self, method: &str, params: &serde_json::Value) {
            let notification = Notification::parse(method, &to_raw_value(params).unwrap());
            let event = Event { seq: self.0.as_of + 1, body: EventBody::Notification(notification) };
            let change = self.0.apply(&event);
            self.1.note(&change);
        }

        fn item(&mut self, method: &str, id: &str) {
            let item = json!({ "type": "agentMessage", "id": id, "text": "" });
            self.hear(method, &json!({ "threadId": "t", "turnId": "u", "item": item }));
        }

        /// What is written, each with its place, and what is taken out.
        fn written(&mut self) -> (Vec<(String, i64)>, Vec<String>) {
            let (written, gone) = self.1.collect(&self.0.entries);
            self.1.anew = false;
            (written.into_iter().map(|(id, place, _)| (id, place)).collect(), gone)
        }
    }

    fn places(places: &[(&str, i64)]) -> Vec<(String, i64)> {
        places.iter().map(|(id, place)| ((*id).to_owned(), *place)).collect()
    }

    #[test]
    fn what_has_changed_is_written_and_nothing_else() {
        let mut noted = Noted::default();
        noted
            .hear("turn/started", &json!({ "threadId": "t", "turn": { "id": "u", "status": "inProgress" } }));
        noted.item("item/completed", "a");
        noted.item("item/started", "b");
        assert_eq!(noted.written().0, places(&[("a", 1), ("b", 2)]));
        assert_eq!(noted.written().0, []);
        for _ in 0..100 {
            let delta = json!({ "threadId": "t", "turnId": "u", "itemId": "b", "delta": "x" });
            noted.hear("item/agentMessage/delta", &delta);
        }
        noted.item("item/completed", "c");
        assert_eq!(noted.written().0, places(&[("b", 2), ("c", 3)]), "once, however much it says");
        // The end of a turn names none of the entries that it ends.
        noted.hear("turn/completed", &json!({ "threadId": "t", "turn": { "id": "u", "status": "failed" } }));
        assert_eq!(noted.written().0, places(&[("b", 2)]));
        noted.0.trim(1, usize::MAX);
        let (written, mut gone) = noted.written();
        gone.sort();
        assert_eq!((written, gone), (vec![], vec!["a".to_owned(), "b".to_owned()]));
        noted.1.anew = true;
        assert_eq!(noted.written().0, places(&[("c", 1)]));
    }

    #[test]
    fn what_streams_waits_for_its_moment_and_an_end_does_not() {
        let mut saving = Saving { need: Need::Nothing, ..Saving::default() };
        assert_eq!(saving.at(), None);
        let later = Instant::now() + PAUSE;
        (saving.need, saving.not_before) = (Need::Soon, Some(later));
        assert_eq!(saving.at(), Some(later));
        saving.need = Need::Now;
        assert!(saving.at().is_some_and(|at| at < later));
        saving.underway = true;
        assert_eq!(saving.at(), None, "one at a time");
    }
}
