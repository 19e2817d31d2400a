//! Detects a sign-in that two processes refreshed at the same time.
//!
//! A refresh token works once. When the server refuses an access token, every process that uses the
//! token refreshes it. The second process fails its turn and asks the user to sign in again,
//! although the first process has written fresh tokens. Codex reads those before its next turn.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use codex_gateway_wire::{
    TurnId,
    codex::{Turn, TurnStatus},
    event::WarningKind,
};
use futures::FutureExt;
use tokio::time::{Instant, sleep};

use super::actor::{Actor, TaskResult};

/// How long the other process may take to write the fresh tokens.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);
/// Time between two checks of the file.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The warning after such a turn.
const REFRESHED_MESSAGE: &str = "Another Codex process refreshed the sign-in at the same moment, so this message was not answered. You are still \
     signed in: send it again.";

impl Actor {
    /// If the turn failed because another process refreshed the sign-in, readers get a warning.
    /// Callers that wait for the turn get the warning instead of codex's error.
    pub(super) fn check_refresh(&mut self, turn: &Turn) {
        let Some(error) = turn.error.as_ref().filter(|_| turn.status == TurnStatus::Failed) else { return };
        let Some(home) = self.context.config.launch.home().filter(|_| is_reused(&error.message)) else {
            return;
        };
        let (turn, detail) = (turn.clone(), error.message.clone());
        let since = turn.started_at.and_then(|secs| u64::try_from(secs).ok()).unwrap_or_default();
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(since);
        self.refresh_check = Some(turn.id.clone());
        let looking = written_since(home.join("auth.json"), since);
        self.tasks.spawn_passive(
            looking.map(move |is_fresh| TaskResult::RefreshChecked(turn.id, is_fresh, detail)),
        );
    }

    pub(super) fn refresh_checked(&mut self, turn: &TurnId, is_fresh: bool, detail: String) {
        self.refresh_check.take_if(|checked| checked == turn);
        let is_last = self.transcript.turns.last().is_some_and(|last| last.id == *turn);
        if is_fresh && is_last {
            self.warn(WarningKind::SignInRefreshed, REFRESHED_MESSAGE.to_owned(), Some(detail));
            self.emit_state();
            self.save_now();
        }
    }
}

/// Returns `true` if the refresh token was already used by another process. The error has no code
/// of its own.
fn is_reused(message: &str) -> bool {
    message.contains("refresh token was already used")
}

/// Waits until a file is modified at or after `since`. Returns `false` at the timeout.
async fn written_since(file: PathBuf, since: SystemTime) -> bool {
    let deadline = Instant::now() + WRITE_TIMEOUT;
    loop {
        let modified = tokio::fs::metadata(&file).await.and_then(|data| data.modified());
        if modified.is_ok_and(|modified| modified >= since) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        sleep(POLL_INTERVAL).await;
    }
}
