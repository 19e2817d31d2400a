//! Restores a session from the store: starts an actor without a process.

use std::{path::PathBuf, sync::atomic::Ordering};

use codex_app_server_client::BridgeError;
use codex_gateway_wire::{
    ApprovalMode, Entry, EventBody, EventName, Phase, QueueItem, RequestResolved, Timestamp, Transcript, api,
    event::WarningKind,
    request::{RequestOutcome, ResolvedBy},
};

use super::{actor::Actor, attach::AttachedProcess, persistence::SessionMetadata, settings::Settings};
use crate::{
    clock::{BootInstant, now_ms},
    config::{ApprovalPolicy, Config, Sandbox},
    store::{SavedSession, SessionRow},
    thread_locks::SessionLock,
};

/// Why a turn failed that was running when the gateway ended.
const GATEWAY_STOPPED_MESSAGE: &str = "The gateway was stopped during this. The next message goes on.";

/// What a session starts with.
pub(crate) enum StartMode {
    /// An attached process.
    Attached(Box<AttachedProcess>),
    /// The stored session.
    Restored(Box<Restored>),
}

/// The times of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamps {
    pub created_ms: i64,
    pub last_access: BootInstant,
    pub attention_ms: i64,
}

/// A session read from the store.
pub(crate) struct Restored {
    pub timestamps: Timestamps,
    pub seq: u64,
    pub metadata: SessionMetadata,
    pub approvals: String,
    pub transcript: Transcript,
    pub has_older: bool,
    pub thread_lock: Option<SessionLock>,
}

impl Restored {
    /// Parses a stored session.
    ///
    /// # Errors
    /// If the JSON is invalid.
    pub(crate) fn read(saved: SavedSession, entries: &[(i64, String)]) -> serde_json::Result<Self> {
        let SavedSession { row, seq, metadata, transcript, has_older } = saved;
        let SessionRow { created_ms, last_access_ms, news_ms, approvals, .. } = row;
        let entries = entries.iter().map(|(_, json)| serde_json::from_str::<Entry>(json));
        let transcript: Transcript = serde_json::from_str(&transcript)?;
        let transcript = Transcript { entries: entries.collect::<serde_json::Result<_>>()?, ..transcript };
        Ok(Self {
            timestamps: Timestamps {
                created_ms,
                last_access: BootInstant::from_unix_ms(last_access_ms),
                attention_ms: news_ms,
            },
            // Entries may be newer than the row that was written with them.
            seq: seq.max(transcript.as_of),
            metadata: serde_json::from_str(&metadata)?,
            approvals,
            transcript,
            has_older,
            thread_lock: None,
        })
    }

    /// Returns the settings, clamped to the operator's ceiling.
    pub(crate) fn settings(&self, config: &Config) -> Settings {
        let sandbox = api::SandboxMode::parse(&self.metadata.sandbox).map(Sandbox::from);
        let policy = api::ApprovalPolicy::parse(&self.metadata.approval_policy).map(ApprovalPolicy::from);
        let approvals = ApprovalMode::parse(&self.approvals).unwrap_or_default();
        Settings {
            cwd: PathBuf::from(&self.metadata.cwd),
            sandbox: sandbox.unwrap_or(Sandbox::ReadOnly).min(config.sandbox),
            approval_policy: policy.unwrap_or(ApprovalPolicy::Never).min(config.approval_policy),
            approvals: config.approvals.resolve(Some(approvals)).unwrap_or_else(|ceiling| ceiling),
        }
    }
}

impl Actor {
    /// Resumes from the stored state. Everything that was running has ended with its process.
    pub(super) fn resume_from(&mut self, restored: Restored) {
        let Restored { metadata, transcript, has_older, thread_lock, .. } = restored;
        (self.transcript, self.has_older, self.thread_lock) = (transcript, has_older, thread_lock);
        // The servers have ended with their process.
        self.transcript.mcp_servers.clear();
        (self.models, self.runtime, self.account) = (metadata.models, metadata.runtime, metadata.account);
        self.persistence.mark_clean();
        self.fail_unfinished(GATEWAY_STOPPED_MESSAGE);
        self.update_headline();
    }

    /// Ends everything that is running, as after the exit of the process.
    fn fail_unfinished(&mut self, reason: &str) {
        let pending: Vec<_> = self.transcript.pending_requests().map(|request| request.id.clone()).collect();
        for id in pending {
            let (outcome, by) = (RequestOutcome::Withdrawn, ResolvedBy::Process);
            let resolved = RequestResolved {
                id,
                outcome,
                by,
                result: None,
                at: Timestamp::from_ms(now_ms()),
                rule: None,
            };
            self.emit(EventName::RequestResolved, &resolved, EventBody::RequestResolved(resolved.clone()));
        }
        let is_running = self.transcript.entries.iter().any(|entry| entry.phase == Phase::Running);
        if is_running || self.transcript.active_turn().is_some() {
            self.warn(WarningKind::ProcessExited, reason.to_owned(), None);
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

    /// Stores the session, then ends its process and the actor. The readers' streams end without a
    /// final event.
    pub(super) async fn suspend(mut self) {
        // Set before any reply fails, so that handles report the shutdown.
        self.shared.suspended.store(true, Ordering::Relaxed);
        let requests = self.pending.take_all();
        self.withdraw(requests, ResolvedBy::Process);
        if self.process.is_some() {
            self.abort_turn(&BridgeError::Closed);
            self.fail_unfinished(GATEWAY_STOPPED_MESSAGE);
        }
        self.wake_waiters();
        self.shared.log.close();
        // An error is logged. Stored before the process ends, because that may take a while.
        let _ = self.final_save().await;
        self.end_processes().await;
        tracing::info!(session = %self.shared.id, "session suspended");
    }
}
