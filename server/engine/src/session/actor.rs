//! The actor of a session: one task that owns its process, its transcript and its log.
//!
//! It never waits for codex: what takes time is a future in `tasks` that comes back as a [`Done`].

use std::sync::{Arc, PoisonError, atomic::Ordering};

use codex_gateway_wire::{
    Content, Entry, Event, EventBody, EventName, Transcript, TurnId,
    api::{Model, SessionReply},
    codex::approval_policy,
    event::{ClosedReason, History, SessionClosed, ThreadOpened, Warning, WarningKind},
    request::ResolvedBy,
};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    About, Asked, Command, Reply, Shared, WINDOW, WINDOW_BYTES,
    actions::AfterRevert,
    crashes::Crashes,
    foreign::Foreign,
    interrupts::Stopping,
    older,
    open::{Base, Joined, Opened},
    parking::Parking,
    recent::Recent,
    restoring::Start,
    saving::Saving,
    turns::{Message, Slot, Then},
    waits::Waits,
};
use crate::{
    bridge::{
        Bridge, BridgeError, Exit, Inbound, Inbox,
        protocol::{AccountReply, Initialized, WorkspaceWrite},
    },
    error::SessionError,
    greeting::{Greeted, Offer},
    holds::Hold,
    places::Place,
    requests::{Changes, Pending},
    store::StoreError,
};

/// How many messages are taken from the process at once; readers are woken once for all of them.
const BATCH: usize = 128;

/// Something that took time has ended.
pub(super) enum Done {
    /// A process was opened, or could not be.
    Opened(Result<Box<Opened>, SessionError>, Then),
    /// Codex answered `turn/start`.
    TurnStarted(u64, Result<TurnId, SessionError>, Message),
    /// Codex answered `turn/steer`.
    Steered(TurnId, Result<(), SessionError>, Message),
    /// Codex has taken a turn of its own making, or refused it.
    ActionTaken(u64, Result<(), BridgeError>, Reply<Result<SessionReply, SessionError>>),
    /// Turns were taken back: what is left.
    Reverted(Result<History, SessionError>, AfterRevert),
    /// Codex answered `turn/interrupt`.
    Interrupted(Result<(), BridgeError>, Stopping),
    /// The commands of a turn that was stopped were, too; `false` if the process does not react.
    Stopped(bool, Stopping),
    /// A turn that was stopped has had long enough to end.
    StopExpired(TurnId),
    /// Something has waited long enough for its turn to begin.
    WaitExpired(u64),
    /// Whether another process refreshed the sign-in when this turn failed, and what codex said then.
    RefreshChecked(TurnId, bool, String),
    /// Codex said again who it is signed in as.
    Account(AccountReply),
    /// What has changed was written down, or could not be.
    Saved(Result<(), StoreError>),
    /// Something that has no result.
    Nothing,
}

/// A process that serves the session.
pub(super) struct Live {
    pub bridge: Bridge,
    inbox: Inbox,
    pub started_ms: i64,
    pub malformed: u64,
}

impl Live {
    /// Whether everything was taken that it has said.
    pub(super) fn is_read(&self) -> bool {
        self.inbox.is_empty()
    }
}

/// A session's task.
pub(super) struct Actor {
    pub base: Base,
    pub shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
    /// The hold on the thread that the session is in.
    pub hold: Option<Hold>,
    /// The model that was asked for; codex's own choice without.
    pub model: Option<String>,
    pub live: Option<Live>,
    /// The place of its process.
    pub place: Option<Place>,
    pub parking: Parking,
    pub crashes: Crashes,
    pub saving: Saving,
    pub runtime: Initialized,
    pub account: AccountReply,
    pub models: Vec<Model>,
    pub transcript: Transcript,
    /// What the sandbox `workspace-write` allows beside the directory.
    pub workspace_write: WorkspaceWrite,
    /// Whether older entries were left out of the transcript.
    pub older: bool,
    pub recent: Recent,
    /// What waits for the user.
    pub pending: Pending,
    /// What sub-agents propose.
    pub foreign: Foreign,
    /// Who can answer.
    attendance: Changes,
    pub slot: Slot,
    /// Who waits for turns to end.
    pub waits: Waits,
    /// The turn that failed and of which it is being checked whether another process refreshed the sign-in.
    pub refresh_check: Option<TurnId>,
    /// How many numbers were given to what is waited for.
    pub numbers: u64,
    /// How many of the tasks only wait for time to pass.
    pub sleeping: usize,
    pub tasks: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl Actor {
    pub(super) fn new(
        base: Base,
        shared: Arc<Shared>,
        model: Option<String>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            base,
            pending: Pending::default(),
            foreign: Foreign::default(),
            attendance: shared.presence.changes(),
            shared,
            commands,
            hold: None,
            model,
            live: None,
            place: None,
            parking: Parking::default(),
            crashes: Crashes::default(),
            saving: Saving::default(),
            runtime: Initialized::default(),
            account: AccountReply::default(),
            models: Vec::new(),
            transcript: Transcript::default(),
            workspace_write: WorkspaceWrite::default(),
            older: false,
            recent: Recent::default(),
            slot: Slot::Idle,
            waits: Waits::default(),
            refresh_check: None,
            numbers: 0,
            sleeping: 0,
            tasks: FuturesUnordered::new(),
        }
    }

    pub(super) async fn run(mut self, start: Start) {
        match start {
            Start::Opened(opened) => self.adopt(*opened),
            Start::Restored(restored) => self.take_up(*restored),
        }
        self.publish();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let (parks_at, saves_at, answers_at) = (self.parks_at(), self.saving.at(), self.waits.next());
            let inbound = async {
                match &mut self.live {
                    Some(live) => live.inbox.recv_many(&mut batch, BATCH).await,
                    None => std::future::pending().await,
                }
            };
            let expiry = self.pending.next_expiry(self.shared.presence.patience());
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Close(reason, reply)) => {
                        self.close(reason).await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(Command::Suspend(reply)) => {
                        self.suspend().await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(Command::Unload(reply)) => {
                        if self.is_at_rest() && (self.saving.is_done() || self.save_last().await.is_ok()) {
                            // Whoever hears of it may take the thread.
                            drop(self);
                            let _ = reply.send(true);
                            return;
                        }
                        let _ = reply.send(false);
                    }
                    Some(command) => self.command(command),
                    None => return self.suspend().await,
                },
                count = inbound => {
                    if count == 0 {
                        self.exited(&Exit::default());
                    }
                    for inbound in batch.drain(..) {
                        self.inbound(inbound);
                    }
                }
                Some(done) = self.tasks.next(), if !self.tasks.is_empty() => self.done(done),
                // Whoever comes or leaves changes how long requests wait.
                _ = self.attendance.changed() => {}
                () = until(expiry) => self.expire_requests(),
                () = until(parks_at) => self.rest(),
                () = until(saves_at) => self.save(),
                // In `publish`.
                () = until(answers_at) => {}
            }
            self.publish();
        }
    }

    /// Lets readers and handles see how things stand.
    fn publish(&mut self) {
        // Before the events: who reads of a request finds the session waiting.
        self.shared.queued.store(!self.transcript.queue.is_empty(), Ordering::Relaxed);
        self.shared.stands(self.slot.is_busy(), !self.pending.is_empty());
        self.shared.log.publish();
        self.shared.changes.session_changed();
        self.tell_waits();
        self.note_idle();
    }

    fn command(&mut self, command: Command) {
        self.leave_unresponsive();
        // An answer that nobody waits for any more is no error: `let _` throughout.
        match command {
            Command::State(reply) => drop(reply.send(self.reply())),
            Command::Snapshot(reply) => drop(reply.send(self.snapshot())),
            Command::StartTurn(turn, told, reply) => self.say(turn, told, reply),
            Command::Wait(what, until, reply) => self.wait(what, until, reply),
            Command::Queue(reply) => drop(reply.send(self.queue())),
            Command::EditQueued(id, edit, reply) => drop(reply.send(self.edit_queued(&id, edit))),
            Command::RemoveQueued(id, reply) => drop(reply.send(self.remove_queued(&id))),
            Command::SendQueued(id, reply) => self.send_queued(&id, reply),
            Command::Named(name) => self.named(name),
            Command::Interrupt(reply) => self.interrupt(reply),
            Command::NewThread(request, reply) => self.new_thread(request, reply),
            Command::ResumeThread(thread, reply) => self.resume_thread(thread, reply),
            Command::Act(action, reply) => self.act(action, reply),
            Command::Look(before, limit, reply) => {
                let at = self.shared.log.last();
                drop(reply.send(older::look(&self.transcript, self.older, at, before.as_ref(), limit)));
            }
            Command::LookBefore(before, reply) => {
                let at = self.shared.log.last();
                drop(reply.send(older::look_before(&self.transcript, at, before)));
            }
            Command::Read(asked) => self.read(asked),
            Command::Requests(reply) => drop(reply.send(self.pending.list())),
            Command::DraftRule(id, answer, reply) => drop(reply.send(self.draft_rule(&id, &answer))),
            Command::Answer(id, answer, rule, reply) => drop(reply.send(self.answer(&id, answer, rule))),
            Command::ProjectDecided => self.renew(),
            Command::Park(reply) => self.make_room(reply),
            Command::LeaveThread(reply) => self.leave_thread(reply),
            Command::Flush(reply) => self.flush(reply),
            Command::Close(..) | Command::Suspend(_) | Command::Unload(_) => {} // Dealt with in `run`.
        }
    }

    fn done(&mut self, done: Done) {
        self.leave_unresponsive();
        match done {
            Done::Opened(opened, then) => self.opened(opened, then),
            Done::TurnStarted(number, result, message) => self.turn_accepted(number, result, message),
            Done::Steered(turn, result, message) => self.steered(turn, result, message),
            Done::ActionTaken(number, result, reply) => self.action_taken(number, result, reply),
            Done::Reverted(left, then) => self.reverted(left, then),
            Done::Interrupted(result, stopping) => self.interrupted(result, stopping),
            Done::Stopped(reacts, stopping) => self.stopped(reacts, stopping),
            Done::StopExpired(turn) => self.stop_expired(&turn),
            Done::WaitExpired(number) => self.wait_expired(number),
            Done::RefreshChecked(turn, is_fresh, detail) => self.refresh_checked(&turn, is_fresh, detail),
            Done::Account(account) => {
                self.account = account;
                self.state_changed();
            }
            Done::Saved(result) => self.saved(result),
            Done::Nothing => {}
        }
    }

    /// Takes in what the process has said so far.
    pub(super) fn hear_all(&mut self) {
        let Some(live) = &mut self.live else { return };
        let said: Vec<Inbound> = (0..live.inbox.len()).map_while(|_| live.inbox.try_recv().ok()).collect();
        for inbound in said {
            self.inbound(inbound);
        }
    }

    /// Takes over a process and its thread; the one before, if any, ends.
    pub(super) fn adopt(&mut self, opened: Opened) {
        let Opened { process, place, offer: Offer { account, models, .. }, joined } = opened;
        let Greeted { bridge, inbox, runtime, started_ms } = process;
        let Joined { thread, hold, history, notice, workspace_write } = joined;
        self.workspace_write = workspace_write;
        let live = Live { bridge, inbox, started_ms, malformed: 0 };
        let open = self.pending.take_all();
        self.withdraw(open, ResolvedBy::Process);
        if let Some(before) = self.live.replace(live) {
            self.tasks.push(async move { before.bridge.close().await }.map(|()| Done::Nothing).boxed());
        }
        self.place = Some(place);
        self.renewed();
        self.foreign.clear();
        (self.runtime, self.account, self.models) = (runtime, account, models);
        self.hold = hold.or(self.hold.take());
        let opened = ThreadOpened {
            thread_id: thread.thread.id,
            model: thread.model,
            effort: thread.effort,
            sandbox: thread.sandbox.mode(),
            approval_policy: approval_policy(&thread.approval_policy),
            cwd: thread.cwd,
            history,
        };
        self.thread_opened(opened);
        if let Some(notice) = notice.filter(|notice| !self.has_told(notice)) {
            self.warn(WarningKind::InstructionsCut, notice, None);
        }
    }

    /// Returns `true` if the conversation has this notice already: each process finds the same.
    fn has_told(&self, notice: &str) -> bool {
        let is_same =
            |entry: &Entry| matches!(&entry.content, Content::Notice(told) if told.message == notice);
        self.transcript.entries.iter().any(is_same)
    }

    /// Tells which thread it is, and what was said in it.
    pub(super) fn thread_opened(&mut self, opened: ThreadOpened) {
        if opened.history.is_some() || self.transcript.thread_id.as_ref() != Some(&opened.thread_id) {
            self.older = opened.history.as_ref().is_some_and(|history| history.older);
            self.waits.forget();
        }
        let queue = self.transcript.queue.clone();
        let seq = self.append(EventName::Thread, &opened);
        self.fold(&Event { seq, body: EventBody::Thread(opened) });
        self.save_soon();
        // A thread that never had a turn goes on as a new one, and one of which turns were taken back begins anew; what
        // was written for it still waits.
        self.set_queue(queue);
        self.meta_changed();
        self.state_changed();
    }

    /// Lets handles know what the conversation is about.
    pub(super) fn meta_changed(&self) {
        let Transcript { title, thread_id, cwd, .. } = &self.transcript;
        let mut about = self.shared.about.lock().unwrap_or_else(PoisonError::into_inner);
        *about = About { title: title.clone(), thread_id: thread_id.clone(), cwd: cwd.clone() };
    }

    /// Codex tells of a new name only whoever has the thread open. What it would have said is said here.
    fn named(&mut self, name: String) {
        let Some(thread) = self.transcript.thread_id.clone() else { return };
        if self.transcript.title.as_ref() == Some(&name) {
            return;
        }
        let params = serde_json::json!({ "threadId": thread, "threadName": name });
        if let Ok(params) = serde_json::value::to_raw_value(&params) {
            self.notification("thread/name/updated".to_owned(), &params);
        }
    }

    /// Lets the process answer. Without one, whoever asks hears nothing, and sees that.
    fn read(&mut self, asked: Asked) {
        if let Some(live) = &self.live {
            self.tasks.push(asked(live.bridge.clone()).map(|()| Done::Nothing).boxed());
        }
    }

    pub(super) fn warn(&mut self, kind: WarningKind, message: String, detail: Option<String>) {
        tracing::warn!(session = %self.shared.id, ?kind, message, "session warning");
        self.recent.other(EventName::Warning, None, &message);
        let warning = Warning { kind, message, detail };
        self.say_event(EventName::Warning, &warning, EventBody::Warning(warning.clone()));
    }

    /// Appends an event of the gateway's own, and folds it.
    pub(super) fn say_event(&mut self, name: EventName, data: &impl Serialize, body: EventBody) {
        let seq = self.append(name, data);
        self.fold(&Event { seq, body });
        self.older |= self.transcript.trim(WINDOW, WINDOW_BYTES);
    }

    pub(super) fn append(&self, name: EventName, data: &impl Serialize) -> u64 {
        self.shared.log.append(name, |bytes| {
            // Our own types can be written.
            let _ = serde_json::to_writer(bytes, data);
        })
    }

    /// Tells the documented state to those who follow it.
    pub(super) fn state_changed(&self) {
        let mut state = self.state();
        // Types of this crate can be written.
        let full = serde_json::to_vec(&state).unwrap_or_default();
        state.make_lean();
        let lean = serde_json::to_vec(&state).unwrap_or_default();
        let write = |json: Vec<u8>| move |bytes: &mut Vec<u8>| bytes.extend_from_slice(&json);
        self.shared.log.append_state(write(full), write(lean));
    }

    /// Ends the session: its readers are told.
    async fn close(mut self, reason: ClosedReason) {
        let open = self.pending.take_all();
        self.withdraw(open, ResolvedBy::Session);
        let closed = SessionClosed { session_id: self.shared.id.clone(), reason };
        self.say_event(EventName::SessionClosed, &closed, EventBody::SessionClosed(closed.clone()));
        self.shared.log.close();
        self.end_all().await;
        let owner = self.base.owner.as_str();
        tracing::info!(session = %self.shared.id, owner, ?reason, "session closed");
    }

    /// Ends all processes, and waits for their end.
    pub(super) async fn end_all(&mut self) {
        // A process ends when nobody holds it: neither as the session's own nor in a task.
        self.live = None;
        self.tasks.clear();
        self.base.processes.close();
        self.base.processes.wait().await;
    }
}

/// Waits until then; for ever without.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
