//! Sessions. A session is one conversation, owned by one actor.
//!
//! [`Session`] is a cheap handle that sends commands to the actor and awaits the replies. The actor
//! (`session/actor.rs`) owns the process, the transcript and the writing side of the event log.

mod actions;
mod actor;
pub(crate) mod attach;
mod audit;
mod command;
mod crash_limiter;
mod handle;
pub(crate) mod history;
pub(crate) mod history_page;
mod inbound;
pub(crate) mod input;
mod interrupts;
mod parking;
mod persistence;
mod process;
mod process_lifetime;
mod project;
mod queue;
mod recent;
mod refresh;
pub(crate) mod restore;
mod server_requests;
pub(crate) mod settings;
mod shared;
mod steering;
mod subagents;
mod tasks;
mod text;
pub(crate) mod turn_pager;
mod turn_state;
mod turn_waiters;
mod turns;
mod view;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use codex_gateway_wire::{
    OwnerId, SessionId,
    api::{ListedSession, SessionInfo, SessionSummary},
};
use tokio::sync::mpsc;

use self::{
    actor::Actor,
    attach::{AttachedProcess, SessionContext},
    command::{Command, Reply},
    input::InputResolver,
    restore::{Restored, StartMode, Timestamps},
    settings::Settings,
    shared::{Headline, Shared},
};
use crate::{
    clock::{BootInstant, now_ms},
    event_log::{EventLog, RING_BYTES},
    metrics::Gauges,
    rules::OwnerRules,
    server_requests::{Presence, PresenceGuard},
    session_ttl::effective_ttl,
};

/// Number of commands that can be buffered for the actor.
const COMMAND_BUFFER: usize = 64;
/// Number of entries that a session keeps in its transcript. Older entries are read from codex's
/// history.
const WINDOW_ENTRIES: usize = 200;
/// Approximate number of bytes of text that a session keeps in its transcript.
const WINDOW_BYTES: usize = 2 * 1024 * 1024;

/// A handle to a session.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
    /// Validates messages before they are sent to the actor.
    input: InputResolver,
    /// The rules of the session's owner.
    rules: OwnerRules,
    commands: mpsc::Sender<Command>,
}

impl Session {
    /// Starts the actor of a session whose process is attached.
    pub(crate) fn start(context: SessionContext, model: Option<String>, attached: AttachedProcess) -> Self {
        let timestamps =
            Timestamps { created_ms: now_ms(), last_access: BootInstant::now(), attention_ms: 0 };
        Self::run(
            context,
            model,
            timestamps,
            EventLog::new(RING_BYTES),
            StartMode::Attached(Box::new(attached)),
        )
    }

    /// Starts the actor of a stored session. The session has no process.
    pub(crate) fn restore(context: SessionContext, restored: Restored) -> Self {
        let log = EventLog::starting_after(RING_BYTES, restored.seq);
        let (model, timestamps) = (restored.metadata.model.clone(), restored.timestamps);
        Self::run(context, model, timestamps, log, StartMode::Restored(Box::new(restored)))
    }

    fn run(
        context: SessionContext,
        model: Option<String>,
        timestamps: Timestamps,
        log: EventLog,
        start: StartMode,
    ) -> Self {
        let Timestamps { created_ms, last_access, attention_ms } = timestamps;
        let shared = Arc::new(Shared {
            id: context.session.clone(),
            owner: context.owner.clone(),
            created_ms,
            ttl_ms: context.config.session_ttl_ms(),
            last_access: AtomicI64::new(last_access.raw()),
            running: AtomicBool::new(false),
            has_process: AtomicBool::new(false),
            idle: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            queued: AtomicBool::new(false),
            suspended: AtomicBool::new(false),
            attention_ms: AtomicI64::new(attention_ms),
            settings: context.settings.clone(),
            presence: Presence::new(),
            headline: Mutex::default(),
            summary_changes: context.summary_changes.clone(),
            log: Arc::new(log),
        });
        let (commands, inbox) = mpsc::channel(COMMAND_BUFFER);
        let input = context.input_resolver(None);
        let rules = context.rules.clone();
        let actor = Actor::new(context, Arc::clone(&shared), model, inbox);
        tokio::spawn(actor.run(start));
        Self { shared, input, rules, commands }
    }

    /// Returns the session's id.
    pub fn id(&self) -> &SessionId {
        &self.shared.id
    }

    /// Returns the session's owner.
    pub fn owner(&self) -> &OwnerId {
        &self.shared.owner
    }

    /// Returns the session's event log.
    pub fn log(&self) -> &Arc<EventLog> {
        &self.shared.log
    }

    /// Returns the session's part of every API reply.
    pub fn info(&self) -> SessionInfo {
        self.shared.info()
    }

    /// Returns the time of the last use, in Unix milliseconds.
    pub(crate) fn last_access_ms(&self) -> i64 {
        self.shared.last_access().unix_ms()
    }

    /// Returns the time since the last use, in milliseconds.
    pub(crate) fn idle_ms(&self) -> i64 {
        self.shared.last_access().age_ms()
    }

    /// Returns the summary for the list of conversations in the sidebar.
    pub fn summary(&self) -> SessionSummary {
        let Headline { title, thread_id, .. } = self.shared.headline();
        SessionSummary {
            id: self.shared.id.clone(),
            title,
            thread_id,
            running: self.shared.running.load(Ordering::Relaxed),
            waiting: self.shared.waiting.load(Ordering::Relaxed),
            last_event_id: Some(self.shared.log.last()),
            ..SessionSummary::default()
        }
        .with_times(self.last_access_ms(), self.shared.attention_ms.load(Ordering::Relaxed))
    }

    /// Returns the item for `GET /api/sessions`.
    pub fn to_list_item(&self) -> ListedSession {
        let Headline { title, thread_id, cwd } = self.shared.headline();
        ListedSession {
            session: self.info(),
            title,
            thread_id,
            cwd,
            running: self.shared.running.load(Ordering::Relaxed),
            waiting: self.shared.waiting.load(Ordering::Relaxed),
        }
    }

    /// Records a use of the session.
    pub(crate) fn touch(&self) {
        self.shared.touch();
    }

    /// Returns `true` if idle longer than the TTL. A running turn or a pending request counts as
    /// activity. Queued messages extend the TTL to a day.
    pub(crate) fn is_expired(&self) -> bool {
        let Shared { running, waiting, queued, ttl_ms, .. } = &*self.shared;
        let idle = self.idle_ms();
        let busy = [running, waiting].iter().any(|flag| flag.load(Ordering::Relaxed));
        !busy && ttl_ms.is_some_and(|ttl| idle >= effective_ttl(ttl, queued.load(Ordering::Relaxed)))
    }

    /// Returns the settings that the session was created with. Changes by turns are in the
    /// transcript.
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Marks a user as present, who can answer requests, until the guard is dropped.
    pub fn mark_present(&self) -> PresenceGuard {
        self.shared.presence.enter()
    }

    /// Returns `true` if the session has a process.
    pub(crate) fn has_process(&self) -> bool {
        self.shared.has_process.load(Ordering::Relaxed)
    }

    /// Counts this session, which has a process.
    pub(crate) fn count_into(&self, gauges: &mut Gauges) {
        let running = self.shared.running.load(Ordering::Relaxed);
        *(if running { &mut gauges.running } else { &mut gauges.idle }) += 1;
        gauges.waiting += u64::from(self.shared.waiting.load(Ordering::Relaxed));
    }

    /// Returns `true` if the session has a process that is idle.
    pub(crate) fn is_idle(&self) -> bool {
        self.shared.idle.load(Ordering::Relaxed)
    }

    /// Returns `true` if there are at most `own` handles to the session.
    pub(crate) fn is_unreferenced(&self, own: usize) -> bool {
        Arc::strong_count(&self.shared) <= own + 1
    }
}
