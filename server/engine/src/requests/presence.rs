//! Whether somebody is there who can answer.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// How long a request still waits once the last one who could answer has left: a page that is loaded anew, or a
/// phone between two networks, comes back within it.
const GRACE: Duration = Duration::from_secs(30);

/// Who is attached to a session and can answer.
#[derive(Clone, Debug)]
pub(crate) struct Presence(watch::Sender<Seen>);

/// Told whenever somebody comes or leaves.
pub(crate) type Changes = watch::Receiver<Seen>;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    present: usize,
    /// When the last one left.
    left: Option<Instant>,
}

impl Presence {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Seen::default()))
    }

    /// Somebody is there, for as long as the result is held.
    pub(crate) fn attend(&self) -> Attendance {
        self.0.send_modify(|seen| seen.present += 1);
        Attendance(self.clone())
    }

    /// Until when requests wait; none: as long as somebody stays. A moment that has passed if nobody is there.
    pub(crate) fn patience(&self) -> Option<Instant> {
        self.0.borrow().patience(Instant::now())
    }

    /// Told whenever somebody comes or leaves.
    pub(crate) fn changes(&self) -> Changes {
        self.0.subscribe()
    }
}

impl Seen {
    fn patience(self, now: Instant) -> Option<Instant> {
        (self.present == 0).then(|| self.left.map_or(now, |left| left + GRACE))
    }
}

/// Somebody who can answer is attached to a session while this is held.
#[derive(Debug)]
pub struct Attendance(Presence);

impl Drop for Attendance {
    fn drop(&mut self) {
        self.0.0.send_modify(|seen| {
            seen.present -= 1;
            seen.left = Some(Instant::now());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_wait_while_somebody_is_there_and_a_little_longer() {
        let now = Instant::now();
        assert_eq!(Seen::default().patience(now), Some(now), "nobody was ever there");
        assert_eq!(Seen { present: 2, left: None }.patience(now), None);
        assert_eq!(Seen { present: 0, left: Some(now) }.patience(now), Some(now + GRACE));
        assert_eq!(Seen { present: 1, left: Some(now) }.patience(now), None, "somebody came back");
    }

    #[tokio::test]
    async fn who_watches_is_told_of_those_who_come_and_leave() {
        let presence = Presence::new();
        let mut changes = presence.changes();
        let (one, two) = (presence.attend(), presence.attend());
        changes.changed().await.unwrap();
        drop(one);
        changes.changed().await.unwrap();
        assert_eq!(presence.patience(), None, "the other one is still there");
        drop(two);
        changes.changed().await.unwrap();
        assert!(presence.patience().is_some());
    }
}
