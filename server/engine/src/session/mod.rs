//! A session: one conversation, and the actor that owns it.
//!
//! [`Session`] is the handle: cheap to clone, it sends commands and waits for answers. The actor
//! (`session/actor.rs`) owns the process, the transcript and the log's writing side.

mod actions;
mod actor;
mod audit;
mod command;
mod crashes;
mod foreign;
mod hearing;
pub(crate) mod history;
pub(crate) mod intake;
mod interrupts;
mod lost;
pub(crate) mod older;
pub(crate) mod open;
mod parking;
mod project;
mod questions;
mod queue;
mod recent;
mod refresh;
pub(crate) mod restoring;
mod saving;
pub(crate) mod settings;
mod shared;
mod steering;
mod telling;
mod text;
mod turns;
mod waits;
pub(crate) mod walk;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use codex_gateway_wire::{
    ItemId, OwnerId, QueueItemId, RequestId, SessionId, Snapshot, ThreadId, TurnId, UserRequest,
    api::{
        EditQueueItem, ListedSession, NewThread, QueueReply, ReviewTarget, Sent, SessionInfo, SessionReply,
        SessionSummary, StartTurn, TurnEnd, TurnReply, WaitedReply,
    },
    event::ClosedReason,
    request::{AnswerReply, AnswerRequest, Decision},
};
use futures::FutureExt;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use self::{
    actions::Action,
    actor::Actor,
    command::{Asked, Command, Reply},
    intake::Intake,
    older::{Beyond, Looked},
    open::{Base, Opened},
    restoring::{Restored, Start, Times},
    settings::Settings,
    shared::{About, Shared},
    waits::Waited,
};
pub(crate) use self::{shared::patience, telling::account_state};
use crate::{
    bridge::protocol::Request,
    clock::{Moment, now_ms},
    error::SessionError,
    log::{Log, RING},
    metrics::Standing,
    once::Told,
    places::Place,
    requests::{Attendance, Presence},
    rules::OwnerRules,
};

/// How many commands may wait for the actor.
const COMMANDS: usize = 64;
/// How many entries a session keeps; older ones are codex's to keep.
const WINDOW: usize = 200;
/// About how many bytes of text a session keeps.
const WINDOW_BYTES: usize = 2 * 1024 * 1024;

/// A handle on a session.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
    /// Looks at messages before the actor gets them.
    intake: Intake,
    /// The rules of its owner.
    rules: OwnerRules,
    commands: mpsc::Sender<Command>,
}

impl Session {
    /// Starts the actor of a session whose process is open.
    pub(crate) fn start(base: Base, model: Option<String>, opened: Opened) -> Self {
        let times = Times { created: now_ms(), last_access: Moment::now(), news: 0 };
        Self::run(base, model, times, Log::new(RING), Start::Opened(Box::new(opened)))
    }

    /// Starts the actor of a session that was written down. It has no process.
    pub(crate) fn restore(base: Base, restored: Restored) -> Self {
        let log = Log::after(RING, restored.seq);
        let (model, times) = (restored.kept.model.clone(), restored.times);
        Self::run(base, model, times, log, Start::Restored(Box::new(restored)))
    }

    fn run(base: Base, model: Option<String>, times: Times, log: Log, start: Start) -> Self {
        let Times { created: created_ms, last_access, news } = times;
        let shared = Arc::new(Shared {
            id: base.session.clone(),
            owner: base.owner.clone(),
            created_ms,
            ttl_ms: base.config.session_ttl_ms(),
            last_access: AtomicI64::new(last_access.raw()),
            running: AtomicBool::new(false),
            process: AtomicBool::new(false),
            idle: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            queued: AtomicBool::new(false),
            suspended: AtomicBool::new(false),
            news_ms: AtomicI64::new(news),
            settings: base.settings.clone(),
            presence: Presence::new(),
            about: Mutex::default(),
            changes: base.changes.clone(),
            log: Arc::new(log),
        });
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let intake = base.intake(None);
        let rules = base.rules.clone();
        let actor = Actor::new(base, Arc::clone(&shared), model, inbox);
        tokio::spawn(actor.run(start));
        Self { shared, intake, rules, commands }
    }

    /// The session's id.
    pub fn id(&self) -> &SessionId {
        &self.shared.id
    }

    /// Who owns it.
    pub fn owner(&self) -> &OwnerId {
        &self.shared.owner
    }

    /// Its event log.
    pub fn log(&self) -> &Arc<Log> {
        &self.shared.log
    }

    /// What every reply says of it.
    pub fn info(&self) -> SessionInfo {
        self.shared.info()
    }

    /// When it was last used, in Unix milliseconds.
    pub(crate) fn last_access_ms(&self) -> i64 {
        self.shared.last_access().unix_ms()
    }

    /// How long nobody has used it, in milliseconds.
    pub(crate) fn unused_ms(&self) -> i64 {
        self.shared.last_access().age_ms()
    }

    /// A line for the page's list.
    pub fn summary(&self) -> SessionSummary {
        let About { title, thread_id, .. } = self.shared.about();
        SessionSummary {
            id: self.shared.id.clone(),
            title,
            thread_id,
            running: self.shared.running.load(Ordering::Relaxed),
            waiting: self.shared.waiting.load(Ordering::Relaxed),
            last_event_id: Some(self.shared.log.last()),
            ..SessionSummary::default()
        }
        .at(self.last_access_ms(), self.shared.news_ms.load(Ordering::Relaxed))
    }

    /// What the API's list says of it.
    pub fn listed(&self) -> ListedSession {
        let About { title, thread_id, cwd } = self.shared.about();
        ListedSession {
            session: self.info(),
            title,
            thread_id,
            cwd,
            running: self.shared.running.load(Ordering::Relaxed),
            waiting: self.shared.waiting.load(Ordering::Relaxed),
        }
    }

    /// Tells its readers the name of its thread, unless codex has.
    pub(crate) async fn named(&self, name: String) {
        // One that has just ended has no readers.
        let _ = self.commands.send(Command::Named(name)).await;
    }

    /// Lets it have a new process as soon as the present one has nothing to do: its owner has decided about its folder.
    pub(crate) async fn project_decided(&self) {
        // One that has just ended has no process.
        let _ = self.commands.send(Command::ProjectDecided).await;
    }

    /// Counts as use of the session.
    pub(crate) fn touch(&self) {
        self.shared.touch();
    }

    /// Whether nobody has used it for its time to live. A running turn is use, and so is what waits: a request until its
    /// end, a message in the queue for [`QUEUED`].
    pub(crate) fn is_expired(&self) -> bool {
        let Shared { running, waiting, queued, ttl_ms, .. } = &*self.shared;
        let unused = self.unused_ms();
        let busy = [running, waiting].iter().any(|flag| flag.load(Ordering::Relaxed));
        !busy && ttl_ms.is_some_and(|ttl| unused >= patience(ttl, queued.load(Ordering::Relaxed)))
    }

    /// Its state, with the id of the newest event in it.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] if the session has ended meanwhile, [`SessionError::ShuttingDown`] if the gateway
    /// stops; so for all that follow.
    pub async fn state(&self) -> Result<SessionReply, SessionError> {
        self.ask(Command::State).await
    }

    /// The conversation's newest part, with the id of the newest event in it.
    ///
    /// # Errors
    /// See [`Session::state`].
    pub async fn snapshot(&self) -> Result<Snapshot, SessionError> {
        self.ask(Command::Snapshot).await
    }

    /// Sends a message: starts a turn, and a process first if the last one has ended. While a turn runs, does as the
    /// message says. Answers when codex has taken it, or when it waits in the queue.
    ///
    /// # Errors
    /// [`SessionError::EmptyPrompt`] and what else is wrong with it, [`SessionError::TurnActive`],
    /// [`SessionError::QueueFull`], [`SessionError::Starting`], or what codex says.
    pub async fn start_turn(&self, turn: StartTurn) -> Result<TurnReply, SessionError> {
        self.send(turn, Told::default()).await
    }

    /// Does so, and notes when codex was told.
    pub(crate) async fn send(&self, turn: StartTurn, told: Told) -> Result<TurnReply, SessionError> {
        if !turn.input.is_empty() {
            self.intake.resolve(turn.clone()).await?;
        }
        self.ask(|reply| Command::StartTurn(turn, told, reply)).await?
    }

    /// Waits for the end of the turn that a message began or was told to; that of one in the queue must come first.
    /// Answers with what there is once it has waited so long, and when the queue stands still. Dropping the wait changes
    /// nothing.
    ///
    /// # Errors
    /// See [`Session::state`]. A turn that ends because the gateway stops has an end.
    pub async fn turn_end(&self, sent: &Sent, patience: Option<Duration>) -> Result<TurnEnd, SessionError> {
        Ok(self.turn_reply(sent.clone(), None, patience).await?.end)
    }

    /// Does the same, and answers with the session's state at that moment, too. The message may have an id of the
    /// client's: by that it is found if it has left the queue.
    ///
    /// # Errors
    /// See [`Session::turn_end`].
    pub async fn turn_reply(
        &self,
        sent: Sent,
        client_id: Option<String>,
        patience: Option<Duration>,
    ) -> Result<WaitedReply, SessionError> {
        let (session, end) = match Waited::of(&sent, client_id) {
            Some(what) => {
                let until = patience.map(|patience| Instant::now() + patience);
                self.ask(|reply| Command::Wait(what, until, reply)).await?
            }
            None => (self.state().await?, TurnEnd::default()),
        };
        Ok(WaitedReply { reply: TurnReply { session, sent }, end })
    }

    /// Starts a turn that makes the history shorter, for the model. Answers when codex has taken it.
    ///
    /// # Errors
    /// [`SessionError::EmptyThread`], [`SessionError::TurnActive`], [`SessionError::Starting`], or what codex says.
    pub async fn compact(&self) -> Result<SessionReply, SessionError> {
        self.ask(|reply| Command::Act(Action::Compact, reply)).await?
    }

    /// Starts a turn that looks at what was changed. Answers when codex has taken it.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::Starting`], or what codex says.
    pub async fn review(&self, target: ReviewTarget) -> Result<SessionReply, SessionError> {
        self.ask(|reply| Command::Act(Action::Review(target), reply)).await?
    }

    /// Takes back a turn and all later ones: what was said, not what was done to files. All readers are told what is
    /// left.
    ///
    /// # Errors
    /// [`SessionError::NoSuchTurn`], [`SessionError::EmptyThread`], [`SessionError::TurnActive`],
    /// [`SessionError::Starting`], or what codex says.
    pub async fn revert(&self, before: TurnId) -> Result<SessionReply, SessionError> {
        self.ask(|reply| Command::Act(Action::Revert(before), reply)).await?
    }

    /// Where it works, and what it may do, as it was made. (What turns have changed of that is in the transcript.)
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// What waits for its turn.
    ///
    /// # Errors
    /// See [`Session::state`].
    pub async fn queue(&self) -> Result<QueueReply, SessionError> {
        self.ask(Command::Queue).await
    }

    /// Changes a message that waits, or its place.
    ///
    /// # Errors
    /// [`SessionError::NoSuchQueueItem`], also once it was sent; [`SessionError::QueueItemSending`],
    /// [`SessionError::EmptyPrompt`], [`SessionError::QueueTooLong`].
    pub async fn edit_queued(
        &self,
        item: QueueItemId,
        edit: EditQueueItem,
    ) -> Result<QueueReply, SessionError> {
        self.ask(|reply| Command::EditQueued(item, edit, reply)).await?
    }

    /// Takes a message out of the queue.
    ///
    /// # Errors
    /// [`SessionError::NoSuchQueueItem`], also once it was sent; [`SessionError::QueueItemSending`].
    pub async fn remove_queued(&self, item: QueueItemId) -> Result<QueueReply, SessionError> {
        self.ask(|reply| Command::RemoveQueued(item, reply)).await?
    }

    /// Sends a message of the queue now: starts a turn with it, or tells it to the agent that is at work.
    ///
    /// # Errors
    /// [`SessionError::NoSuchQueueItem`], also once it was sent; [`SessionError::QueueItemSending`]; what codex says:
    /// then it still waits.
    pub async fn send_queued(&self, item: QueueItemId) -> Result<TurnReply, SessionError> {
        self.ask(|reply| Command::SendQueued(item, reply)).await?
    }

    /// Stops the running turn; one that is about to start is stopped as soon as it has.
    ///
    /// # Errors
    /// [`SessionError::NoActiveTurn`], or what codex says.
    pub async fn interrupt(&self) -> Result<SessionReply, SessionError> {
        self.ask(Command::Interrupt).await?
    }

    /// Begins a new thread, in a new process; the old one ends.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::Starting`], or what codex says; then the old thread goes on.
    pub async fn new_thread(&self, request: NewThread) -> Result<SessionReply, SessionError> {
        self.ask(|reply| Command::NewThread(request, reply)).await?
    }

    /// Goes on with another thread, in a new process; the old one ends. If it is the thread that the session is
    /// in, nothing happens. Whether the thread is the caller's is not asked here.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::Starting`], [`SessionError::ThreadNotFound`],
    /// [`SessionError::ThreadHeld`], or what codex says; then the old thread goes on.
    pub(crate) async fn resume_thread(&self, thread: ThreadId) -> Result<SessionReply, SessionError> {
        self.ask(|reply| Command::ResumeThread(thread, reply)).await?
    }

    /// Looks for the entries before one, or for the newest. Starts no process.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`].
    pub(crate) async fn look(&self, before: Option<ItemId>, limit: usize) -> Result<Looked, SessionError> {
        self.ask(|reply| Command::Look(before, limit, reply)).await?
    }

    /// Looks for the entries before one that the session does not keep.
    ///
    /// # Errors
    /// See [`Session::look`].
    pub(crate) async fn look_before(&self, before: ItemId) -> Result<Beyond, SessionError> {
        self.ask(|reply| Command::LookBefore(before, reply)).await?
    }

    /// Asks the session's own process something that is no part of a turn.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] also if it has no process; what codex says.
    pub(crate) async fn read<R>(&self, request: R) -> Result<R::Reply, SessionError>
    where
        R: Request + Send + 'static,
        R::Reply: 'static,
    {
        let asked = |reply: Reply<_>| -> Asked {
            Box::new(move |bridge| {
                async move {
                    // An answer that nobody waits for any more is no error.
                    let _ = reply.send(bridge.request(&request).await);
                }
                .boxed()
            })
        };
        Ok(self.ask(|reply| Command::Read(asked(reply))).await??)
    }

    /// What waits for the user, the oldest first.
    ///
    /// # Errors
    /// See [`Session::state`].
    pub async fn requests(&self) -> Result<Vec<UserRequest>, SessionError> {
        self.ask(Command::Requests).await
    }

    /// Answers what waits for the user. A decision that holds from then on makes a rule of the owner first.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRequest`], [`SessionError::RequestEnded`]; [`SessionError::BadAnswer`],
    /// [`SessionError::TooManyRules`], [`SessionError::Store`]: then it still waits.
    pub async fn answer(&self, id: RequestId, answer: AnswerRequest) -> Result<AnswerReply, SessionError> {
        if !answer.decision.as_ref().is_some_and(Decision::makes_rule) {
            return self.ask(|reply| Command::Answer(id, answer, None, reply)).await?;
        }
        let session = self.clone();
        // In a task of its own: a client that goes away leaves no rule behind without its answer.
        let answered = tokio::spawn(async move { session.answer_with_rule(id, answer).await });
        answered.await.unwrap_or_else(|_| Err(self.left()))
    }

    async fn answer_with_rule(
        &self,
        id: RequestId,
        answer: AnswerRequest,
    ) -> Result<AnswerReply, SessionError> {
        let _deciding = self.rules.decide().await;
        let draft = self.ask(|reply| Command::DraftRule(id.clone(), answer.clone(), reply)).await??;
        let (rule, is_new) = self.rules.add(draft).await?;
        let made = rule.id.clone();
        let answered = self.ask(|reply| Command::Answer(id, answer, Some(rule), reply)).await.flatten();
        // Another client was faster, or the request has gone: then nothing was decided here.
        if answered.is_err()
            && is_new
            && let Err(error) = self.rules.remove(&made).await
        {
            tracing::error!(rule = %made, %error, "a rule that nobody decided on cannot be removed");
        }
        answered
    }

    /// Somebody who can answer is there, for as long as the result is held.
    pub fn attend(&self) -> Attendance {
        self.shared.presence.attend()
    }

    /// Whether it has a process.
    pub(crate) fn has_process(&self) -> bool {
        self.shared.process.load(Ordering::Relaxed)
    }

    /// Counts it as one that has a process.
    pub(crate) fn stand(&self, standing: &mut Standing) {
        let running = self.shared.running.load(Ordering::Relaxed);
        *(if running { &mut standing.running } else { &mut standing.idle }) += 1;
        standing.waiting += u64::from(self.shared.waiting.load(Ordering::Relaxed));
    }

    /// Whether it has a process that has nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.shared.idle.load(Ordering::Relaxed)
    }

    /// Ends its process, if it is idle, and gives its place away once that is gone.
    pub(crate) async fn park(&self) -> Option<Place> {
        self.ask(Command::Park).await.ok().flatten()
    }

    /// Ends its process, so that another one can be asked for what is to become of the thread. The session stays, and
    /// its next message starts another process.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`]
    pub(crate) async fn leave_thread(&self) -> Result<(), SessionError> {
        self.ask(Command::LeaveThread).await?
    }

    /// Ends the session: tells its readers, ends its process, and answers when that is gone.
    pub(crate) async fn close(&self, reason: ClosedReason) {
        // If the actor is gone, so is the process.
        let _ = self.ask(|reply| Command::Close(reason, reply)).await;
    }

    /// Waits until all was written down.
    ///
    /// # Errors
    /// Why it could not be. (It will be tried again.)
    pub(crate) async fn flush(&self) -> Result<(), SessionError> {
        Ok(self.ask(Command::Flush).await??)
    }

    /// Ends its process and its actor. What there is of it is written down; its readers' streams just end.
    pub(crate) async fn suspend(&self) {
        let _ = self.ask(Command::Suspend).await;
    }

    /// Ends its actor, if it has no process and nothing to do; whether it did.
    pub(crate) async fn unload(&self) -> bool {
        self.ask(Command::Unload).await.unwrap_or(true)
    }

    /// Whether nobody has a handle on it, beside its actor and `own` others.
    pub(crate) fn is_alone(&self, own: usize) -> bool {
        Arc::strong_count(&self.shared) <= own + 1
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| self.left())?;
        answer.await.map_err(|_| self.left())
    }

    /// Why there is no actor that answers.
    fn left(&self) -> SessionError {
        let suspended = self.shared.suspended.load(Ordering::Relaxed);
        if suspended { SessionError::ShuttingDown } else { SessionError::NotFound }
    }
}
