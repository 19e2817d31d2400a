//! The actor of a session: one task that owns the process, the transcript and the writing side of
//! the event log.
//!
//! The actor never waits for codex. Slow work is a future in [`Tasks`], which completes with a
//! [`TaskResult`].

use std::sync::{Arc, PoisonError, atomic::Ordering};

use codex_app_server_client::{
    BridgeError, Exit, InitializedProcess,
    protocol::{AccountReply, InitializeReply, WorkspaceWrite},
};
use codex_gateway_wire::{
    Content, Entry, Event, EventBody, EventName, Transcript, TurnId,
    api::{Model, SessionReply},
    codex::parse_approval_policy,
    event::{ClosedReason, History, SessionClosed, ThreadOpened, Warning, WarningKind},
    request::ResolvedBy,
};
use futures::FutureExt;
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    Command, Headline, Reply, Shared, WINDOW_BYTES, WINDOW_ENTRIES,
    actions::AfterRevert,
    attach::{AttachedProcess, AttachedThread, SessionContext},
    command::ProcessCall,
    crash_limiter::CrashLimiter,
    history_page,
    interrupts::Interrupt,
    parking::Parking,
    persistence::Persistence,
    process::Process,
    recent::RecentEvents,
    restore::StartMode,
    subagents::SubAgents,
    tasks::Tasks,
    turn_waiters::TurnWaiters,
    turns::{AfterAttach, OutgoingMessage, Turn},
};
use crate::{
    app_server_info::AppServerInfo,
    clock::unix_ms,
    error::SessionError,
    process_slots::ProcessPermit,
    server_requests::{PendingRequests, PresenceChanges},
    store::StoreError,
    thread_locks::SessionLock,
};

/// The result of a task.
pub(super) enum TaskResult {
    /// The result of attaching a process.
    Attached(Result<Box<AttachedProcess>, SessionError>, AfterAttach),
    /// Codex's reply to `turn/start`, and the id of the start.
    TurnStartReply(u64, Result<TurnId, SessionError>, OutgoingMessage),
    /// Codex's reply to `turn/steer`.
    SteerReply(TurnId, Result<(), SessionError>, OutgoingMessage),
    /// Codex's reply to a request that starts a compaction or a review, and the id of the start.
    ActionReply(u64, Result<(), BridgeError>, Reply<Result<SessionReply, SessionError>>),
    /// The history that remains after turns were removed.
    Reverted(Result<History, SessionError>, AfterRevert),
    /// Codex's reply to `turn/interrupt`.
    InterruptReply(Result<(), BridgeError>, Interrupt),
    /// The commands of an interrupted turn were terminated. `false` if the process does not
    /// respond.
    CommandsTerminated(bool, Interrupt),
    /// An interrupted turn has not ended in time.
    InterruptTimeout(TurnId),
    /// A deferred message or interrupt has waited too long for its turn to start.
    DeferTimeout(u64),
    /// Whether another process has refreshed the sign-in since this turn failed, and codex's error
    /// message.
    RefreshChecked(TurnId, bool, String),
    /// The account, read again.
    Account(AccountReply),
    /// The result of a write to the store.
    Saved(Result<(), StoreError>),
    /// A task without a result.
    Done,
}

/// The state of a session, owned by its task.
pub(super) struct Actor {
    pub context: SessionContext,
    pub shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
    /// The lock on the session's thread.
    pub thread_lock: Option<SessionLock>,
    /// The requested model. `None` for codex's default.
    pub model: Option<String>,
    pub process: Option<Process>,
    /// The permit of the process.
    pub permit: Option<ProcessPermit>,
    pub parking: Parking,
    pub crash_limiter: CrashLimiter,
    pub persistence: Persistence,
    pub runtime: InitializeReply,
    pub account: AccountReply,
    pub models: Vec<Model>,
    pub transcript: Transcript,
    /// What the sandbox `workspace-write` allows in addition to the session's directory.
    pub workspace_write: WorkspaceWrite,
    /// Older entries exist that are not in the transcript.
    pub has_older: bool,
    pub recent_events: RecentEvents,
    /// Pending requests to the user.
    pub pending: PendingRequests,
    /// File changes that sub-agents propose, and which sub-agents are active.
    pub sub_agents: SubAgents,
    /// Changes of the users' presence.
    presence_changes: PresenceChanges,
    pub turn: Turn,
    /// Callers that wait for turns to end.
    pub waiters: TurnWaiters,
    /// The failed turn for which the refresh of the sign-in is being checked.
    pub refresh_check: Option<TurnId>,
    /// The last id that was given to a start or to a deferred message or interrupt.
    pub last_id: u64,
    pub tasks: Tasks,
}

impl Actor {
    pub(super) fn new(
        context: SessionContext,
        shared: Arc<Shared>,
        model: Option<String>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            context,
            pending: PendingRequests::default(),
            sub_agents: SubAgents::default(),
            presence_changes: shared.presence.changes(),
            shared,
            commands,
            thread_lock: None,
            model,
            process: None,
            permit: None,
            parking: Parking::default(),
            crash_limiter: CrashLimiter::default(),
            persistence: Persistence::default(),
            runtime: InitializeReply::default(),
            account: AccountReply::default(),
            models: Vec::new(),
            transcript: Transcript::default(),
            workspace_write: WorkspaceWrite::default(),
            has_older: false,
            recent_events: RecentEvents::default(),
            turn: Turn::default(),
            waiters: TurnWaiters::default(),
            refresh_check: None,
            last_id: 0,
            tasks: Tasks::default(),
        }
    }

    pub(super) async fn run(mut self, start: StartMode) {
        match start {
            StartMode::Attached(attached) => self.install(*attached),
            StartMode::Restored(restored) => self.resume_from(*restored),
        }
        self.publish();
        let mut batch = Vec::new();
        loop {
            let (park_deadline, save_deadline, wait_deadline) = (
                self.parking.deadline(self.context.config.park_after),
                self.persistence.next_write(),
                self.waiters.next_deadline(),
            );
            let inbound = async {
                match &mut self.process {
                    Some(process) => process.receive(&mut batch).await,
                    None => std::future::pending().await,
                }
            };
            let expiry = self.pending.next_deadline(self.shared.presence.deadline());
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Close { reason, reply }) => {
                        self.close(reason).await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(Command::Suspend { reply }) => {
                        self.suspend().await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(Command::Unload { reply }) => {
                        if self.is_dormant() && (self.persistence.is_clean() || self.final_save().await.is_ok()) {
                            // The thread lock must be free before the reply: the caller may acquire
                            // it.
                            drop(self);
                            let _ = reply.send(true);
                            return;
                        }
                        let _ = reply.send(false);
                    }
                    Some(command) => self.on_command(command),
                    None => return self.suspend().await,
                },
                count = inbound => {
                    if count == 0 {
                        self.on_exit(&Exit::default());
                    }
                    for inbound in batch.drain(..) {
                        self.on_inbound(inbound);
                    }
                }
                Some(result) = self.tasks.next() => self.on_task(result),
                // A change of presence changes the deadline of pending requests.
                _ = self.presence_changes.changed() => {}
                () = sleep_until_opt(expiry) => self.expire_requests(),
                () = sleep_until_opt(park_deadline) => self.park_if_idle(),
                () = sleep_until_opt(save_deadline) => self.save(),
                // `publish` wakes the waiters.
                () = sleep_until_opt(wait_deadline) => {}
            }
            self.publish();
        }
    }

    /// Makes the new state visible to readers and handles.
    fn publish(&mut self) {
        // Before the events: a reader that sees a request must find the session waiting.
        self.shared.queued.store(!self.transcript.queue.is_empty(), Ordering::Relaxed);
        self.shared.update_flags(self.turn.state().is_busy(), !self.pending.is_empty());
        self.shared.log.publish();
        self.shared.summary_changes.session_changed();
        self.wake_waiters();
        self.update_idle();
    }

    fn on_command(&mut self, command: Command) {
        self.drop_unresponsive();
        // A failed send means that the caller no longer waits: `let _` throughout.
        match command {
            Command::State { reply } => drop(reply.send(self.session_reply())),
            Command::Snapshot { reply } => drop(reply.send(self.snapshot())),
            Command::StartTurn { turn, dispatched, reply } => self.submit(turn, dispatched, reply),
            Command::Wait { target, deadline, reply } => self.add_waiter(target, deadline, reply),
            Command::Queue { reply } => drop(reply.send(self.queue())),
            Command::EditQueued { item, edit, reply } => drop(reply.send(self.edit_queued(&item, edit))),
            Command::RemoveQueued { item, reply } => drop(reply.send(self.remove_queued(&item))),
            Command::SendQueued { item, reply } => self.send_queued(&item, reply),
            Command::ThreadRenamed { name } => self.thread_renamed(name),
            Command::Interrupt { reply } => self.interrupt(reply),
            Command::NewThread { request, reply } => self.new_thread(request, reply),
            Command::ResumeThread { thread, reply } => self.resume_thread(thread, reply),
            Command::ThreadAction { action, reply } => self.start_action(action, reply),
            Command::LookupItems { before, limit, reply } => {
                let at = self.shared.log.last();
                drop(reply.send(history_page::lookup(
                    &self.transcript,
                    self.has_older,
                    at,
                    before.as_ref(),
                    limit,
                )));
            }
            Command::LookupItemsBefore { before, reply } => {
                let at = self.shared.log.last();
                drop(reply.send(history_page::lookup_before(&self.transcript, at, before)));
            }
            Command::CallProcess { call } => self.call_process(call),
            Command::Requests { reply } => drop(reply.send(self.pending.list())),
            Command::DraftRule { id, answer, reply } => drop(reply.send(self.draft_rule(&id, &answer))),
            Command::Answer { id, answer, rule, reply } => drop(reply.send(self.answer(&id, answer, rule))),
            Command::ProjectTrustChanged => self.mark_outdated(),
            Command::Park { reply } => self.release_permit(reply),
            Command::ReleaseThread { reply } => self.release_thread(reply),
            Command::Flush { reply } => self.flush(reply),
            Command::Close { .. } | Command::Suspend { .. } | Command::Unload { .. } => {} // Handled in `run`.
        }
    }

    fn on_task(&mut self, result: TaskResult) {
        self.drop_unresponsive();
        match result {
            TaskResult::Attached(attached, after) => self.on_attached(attached, after),
            TaskResult::TurnStartReply(id, result, message) => self.on_turn_start_reply(id, result, message),
            TaskResult::SteerReply(turn, result, message) => self.on_steer_reply(turn, result, message),
            TaskResult::ActionReply(id, result, reply) => self.on_action_reply(id, result, reply),
            TaskResult::Reverted(remaining, after) => self.on_reverted(remaining, after),
            TaskResult::InterruptReply(result, interrupt) => self.on_interrupt_reply(result, interrupt),
            TaskResult::CommandsTerminated(is_responsive, interrupt) => {
                self.interrupt_finished(is_responsive, interrupt);
            }
            TaskResult::InterruptTimeout(turn) => self.on_interrupt_timeout(&turn),
            TaskResult::DeferTimeout(id) => self.on_defer_timeout(id),
            TaskResult::RefreshChecked(turn, is_fresh, detail) => {
                self.refresh_checked(&turn, is_fresh, detail);
            }
            TaskResult::Account(account) => {
                self.account = account;
                self.emit_state();
            }
            TaskResult::Saved(result) => self.on_saved(result),
            TaskResult::Done => {}
        }
    }

    /// Handles all messages that the process has sent so far.
    pub(super) fn drain_events(&mut self) {
        let Some(process) = &mut self.process else { return };
        for inbound in process.take_received() {
            self.on_inbound(inbound);
        }
    }

    /// Installs a process and its thread. The previous process ends.
    pub(super) fn install(&mut self, attached: AttachedProcess) {
        let AttachedProcess { process, permit, server_info: AppServerInfo { account, models, .. }, thread } =
            attached;
        let InitializedProcess { bridge, inbox, runtime, started_at } = process;
        let AttachedThread { reply, lock, history, notice, workspace_write } = thread;
        self.workspace_write = workspace_write;
        let process = Process::new(bridge, inbox, unix_ms(started_at));
        let requests = self.pending.take_all();
        self.withdraw(requests, ResolvedBy::Process);
        if let Some(before) = self.process.replace(process) {
            self.tasks.spawn(async move { before.bridge().shutdown().await }.map(|()| TaskResult::Done));
        }
        self.permit = Some(permit);
        self.parking.attached();
        self.sub_agents.reset();
        (self.runtime, self.account, self.models) = (runtime, account, models);
        self.thread_lock = lock.or(self.thread_lock.take());
        let event = ThreadOpened {
            thread_id: reply.thread.id,
            model: reply.model,
            effort: reply.effort,
            sandbox: reply.sandbox.mode(),
            approval_policy: parse_approval_policy(&reply.approval_policy),
            cwd: reply.cwd,
            history,
        };
        self.thread_opened(event);
        if let Some(notice) = notice.filter(|notice| !self.has_notice(notice)) {
            self.warn(WarningKind::InstructionsCut, notice, None);
        }
    }

    /// Returns `true` if the transcript already has this notice. Each new process reports the same
    /// one.
    fn has_notice(&self, notice: &str) -> bool {
        let is_same =
            |entry: &Entry| matches!(&entry.content, Content::Notice(existing) if existing.message == notice);
        self.transcript.entries.iter().any(is_same)
    }

    /// Emits the `thread` event, with the thread's history.
    pub(super) fn thread_opened(&mut self, event: ThreadOpened) {
        if event.history.is_some() || self.transcript.thread_id.as_ref() != Some(&event.thread_id) {
            self.has_older = event.history.as_ref().is_some_and(|history| history.older);
            self.waiters.clear_accepted();
        }
        let queue = self.transcript.queue.clone();
        let seq = self.append(EventName::Thread, &event);
        self.fold(&Event { seq, body: EventBody::Thread(event) });
        self.save_now();
        // The event resets the transcript, also when the thread is new or turns were removed. The
        // queued messages stay.
        self.set_queue(queue);
        self.update_headline();
        self.emit_state();
    }

    /// Updates the title, the thread and the directory for handles.
    pub(super) fn update_headline(&self) {
        let Transcript { title, thread_id, cwd, .. } = &self.transcript;
        let mut headline = self.shared.headline.lock().unwrap_or_else(PoisonError::into_inner);
        *headline = Headline { title: title.clone(), thread_id: thread_id.clone(), cwd: cwd.clone() };
    }

    /// Emits the notification about a new name. Codex sends it only to the process that has the
    /// thread loaded.
    fn thread_renamed(&mut self, name: String) {
        let Some(thread) = self.transcript.thread_id.clone() else { return };
        if self.transcript.title.as_ref() == Some(&name) {
            return;
        }
        let params = serde_json::json!({ "threadId": thread, "threadName": name });
        if let Ok(params) = serde_json::value::to_raw_value(&params) {
            self.on_notification("thread/name/updated".to_owned(), &params);
        }
    }

    /// Runs a call in the process. Without a process the call is dropped, which the caller notices.
    fn call_process(&mut self, call: ProcessCall) {
        if let Some(process) = &self.process {
            self.tasks.spawn(call(process.bridge().clone()).map(|()| TaskResult::Done));
        }
    }

    pub(super) fn warn(&mut self, kind: WarningKind, message: String, detail: Option<String>) {
        tracing::warn!(session = %self.shared.id, ?kind, message, "session warning");
        self.recent_events.push_own(EventName::Warning, None, &message);
        let warning = Warning { kind, message, detail };
        self.emit(EventName::Warning, &warning, EventBody::Warning(warning.clone()));
    }

    /// Appends an event of the gateway and folds it.
    pub(super) fn emit(&mut self, name: EventName, data: &impl Serialize, body: EventBody) {
        let seq = self.append(name, data);
        self.fold(&Event { seq, body });
        self.has_older |= self.transcript.trim(WINDOW_ENTRIES, WINDOW_BYTES);
    }

    pub(super) fn append(&self, name: EventName, data: &impl Serialize) -> u64 {
        self.shared.log.append(name, |bytes| {
            // The gateway's own types always serialize.
            let _ = serde_json::to_writer(bytes, data);
        })
    }

    /// Emits the documented state.
    pub(super) fn emit_state(&self) {
        let mut state = self.state();
        // The gateway's own types always serialize.
        let full = serde_json::to_vec(&state).unwrap_or_default();
        state.make_lean();
        let lean = serde_json::to_vec(&state).unwrap_or_default();
        let write = |json: Vec<u8>| move |bytes: &mut Vec<u8>| bytes.extend_from_slice(&json);
        self.shared.log.append_state(write(full), write(lean));
    }

    /// Closes the session and informs its readers.
    async fn close(mut self, reason: ClosedReason) {
        let requests = self.pending.take_all();
        self.withdraw(requests, ResolvedBy::Session);
        let closed = SessionClosed { session_id: self.shared.id.clone(), reason };
        self.emit(EventName::SessionClosed, &closed, EventBody::SessionClosed(closed.clone()));
        self.shared.log.close();
        self.end_processes().await;
        let owner = self.context.owner.as_str();
        tracing::info!(session = %self.shared.id, owner, ?reason, "session closed");
    }

    /// Ends all processes of the session and waits until they have exited.
    pub(super) async fn end_processes(&mut self) {
        // A process ends when its last handle is dropped: the session's own and those in tasks.
        self.process = None;
        self.tasks.clear();
        self.context.processes.close();
        self.context.processes.wait().await;
    }
}

/// Sleeps until the deadline. Never returns without a deadline.
async fn sleep_until_opt(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
