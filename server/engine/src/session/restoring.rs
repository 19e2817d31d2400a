//! A session that was written down goes on: an actor without a process is made of its row.

use std::{path::PathBuf, sync::atomic::Ordering};

use codex_gateway_wire::{
    ApprovalMode, Entry, EventBody, EventName, Phase, QueueItem, RequestResolved, Timestamp, Transcript, api,
    event::WarningKind,
    request::{Outcome, ResolvedBy},
};

use super::{actor::Actor, open::Opened, saving::Kept, settings::Settings};
use crate::{
    bridge::BridgeError,
    clock::{Moment, now_ms},
    config::{ApprovalPolicy, Config, Sandbox},
    holds::Hold,
    store::{SavedSession, SessionRow},
};

/// Why a turn has failed that was running when the gateway ended.
const STOPPED: &str = "The gateway was stopped during this. The next message goes on.";

/// What a session starts with.
pub(crate) enum Start {
    /// A process.
    Opened(Box<Opened>),
    /// What was written down of it.
    Restored(Box<Restored>),
}

/// When things happened to a session; without a word more, in Unix milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub created: i64,
    pub last_access: Moment,
    pub news: i64,
}

/// A session as it was written down.
pub(crate) struct Restored {
    pub times: Times,
    pub seq: u64,
    pub kept: Kept,
    pub approvals: String,
    pub transcript: Transcript,
    pub older: bool,
    pub hold: Option<Hold>,
}

impl Restored {
    /// Reads what was written down.
    ///
    /// # Errors
    /// If it was not written by a gateway.
    pub(crate) fn read(saved: SavedSession, entries: &[(i64, String)]) -> serde_json::Result<Self> {
        let SavedSession { row, seq, kept, transcript, older } = saved;
        let SessionRow { created_ms, last_access_ms, news_ms, approvals, .. } = row;
        let entries = entries.iter().map(|(_, json)| serde_json::from_str::<Entry>(json));
        let transcript: Transcript = serde_json::from_str(&transcript)?;
        let transcript = Transcript { entries: entries.collect::<serde_json::Result<_>>()?, ..transcript };
        Ok(Self {
            times: Times { created: created_ms, last_access: Moment::at(last_access_ms), news: news_ms },
            // What was written while this was written down is in the entries, if not in the number.
            seq: seq.max(transcript.as_of),
            kept: serde_json::from_str(&kept)?,
            approvals,
            transcript,
            older,
            hold: None,
        })
    }

    /// What the session may do, as far as the operator still allows it.
    pub(crate) fn settings(&self, config: &Config) -> Settings {
        let sandbox = api::SandboxMode::parse(&self.kept.sandbox).map(Sandbox::from);
        let policy = api::ApprovalPolicy::parse(&self.kept.approval_policy).map(ApprovalPolicy::from);
        let approvals = ApprovalMode::parse(&self.approvals).unwrap_or_default();
        Settings {
            cwd: PathBuf::from(&self.kept.cwd),
            sandbox: sandbox.unwrap_or(Sandbox::ReadOnly).min(config.sandbox),
            approval_policy: policy.unwrap_or(ApprovalPolicy::Never).min(config.approval_policy),
            approvals: config.approvals.settle(Some(approvals)).unwrap_or_else(|most| most),
        }
    }
}

impl Actor {
    /// Goes on from what was written down. What was going on then has ended with its process.
    pub(super) fn take_up(&mut self, restored: Restored) {
        let Restored { kept, transcript, older, hold, .. } = restored;
        (self.transcript, self.older, self.hold) = (transcript, older, hold);
        // They have ended with the process that had started them.
        self.transcript.mcp_servers.clear();
        (self.models, self.runtime, self.account) = (kept.models, kept.runtime, kept.account);
        self.saving.is_known();
        self.end_unfinished(STOPPED);
        self.meta_changed();
    }

    /// Ends what is going on, as the end of a process does.
    fn end_unfinished(&mut self, why: &str) {
        let waiting: Vec<_> = self.transcript.waiting().map(|request| request.id.clone()).collect();
        for id in waiting {
            let (outcome, by) = (Outcome::Withdrawn, ResolvedBy::Process);
            let resolved = RequestResolved {
                id,
                outcome,
                by,
                result: None,
                at: Timestamp::from_ms(now_ms()),
                rule: None,
            };
            self.say_event(
                EventName::RequestResolved,
                &resolved,
                EventBody::RequestResolved(resolved.clone()),
            );
        }
        let runs = self.transcript.entries.iter().any(|entry| entry.phase == Phase::Running);
        if runs || self.transcript.active_turn().is_some() {
            self.warn(WarningKind::ProcessExited, why.to_owned(), None);
        }
        let item = |item: &QueueItem| {
            let error = "The gateway was stopped while this was being sent.".to_owned();
            if item.sending {
                QueueItem { sending: false, error: Some(error), ..item.clone() }
            } else {
                item.clone()
            }
        };
        let queue = self.transcript.queue.iter().map(item).collect();
        self.set_queue(queue);
    }

    /// Ends, with its process; what there is of the session is written down. The streams of its readers just end.
    pub(super) async fn suspend(mut self) {
        // Before anything is left unanswered.
        self.shared.suspended.store(true, Ordering::Relaxed);
        let open = self.pending.take_all();
        self.withdraw(open, ResolvedBy::Process);
        if self.live.is_some() {
            self.process_gone(&BridgeError::Closed);
            self.end_unfinished(STOPPED);
        }
        self.tell_waits();
        self.shared.log.close();
        // A failure is in the gateway's log. (Before the process: that may take its time to end.)
        let _ = self.save_last().await;
        self.end_all().await;
        tracing::info!(session = %self.shared.id, "session suspended");
    }
}
