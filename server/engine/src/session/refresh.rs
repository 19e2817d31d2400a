//! The actor's part about a sign-in that two processes refreshed at the same moment.
//!
//! A refresh token is used once. When the server refuses an access token, every process that has it refreshes it; the one
//! that comes second fails its turn and asks to sign in again, although the first one has written fresh tokens. Codex
//! reads those before its next turn.

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

use super::actor::{Actor, Done};

/// How long the other process may take to write the fresh tokens down, and how often to look.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// What is said of the turn that failed.
const REFRESHED: &str = "Another Codex process refreshed the sign-in at the same moment, so this message was not answered. You are still \
     signed in: send it again.";

impl Actor {
    /// A turn has ended. If it failed because another process refreshed the sign-in, its readers are told so, and clients
    /// that wait for its end hear that instead of codex's words.
    pub(super) fn check_refresh(&mut self, turn: &Turn) {
        let Some(error) = turn.error.as_ref().filter(|_| turn.status == TurnStatus::Failed) else { return };
        let Some(home) = self.base.config.launch.home().filter(|_| is_reused(&error.message)) else { return };
        let (turn, detail) = (turn.clone(), error.message.clone());
        let since = turn.started_at.and_then(|secs| u64::try_from(secs).ok()).unwrap_or_default();
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(since);
        self.refresh_check = Some(turn.id.clone());
        self.sleeping += 1;
        let looking = written_since(home.join("auth.json"), since);
        self.tasks.push(looking.map(move |is_fresh| Done::RefreshChecked(turn.id, is_fresh, detail)).boxed());
    }

    pub(super) fn refresh_checked(&mut self, turn: &TurnId, is_fresh: bool, detail: String) {
        self.sleeping -= 1;
        self.refresh_check.take_if(|checked| checked == turn);
        let is_last = self.transcript.turns.last().is_some_and(|last| last.id == *turn);
        if is_fresh && is_last {
            self.warn(WarningKind::SignInRefreshed, REFRESHED.to_owned(), Some(detail));
            self.state_changed();
            self.save_soon();
        }
    }
}

/// Whether a turn failed because its refresh token was used by another process. (The error has no code of its own.)
fn is_reused(message: &str) -> bool {
    message.contains("refresh token was already used")
}

/// Waits until a file was written since then, but only for so long. Returns `true` if it was.
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
