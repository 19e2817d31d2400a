//! How often a session's process has ended by itself, so that one that always does is not started for ever.

use crate::{bridge::BridgeError, error::SessionError};

/// After so many ends without a completed turn between them, no process is started by itself any more.
const MOST: u32 = 3;

/// The ends of a session's processes since a turn was last completed.
#[derive(Debug, Default)]
pub(super) struct Crashes {
    count: u32,
    /// What the last one said.
    last: Option<String>,
    /// Somebody was told: whoever asks now means it.
    told: bool,
}

impl Crashes {
    /// A process has ended that should not have; what is known of why.
    pub(super) fn add(&mut self, why: Option<String>) {
        self.count = self.count.saturating_add(1);
        self.last = why;
        self.told = false;
    }

    /// A process could not be opened: it counts if it ended.
    pub(super) fn failed(&mut self, error: &SessionError) {
        match error {
            SessionError::Codex(BridgeError::Exited(exit)) => self.add(exit.last_line.clone()),
            SessionError::Codex(BridgeError::Closed) => self.add(None),
            _ => {}
        }
    }

    /// A turn was completed: what was before does not count any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether another process may be started; `asked` if somebody waits for the answer. Who asks again after
    /// having been told gets one more try.
    ///
    /// # Errors
    /// [`SessionError::Crashing`]
    pub(super) fn allow(&mut self, asked: bool) -> Result<(), SessionError> {
        if self.count < MOST || (asked && self.told) {
            return Ok(());
        }
        self.told = asked;
        Err(SessionError::Crashing { times: self.count, last: self.last.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_told_may_try_once_more() {
        let mut crashes = Crashes::default();
        for _ in 0..MOST {
            assert!(crashes.allow(true).is_ok());
            crashes.add(Some("out of memory".into()));
        }
        let error = crashes.allow(true).unwrap_err();
        assert!(error.to_string().contains("3 times") && error.to_string().contains("out of memory"));
        assert!(crashes.allow(true).is_ok());
        crashes.add(None);
        assert!(crashes.allow(true).is_err(), "each try is told anew");
        crashes.forget();
        assert!(crashes.allow(true).is_ok());
    }

    #[test]
    fn what_nobody_asked_for_is_never_tried() {
        let mut crashes = Crashes::default();
        for _ in 0..MOST {
            crashes.add(None);
        }
        assert!(crashes.allow(false).is_err());
        assert!(crashes.allow(false).is_err());
        assert!(crashes.allow(true).is_err(), "nobody was told yet");
        assert!(crashes.allow(false).is_err());
    }

    #[test]
    fn only_ends_count() {
        let mut crashes = Crashes::default();
        crashes.failed(&SessionError::Limit(1));
        assert_eq!(crashes.count, 0);
        crashes.failed(&BridgeError::Closed.into());
        assert_eq!(crashes.count, 1);
    }
}
