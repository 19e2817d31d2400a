//! Whether anybody is present who can answer the requests of a session.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// How long a request still waits after the last client that can answer has left: enough for a page reload or a change
/// of networks.
const GRACE_PERIOD: Duration = Duration::from_secs(30);

/// The clients attached to a session that can answer requests.
#[derive(Clone, Debug)]
pub(crate) struct Presence(watch::Sender<PresenceState>);

/// Notifies of every client that arrives or leaves.
pub(crate) type PresenceChanges = watch::Receiver<PresenceState>;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PresenceState {
    /// The number of attached clients.
    count: usize,
    /// When the last client left. `None` if none has left yet.
    last_left: Option<Instant>,
}

impl Presence {
    /// Starts without clients.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(PresenceState::default()))
    }

    /// Adds a client until the returned guard is dropped.
    pub(crate) fn enter(&self) -> PresenceGuard {
        self.0.send_modify(|state| state.count += 1);
        PresenceGuard(self.clone())
    }

    /// Returns when the requests that need an attached client are declined. `None` while a client is attached. Not in
    /// the future if no client was attached within the grace period.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.borrow().deadline(Instant::now())
    }

    /// Returns a receiver that is notified of every client that arrives or leaves.
    pub(crate) fn changes(&self) -> PresenceChanges {
        self.0.subscribe()
    }
}

impl PresenceState {
    fn deadline(self, now: Instant) -> Option<Instant> {
        (self.count == 0).then(|| self.last_left.map_or(now, |left| left + GRACE_PERIOD))
    }
}

/// Marks a client that can answer as attached to a session, until it is dropped.
#[derive(Debug)]
pub struct PresenceGuard(Presence);

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            state.count -= 1;
            state.last_left = Some(Instant::now());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_wait_while_a_client_is_attached_and_for_the_grace_period() {
        let now = Instant::now();
        assert_eq!(PresenceState::default().deadline(now), Some(now), "no client was ever attached");
        assert_eq!(PresenceState { count: 2, last_left: None }.deadline(now), None);
        assert_eq!(PresenceState { count: 0, last_left: Some(now) }.deadline(now), Some(now + GRACE_PERIOD));
        assert_eq!(
            PresenceState { count: 1, last_left: Some(now) }.deadline(now),
            None,
            "a client has returned"
        );
    }

    #[tokio::test]
    async fn receiver_is_notified_of_clients_that_arrive_and_leave() {
        let presence = Presence::new();
        let mut changes = presence.changes();
        let (first, second) = (presence.enter(), presence.enter());
        changes.changed().await.unwrap();
        drop(first);
        changes.changed().await.unwrap();
        assert_eq!(presence.deadline(), None, "the second client is still attached");
        drop(second);
        changes.changed().await.unwrap();
        assert!(presence.deadline().is_some());
    }
}
