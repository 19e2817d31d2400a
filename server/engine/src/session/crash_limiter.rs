//! Limits how often a session's process is restarted after crashes.

use codex_app_server_client::BridgeError;

use crate::error::SessionError;

/// Maximum number of crashes without a completed turn. After that, a process is started only
/// when a client repeats its request.
const MAX_CRASHES: u32 = 3;

/// The crashes since the last completed turn.
#[derive(Debug, Default)]
pub(super) struct CrashLimiter {
    count: u32,
    /// The reason of the last crash.
    last: Option<String>,
    /// A client got the error. The next request of a client is a deliberate retry.
    reported: bool,
}

impl CrashLimiter {
    /// Records a crash.
    pub(super) fn record(&mut self, reason: Option<String>) {
        self.count = self.count.saturating_add(1);
        self.last = reason;
        self.reported = false;
    }

    /// Records that a process could not be attached. This counts as a crash if the process has
    /// exited.
    pub(super) fn record_attach_error(&mut self, error: &SessionError) {
        match error {
            SessionError::Codex(BridgeError::Exited(exit)) => self.record(exit.last_line.clone()),
            SessionError::Codex(BridgeError::Closed) => self.record(None),
            _ => {}
        }
    }

    /// Forgets all crashes after a completed turn.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Fails if there were too many crashes. `requested` is `true` if a client waits for the
    /// result: a client that repeats its request after the error gets one more try.
    ///
    /// # Errors
    /// [`SessionError::CrashLoop`]
    pub(super) fn try_restart(&mut self, requested: bool) -> Result<(), SessionError> {
        if self.count < MAX_CRASHES || (requested && self.reported) {
            return Ok(());
        }
        self.reported = requested;
        Err(SessionError::CrashLoop { times: self.count, last: self.last.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_request_after_the_error_restarts_once() {
        let mut limiter = CrashLimiter::default();
        for _ in 0..MAX_CRASHES {
            assert!(limiter.try_restart(true).is_ok());
            limiter.record(Some("out of memory".into()));
        }
        let error = limiter.try_restart(true).unwrap_err();
        assert!(error.to_string().contains("3 times") && error.to_string().contains("out of memory"));
        assert!(limiter.try_restart(true).is_ok());
        limiter.record(None);
        assert!(limiter.try_restart(true).is_err(), "each retry needs a new error");
        limiter.reset();
        assert!(limiter.try_restart(true).is_ok());
    }

    #[test]
    fn restart_without_a_request_fails_after_too_many_crashes() {
        let mut limiter = CrashLimiter::default();
        for _ in 0..MAX_CRASHES {
            limiter.record(None);
        }
        assert!(limiter.try_restart(false).is_err());
        assert!(limiter.try_restart(false).is_err());
        assert!(limiter.try_restart(true).is_err(), "no client got the error yet");
        assert!(limiter.try_restart(false).is_err());
    }

    #[test]
    fn only_exits_count_as_crashes() {
        let mut limiter = CrashLimiter::default();
        limiter.record_attach_error(&SessionError::SessionLimit(1));
        assert_eq!(limiter.count, 0);
        limiter.record_attach_error(&BridgeError::Closed.into());
        assert_eq!(limiter.count, 1);
    }
}
