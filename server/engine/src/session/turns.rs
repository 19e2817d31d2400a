//! Turns. The session runs one turn at a time and reserves it before the request is sent, because
//! codex silently accepts a second one. A message for a busy session is rejected, queued or steers
//! the running turn.

use std::time::Duration;

use codex_app_server_client::{
    BridgeError,
    protocol::{Overrides, Request, SandboxOverride, TurnStart},
};
use codex_gateway_wire::{
    QueueItemId, StartTurn, ThreadId, TurnId,
    api::{Delivery, DeliveryOutcome, NewThread, SessionReply, TurnReply, WhenBusy},
};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{
    Reply,
    actions::{Action, AfterRevert},
    actor::{Actor, TaskResult},
    attach::{AttachRequest, AttachedProcess, ThreadSource},
    input,
    turn_state::{TurnEffect, TurnEvent, TurnState},
};
use crate::{error::SessionError, idempotency::DispatchFlag};

pub(super) type StateReply = Reply<Result<SessionReply, SessionError>>;
pub(super) type SentReply = Reply<Result<TurnReply, SessionError>>;

/// The maximum number of messages that are deferred until a turn starts.
const MAX_DEFERRED: usize = 32;
/// How long a deferred message waits for its turn to start.
pub(super) const TURN_START_TIMEOUT: Duration = TurnStart::DEADLINE;

/// The session's turn, and what waits for it to start.
#[derive(Default)]
pub(super) struct Turn {
    state: TurnState,
    deferred: Deferred,
    /// Cancels attaching the process that the turn needs.
    cancel_attach: CancellationToken,
}

/// Messages and interrupts that wait for a turn to start, each with an id.
#[derive(Default)]
struct Deferred {
    interrupts: Vec<(u64, StateReply)>,
    messages: Vec<(u64, OutgoingMessage)>,
}

/// A message on its way to codex.
pub(super) struct OutgoingMessage {
    pub turn: StartTurn,
    /// The queue item of the message. `None` if the message was never queued.
    pub item: Option<QueueItemId>,
    pub dispatched: DispatchFlag,
    /// Channel for the result. `None` when the session sends the message itself.
    pub reply: Option<SentReply>,
}

/// What happens once the process is attached.
pub(super) enum AfterAttach {
    /// Start a turn in the session's thread.
    StartTurn(OutgoingMessage),
    /// Send a message in place of a turn and all later turns.
    ReplaceTurns(TurnId, OutgoingMessage),
    /// Run an action in the session's thread.
    RunAction(Action, StateReply),
    /// Nothing more: the thread was switched.
    SwitchThread(StateReply),
}

impl Turn {
    pub(super) fn state(&self) -> &TurnState {
        &self.state
    }

    /// Changes the state, and returns what the actor has to do.
    #[must_use]
    fn apply(&mut self, event: TurnEvent) -> Vec<TurnEffect> {
        let is_reserving = matches!(event, TurnEvent::AttachStarted | TurnEvent::SwitchStarted);
        let Ok((state, effects)) = self.state.next(event.clone()) else {
            tracing::error!(state = ?self.state, ?event, "an impossible event of a turn was ignored");
            return Vec::new();
        };
        self.state = state;
        if is_reserving {
            self.cancel_attach = CancellationToken::new();
        }
        effects
    }

    /// Defers an interrupt until the turn has started.
    pub(super) fn defer_interrupt(&mut self, id: u64, reply: StateReply) {
        self.deferred.interrupts.push((id, reply));
    }

    /// Defers a message until the turn has started. Returns the message if too many are deferred.
    pub(super) fn defer_message(&mut self, id: u64, message: OutgoingMessage) -> Option<OutgoingMessage> {
        if self.deferred.messages.len() >= MAX_DEFERRED {
            return Some(message);
        }
        self.deferred.messages.push((id, message));
        None
    }

    /// Returns `true` if an interrupt is deferred under this id.
    fn has_deferred_interrupt(&self, id: u64) -> bool {
        self.deferred.interrupts.iter().any(|(deferred_id, _)| *deferred_id == id)
    }

    /// Takes the message that is deferred under this id.
    fn take_deferred_message(&mut self, id: u64) -> Option<OutgoingMessage> {
        let messages = &mut self.deferred.messages;
        let index = messages.iter().position(|(deferred_id, _)| *deferred_id == id)?;
        Some(messages.remove(index).1)
    }

    fn take_interrupts(&mut self) -> impl Iterator<Item = StateReply> + use<> {
        std::mem::take(&mut self.deferred.interrupts).into_iter().map(|(_, reply)| reply)
    }

    fn take_messages(&mut self) -> impl Iterator<Item = OutgoingMessage> + use<> {
        std::mem::take(&mut self.deferred.messages).into_iter().map(|(_, message)| message)
    }
}

impl Actor {
    /// Handles a message of a client.
    pub(super) fn submit(&mut self, turn: StartTurn, dispatched: DispatchFlag, reply: SentReply) {
        if let Err(error) = self.validate(&turn) {
            return drop(reply.send(Err(error)));
        }
        let when_busy = turn.when_busy;
        let replaces = turn.replaces_turn_id.clone();
        let message = OutgoingMessage { turn, item: None, dispatched, reply: Some(reply) };
        if let Some(replaced) = replaces {
            return self.replace_turns(replaced, message);
        }
        match self.check_idle() {
            Ok(()) => self.begin_turn(message),
            Err(busy) if when_busy == WhenBusy::Reject => self.reject(message, &busy),
            Err(_) if when_busy == WhenBusy::Queue => self.enqueue(message, false),
            Err(_) => self.steer_or_begin(message),
        }
    }

    pub(super) fn validate(&self, turn: &StartTurn) -> Result<(), SessionError> {
        input::check(&self.context.config, &self.models, self.transcript.model.as_deref(), turn)
    }

    /// Starts a turn with a message, after attaching a process if necessary.
    pub(super) fn begin_turn(&mut self, message: OutgoingMessage) {
        self.end_if_outdated();
        // The model may have changed since the message was queued.
        let mut allowed = self.validate(&message.turn);
        if allowed.is_ok() && self.process.is_none() {
            allowed = self.crash_limiter.try_restart(message.reply.is_some());
        }
        if let Err(error) = allowed {
            return self.reject(message, &error);
        }
        self.mark_sending(&message);
        if self.process.is_some() {
            return self.send_turn(message);
        }
        self.advance(TurnEvent::AttachStarted);
        self.reattach(message.turn.model.clone(), AfterAttach::StartTurn(message));
    }

    /// Attaches a new process to the session's thread, after the previous process has exited or was
    /// parked.
    pub(super) fn reattach(&mut self, model: Option<String>, after: AfterAttach) {
        let thread = match (&self.transcript.thread_id, &self.thread_lock) {
            (Some(thread), Some(lock)) => ThreadSource::Own(thread.clone(), lock.for_process()),
            _ => ThreadSource::New,
        };
        let model = model.or_else(|| self.transcript.model.clone());
        let effort = self.transcript.effort.clone();
        self.spawn_attach(AttachRequest { thread, model, effort }, after);
    }

    pub(super) fn check_idle(&self) -> Result<(), SessionError> {
        match self.turn.state() {
            TurnState::Idle => Ok(()),
            TurnState::Attaching | TurnState::Switching => Err(SessionError::Starting),
            TurnState::Starting { .. } | TurnState::Running(_) => Err(SessionError::TurnActive),
        }
    }

    /// Fails if the session may not switch its thread. Queued messages belong to the current
    /// thread.
    fn check_can_switch_thread(&self) -> Result<(), SessionError> {
        self.check_idle()?;
        if self.transcript.queue.is_empty() { Ok(()) } else { Err(SessionError::QueueNotEmpty) }
    }

    pub(super) fn new_thread(&mut self, request: NewThread, reply: StateReply) {
        if let Err(error) = self.check_can_switch_thread() {
            return drop(reply.send(Err(error)));
        }
        let model = request.model.filter(|model| !model.is_empty()).or_else(|| self.model.clone());
        self.switch_thread(AttachRequest { thread: ThreadSource::New, model, effort: None }, reply);
    }

    pub(super) fn resume_thread(&mut self, thread: ThreadId, reply: StateReply) {
        if let Err(busy) = self.check_idle() {
            return drop(reply.send(Err(busy)));
        }
        if self.transcript.thread_id.as_ref() == Some(&thread) {
            return drop(reply.send(Ok(self.session_reply())));
        }
        if let Err(error) = self.check_can_switch_thread() {
            return drop(reply.send(Err(error)));
        }
        // The thread keeps its own model.
        self.switch_thread(
            AttachRequest { thread: ThreadSource::Resume(thread), model: None, effort: None },
            reply,
        );
    }

    fn switch_thread(&mut self, request: AttachRequest, reply: StateReply) {
        self.advance(TurnEvent::SwitchStarted);
        self.spawn_attach(request, AfterAttach::SwitchThread(reply));
    }

    fn spawn_attach(&mut self, request: AttachRequest, after: AfterAttach) {
        let (context, permit, ending) =
            (self.context.clone(), self.permit.clone(), self.parking.attach_started());
        let cancel_attach = self.turn.cancel_attach.clone();
        let attaching = async move {
            if let Some(ending) = ending {
                ending.await;
            }
            // A process that replaces another one takes over its permit.
            let permit = match permit {
                Some(permit) => permit,
                None => context.process_slots.acquire().await?,
            };
            let attached = context.attach(request, permit).await?;
            // The thread's owner is recorded before anyone can see the thread.
            if attached.thread.lock.is_some() {
                context.store.record_thread_owner(&attached.thread.reply.thread.id, &context.owner).await?;
            }
            Ok(attached)
        };
        let attaching = async move {
            tokio::select! {
                attached = attaching => attached,
                () = cancel_attach.cancelled() => Err(SessionError::StoppedEarly),
            }
        };
        self.tasks.spawn(attaching.map(|attached| TaskResult::Attached(attached.map(Box::new), after)));
    }

    pub(super) fn on_attached(
        &mut self,
        attached: Result<Box<AttachedProcess>, SessionError>,
        after: AfterAttach,
    ) {
        self.advance(TurnEvent::AttachEnded);
        if matches!(attached, Err(SessionError::StoppedEarly)) {
            self.confirm_interrupts();
        }
        let attached = attached.map(|attached| match after {
            AfterAttach::StartTurn(_) | AfterAttach::ReplaceTurns(..) | AfterAttach::RunAction(..) => {
                self.install_own_thread(*attached);
            }
            AfterAttach::SwitchThread(_) => self.install(*attached),
        });
        let attached = attached.inspect_err(|error| self.crash_limiter.record_attach_error(error));
        match (attached, after) {
            (Ok(()), AfterAttach::StartTurn(message)) => self.send_turn(message),
            (Ok(()), AfterAttach::ReplaceTurns(before, message)) => {
                self.reject_deferred(&SessionError::NoActiveTurn);
                self.revert_turns(before, AfterRevert::Send(Box::new(message)));
            }
            (Ok(()), AfterAttach::RunAction(action, reply)) => self.perform(action, reply),
            (Ok(()), AfterAttach::SwitchThread(reply)) => {
                self.reject_deferred(&SessionError::NoActiveTurn);
                let _ = reply.send(Ok(self.session_reply()));
            }
            (Err(error), AfterAttach::StartTurn(message) | AfterAttach::ReplaceTurns(_, message)) => {
                self.reject_deferred(&SessionError::NoActiveTurn);
                self.reject(message, &error);
            }
            (Err(error), AfterAttach::RunAction(_, reply) | AfterAttach::SwitchThread(reply)) => {
                self.reject_deferred(&SessionError::NoActiveTurn);
                let _ = reply.send(Err(error));
            }
        }
    }

    fn send_turn(&mut self, message: OutgoingMessage) {
        let (Some(process), Some(thread_id)) = (&self.process, self.transcript.thread_id.clone()) else {
            self.reject_deferred(&SessionError::NoActiveTurn);
            return self.reject(message, &BridgeError::Closed.into());
        };
        let bridge = process.bridge().clone();
        let id = self.next_id();
        self.shared.touch();
        let resolver = self.context.input_resolver(Some(thread_id.clone()));
        let overrides = self.overrides(&message.turn);
        let (turn, dispatched) = (message.turn.clone(), message.dispatched.clone());
        self.advance(TurnEvent::StartRequested { id, item: message.item.clone() });
        let sending = async move {
            let (output_schema, client_id) = (turn.output_schema.clone(), turn.client_message_id.clone());
            let input = resolver.resolve(turn).await?;
            let request =
                TurnStart { thread_id, input, overrides, output_schema, client_user_message_id: client_id };
            Ok(dispatched.send_tracked(&bridge, &request).await?.turn.id)
        };
        self.tasks.spawn(sending.map(move |result| TaskResult::TurnStartReply(id, result, message)));
    }

    /// Returns the settings that a message requests. All of them are sent, also those that equal
    /// the transcript's: codex reports changes in no reliable order, so the transcript may be
    /// outdated, and a requested sandbox must apply.
    pub(super) fn overrides(&self, turn: &StartTurn) -> Overrides {
        let non_empty = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        Overrides {
            model: non_empty(&turn.model),
            effort: non_empty(&turn.effort),
            sandbox_policy: turn.sandbox.map(|mode| SandboxOverride::new(mode, &self.workspace_write)),
            approval_policy: turn.approval_policy,
        }
    }

    /// Handles codex's reply to `turn/start`. The turn's notifications may have arrived before,
    /// even its end.
    pub(super) fn on_turn_start_reply(
        &mut self,
        id: u64,
        result: Result<TurnId, SessionError>,
        message: OutgoingMessage,
    ) {
        match result {
            Ok(turn) => self.accepted(message, DeliveryOutcome::Started, turn),
            Err(error) => {
                self.log_turn_refused(&error.to_string());
                self.reject(message, &error);
                self.advance(TurnEvent::StartRefused(id));
            }
        }
    }

    pub(super) fn turn_started(&mut self, turn: TurnId) {
        self.log_turn_started(&turn);
        self.advance(TurnEvent::Started(turn));
    }

    /// Handles the end of the turn.
    pub(super) fn turn_finished(&mut self, turn: &TurnId) {
        self.advance(TurnEvent::Ended(turn.clone()));
        self.emit_state();
        self.save_now();
    }

    /// Changes the state of the turn. What waited for it fails with [`SessionError::NoActiveTurn`], if it fails.
    pub(super) fn advance(&mut self, event: TurnEvent) {
        self.advance_or_fail(event, &SessionError::NoActiveTurn);
    }

    /// Changes the state of the turn. What waited for it fails with `error`, if it fails.
    fn advance_or_fail(&mut self, event: TurnEvent, error: &SessionError) {
        let effects = self.turn.apply(event);
        self.perform_effects(effects, error);
    }

    fn perform_effects(&mut self, effects: Vec<TurnEffect>, error: &SessionError) {
        for effect in effects {
            match effect {
                TurnEffect::AcceptItem(item, turn) => {
                    self.dequeue(&item);
                    self.record_accepted(Some(&item), &turn);
                }
                TurnEffect::MarkStarted(turn) => self.waiters.started(&turn),
                TurnEffect::SendMessages => {
                    self.turn.take_messages().for_each(|message| self.steer_or_begin(message));
                }
                TurnEffect::RejectMessages => {
                    self.turn.take_messages().for_each(|message| self.reject(message, error));
                }
                TurnEffect::SendInterrupts => {
                    self.turn.take_interrupts().for_each(|reply| self.interrupt(reply));
                }
                TurnEffect::ConfirmInterrupts => self.confirm_interrupts(),
                TurnEffect::RefuseInterrupts => self.refuse_interrupts(error),
                TurnEffect::CancelAttach => self.turn.cancel_attach.cancel(),
                TurnEffect::KillProcess => {
                    if let Some(process) = &self.process {
                        let bridge = process.bridge().clone();
                        self.kill_process(&bridge);
                    }
                }
            }
        }
    }

    /// Ends the turn, because its process is lost.
    pub(super) fn abort_turn(&mut self, error: &BridgeError) {
        self.advance_or_fail(TurnEvent::ProcessLost, &SessionError::Codex(error.clone()));
    }

    /// Ends the turn, because its process was killed. Replies and messages are sent once the new state was emitted.
    pub(super) fn stop_turn(&mut self) {
        let effects = self.turn.apply(TurnEvent::ProcessKilled);
        self.emit_state();
        self.save_now();
        self.perform_effects(effects, &SessionError::NoActiveTurn);
    }

    /// Replies to the deferred interrupts that the turn was stopped.
    fn confirm_interrupts(&mut self) {
        for reply in self.turn.take_interrupts() {
            let _ = reply.send(Ok(self.session_reply()));
        }
    }

    fn refuse_interrupts(&mut self, error: &SessionError) {
        for reply in self.turn.take_interrupts() {
            let _ = reply.send(Err(error.clone()));
        }
    }

    /// Replies with an error to everything that waits for a turn to start.
    pub(super) fn reject_deferred(&mut self, error: &SessionError) {
        self.refuse_interrupts(error);
        self.turn.take_messages().for_each(|message| self.reject(message, error));
    }

    /// Codex has accepted a message.
    pub(super) fn accepted(&mut self, message: OutgoingMessage, outcome: DeliveryOutcome, turn: TurnId) {
        if let Some(item) = &message.item {
            self.dequeue(item);
        }
        self.record_accepted(message.item.as_ref(), &turn);
        self.reply_to_sender(message, Delivery { outcome, turn_id: Some(turn), queue_item_id: None });
    }

    /// Replies to the sender of a message.
    pub(super) fn reply_to_sender(&self, message: OutgoingMessage, sent: Delivery) {
        if let Some(reply) = message.reply {
            let _ = reply.send(Ok(TurnReply { session: self.session_reply(), delivery: sent }));
        }
    }

    /// Codex has not accepted a message. A queued message stays in the queue.
    pub(super) fn reject(&mut self, message: OutgoingMessage, error: &SessionError) {
        if let Some(item) = message.item.clone() {
            self.mark_failed(&item, error);
            // The replaced turns are already removed, so the request is partly done. An error would
            // make the client repeat it.
            if message.turn.replaces_turn_id.is_some() {
                let outcome = DeliveryOutcome::Queued;
                return self.reply_to_sender(
                    message,
                    Delivery { outcome, turn_id: None, queue_item_id: Some(item) },
                );
            }
        }
        if let Some(reply) = message.reply {
            let _ = reply.send(Err(error.clone()));
        }
    }

    /// Returns a new id.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Returns an id for something that is deferred, and starts its timeout.
    pub(super) fn defer_with_timeout(&mut self, timeout: Duration) -> u64 {
        let id = self.next_id();
        let expiry = tokio::time::sleep(timeout);
        self.tasks.spawn_passive(expiry.map(move |()| TaskResult::DeferTimeout(id)));
        id
    }

    pub(super) fn on_defer_timeout(&mut self, id: u64) {
        if self.turn.has_deferred_interrupt(id) {
            self.advance_or_fail(TurnEvent::InterruptExpired, &SessionError::Starting);
        } else if let Some(message) = self.turn.take_deferred_message(id) {
            self.reject(message, &SessionError::TurnStartTimeout(TURN_START_TIMEOUT));
        }
    }
}
