//! The summaries of an owner's sessions, and changes of them.

use std::{collections::HashMap, time::Duration};

use codex_gateway_wire::{OwnerId, SessionId, api::SessionSummary};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{Sessions, dormant};
use crate::{error::SessionError, session::Session};

/// Minimum time between two checks of the sessions. Changes in between are combined.
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
    /// The summaries that were last returned.
    known: HashMap<SessionId, SessionSummary>,
    /// The number of ended sessions when all sessions were last listed.
    ended: u64,
    /// A signal has arrived, and the sessions were not checked since.
    is_signalled: bool,
    next_check: Instant,
}

impl Sessions {
    /// Returns the summaries of the owner's sessions, the most recently used first, and a follower
    /// of their changes.
    pub async fn follow_summaries(&self, owner: &OwnerId) -> (Vec<SessionSummary>, SummaryFollower) {
        let mut changes = self.inner.summary_changes.subscribe();
        // Before the sessions are listed, so that a concurrent change is reported again.
        let ended = *changes.borrow_and_update();
        let summaries = self.summaries(owner).await;
        let follower = SummaryFollower {
            sessions: self.clone(),
            owner: owner.clone(),
            changes,
            known: by_id(summaries.clone()),
            ended,
            is_signalled: false,
            next_check: Instant::now() + MIN_INTERVAL,
        };
        (summaries, follower)
    }

    async fn summaries(&self, owner: &OwnerId) -> Vec<SessionSummary> {
        let (loaded, dormant) = self.list_all(owner, None).await;
        let dormant = dormant.into_iter().map(dormant::row_summary);
        let mut list: Vec<SessionSummary> = loaded.iter().map(Session::summary).chain(dormant).collect();
        list.sort_by(|a, b| b.last_access_ms.cmp(&a.last_access_ms).then_with(|| a.id.cmp(&b.id)));
        list
    }

    /// Returns a session of the owner. Does not count as a use: for clients that only wait for
    /// requests.
    ///
    /// # Errors
    /// Those of [`Sessions::get`].
    pub async fn get_without_touch(&self, owner: &OwnerId, id: &SessionId) -> Result<Session, SessionError> {
        self.load(owner, id).await
    }
}

impl SummaryFollower {
    /// Waits for the next changes. Returns an empty list if the signal was for another owner's
    /// sessions. Cancel safe.
    pub async fn next(&mut self) -> Vec<SummaryChange> {
        if !self.is_signalled {
            if self.changes.changed().await.is_err() {
                // The gateway is shutting down: nothing changes any more.
                return std::future::pending().await;
            }
            self.is_signalled = true;
        }
        sleep_until(self.next_check).await;
        let ended = *self.changes.borrow_and_update();
        if ended == self.ended {
            self.is_signalled = false;
            self.next_check = Instant::now() + MIN_INTERVAL;
            let loaded = self.sessions.loaded_sessions(&self.owner);
            return self.record(loaded);
        }
        let all = by_id(self.sessions.summaries(&self.owner).await);
        (self.ended, self.is_signalled, self.next_check) = (ended, false, Instant::now() + MIN_INTERVAL);
        let ended_ids: Vec<SessionId> =
            self.known.keys().filter(|id| !all.contains_key(id)).cloned().collect();
        for id in &ended_ids {
            self.known.remove(id);
        }
        let mut changes: Vec<SummaryChange> = ended_ids.into_iter().map(SummaryChange::Removed).collect();
        changes.extend(self.record(all.into_values()));
        changes
    }

    /// Records summaries and returns those that have changed.
    fn record(&mut self, summaries: impl IntoIterator<Item = SessionSummary>) -> Vec<SummaryChange> {
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
