//! The summaries of an owner's sessions, followed as they change.

use std::{collections::HashMap, time::Duration};

use codex_gateway_wire::{OwnerId, SessionId, api::SessionSummary};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{Sessions, stored};
use crate::{error::SessionError, session::Session};

/// The least time between two looks at the sessions: what changes in between is told once.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// A change of an owner's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SummaryChange {
    /// A session is new, or its summary has changed.
    Changed(SessionSummary),
    /// A session has ended.
    Removed(SessionId),
}

/// Follows the summaries of an owner's sessions.
#[derive(Debug)]
pub struct SummaryFollower {
    sessions: Sessions,
    owner: OwnerId,
    changes: watch::Receiver<u64>,
    /// The summaries as they were last told.
    known: HashMap<SessionId, SessionSummary>,
    /// How often sessions had ended when all of them were last listed.
    ended: u64,
    /// The signal came, and the sessions were not looked at since.
    signalled: bool,
    next_look: Instant,
}

impl Sessions {
    /// The summaries of that owner's sessions, the last used first, and a follower of their changes.
    pub async fn follow_summaries(&self, owner: &OwnerId) -> (Vec<SessionSummary>, SummaryFollower) {
        let mut changes = self.inner.changes.subscribe();
        // Before the sessions are listed: a change meanwhile is told again.
        let ended = *changes.borrow_and_update();
        let summaries = self.summaries(owner).await;
        let follower = SummaryFollower {
            sessions: self.clone(),
            owner: owner.clone(),
            changes,
            known: by_id(summaries.clone()),
            ended,
            signalled: false,
            next_look: Instant::now() + MIN_INTERVAL,
        };
        (summaries, follower)
    }

    async fn summaries(&self, owner: &OwnerId) -> Vec<SessionSummary> {
        let (live, stored) = self.all(owner, None).await;
        let stored = stored.into_iter().map(stored::summary);
        let mut list: Vec<SessionSummary> = live.iter().map(Session::summary).chain(stored).collect();
        list.sort_by(|a, b| b.last_access_ms.cmp(&a.last_access_ms).then_with(|| a.id.cmp(&b.id)));
        list
    }

    /// A session of that owner for a client that only waits to be asked. Does not count as use.
    ///
    /// # Errors
    /// Those of [`Sessions::get`].
    pub async fn get_unused(&self, owner: &OwnerId, id: &SessionId) -> Result<Session, SessionError> {
        self.in_memory(owner, id).await
    }
}

impl SummaryFollower {
    /// Waits for the next changes. Returns an empty list if the signal came for sessions of other owners only. Dropping
    /// the future loses nothing.
    pub async fn next(&mut self) -> Vec<SummaryChange> {
        if !self.signalled {
            if self.changes.changed().await.is_err() {
                // The gateway is stopping: nothing changes any more.
                return std::future::pending().await;
            }
            self.signalled = true;
        }
        sleep_until(self.next_look).await;
        let ended = *self.changes.borrow_and_update();
        if ended == self.ended {
            self.signalled = false;
            self.next_look = Instant::now() + MIN_INTERVAL;
            let live = self.sessions.live_sessions(&self.owner);
            return self.note(live);
        }
        let all = by_id(self.sessions.summaries(&self.owner).await);
        (self.ended, self.signalled, self.next_look) = (ended, false, Instant::now() + MIN_INTERVAL);
        let gone: Vec<SessionId> = self.known.keys().filter(|id| !all.contains_key(id)).cloned().collect();
        for id in &gone {
            self.known.remove(id);
        }
        let mut changes: Vec<SummaryChange> = gone.into_iter().map(SummaryChange::Removed).collect();
        changes.extend(self.note(all.into_values()));
        changes
    }

    /// Notes summaries, and returns those that have changed.
    fn note(&mut self, summaries: impl IntoIterator<Item = SessionSummary>) -> Vec<SummaryChange> {
        let mut changes = Vec::new();
        for summary in summaries {
            if self.known.get(&summary.id) != Some(&summary) {
                self.known.insert(summary.id.clone(), summary.clone());
                changes.push(SummaryChange::Changed(summary));
            }
        }
        changes
    }
}

fn by_id(summaries: Vec<SessionSummary>) -> HashMap<SessionId, SessionSummary> {
    summaries.into_iter().map(|summary| (summary.id.clone(), summary)).collect()
}
