//! The actor's part about turns: one at a time, reserved before codex is asked (codex itself accepts a
//! second one silently). What comes while one runs is refused, waits, or is told to the agent that is at work.

use std::time::Duration;

use codex_gateway_wire::{
    QueueItemId, StartTurn, ThreadId, TurnId,
    api::{NewThread, Sent, SessionReply, TurnOutcome, TurnReply, WhenBusy},
};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{
    Reply,
    actions::{Action, AfterRevert},
    actor::{Actor, Done},
    intake,
    open::{Opened, Wanted, WantedThread},
};
use crate::{
    bridge::{
        BridgeError,
        protocol::{Overrides, Request, SandboxOverride, TurnStart},
    },
    error::SessionError,
    once::Told,
};

pub(super) type StateReply = Reply<Result<SessionReply, SessionError>>;
pub(super) type SentReply = Reply<Result<TurnReply, SessionError>>;

/// How long a message waits for its turn to begin.
pub(super) const TO_BEGIN: Duration = TurnStart::DEADLINE;

/// What the session is busy with.
pub(super) enum Slot {
    /// Nothing: a turn may start.
    Idle,
    /// A process is being started, for a turn.
    Opening(Waiting),
    /// A process is being started, for another thread.
    Changing(Waiting),
    /// `turn/start` was sent; `turn/started` has not come yet.
    Starting(Starting),
    /// A turn is running.
    Running(TurnId),
}

/// A turn that codex was asked to start.
pub(super) struct Starting {
    /// Tells its answer from that of an earlier one.
    pub number: u64,
    /// The message of the queue that it is.
    pub item: Option<QueueItemId>,
    pub waiting: Waiting,
}

/// What waits for a turn to begin, each with a number of its own.
#[derive(Default)]
pub(super) struct Waiting {
    pub interrupts: Vec<(u64, StateReply)>,
    pub messages: Vec<(u64, Message)>,
    /// Gives up opening the process that the turn needs.
    pub abandon: CancellationToken,
}

/// A message on its way to codex.
pub(super) struct Message {
    pub turn: StartTurn,
    /// The message of the queue that it is.
    pub item: Option<QueueItemId>,
    pub told: Told,
    /// Who hears what became of it; nobody if the session sends it by itself.
    pub reply: Option<SentReply>,
}

/// What a process was opened for.
pub(super) enum Then {
    /// To start a turn in the session's thread.
    Turn(Message),
    /// To send a message in the place of a turn and all later ones.
    Replace(TurnId, Message),
    /// To do something with the session's thread.
    Act(Action, StateReply),
    /// To have another thread.
    Thread(StateReply),
}

impl Slot {
    pub(super) fn is_busy(&self) -> bool {
        !matches!(self, Self::Idle)
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self, Self::Starting(_))
    }

    pub(super) fn turn(&self) -> Option<&TurnId> {
        match self {
            Self::Running(turn) => Some(turn),
            _ => None,
        }
    }

    pub(super) fn waiting(&mut self) -> Option<&mut Waiting> {
        match self {
            Self::Opening(waiting) | Self::Changing(waiting) => Some(waiting),
            Self::Starting(starting) => Some(&mut starting.waiting),
            Self::Idle | Self::Running(_) => None,
        }
    }

    pub(super) fn take_waiting(&mut self) -> Waiting {
        self.waiting().map(std::mem::take).unwrap_or_default()
    }
}

impl Actor {
    /// A message of a client.
    pub(super) fn say(&mut self, turn: StartTurn, told: Told, reply: SentReply) {
        if let Err(error) = self.check(&turn) {
            return drop(reply.send(Err(error)));
        }
        let when_busy = turn.when_busy;
        let replaces = turn.replaces_turn_id.clone();
        let message = Message { turn, item: None, told, reply: Some(reply) };
        if let Some(replaced) = replaces {
            return self.replace(replaced, message);
        }
        match self.is_idle() {
            Ok(()) => self.start(message),
            Err(busy) if when_busy == WhenBusy::Reject => self.failed(message, &busy),
            Err(_) if when_busy == WhenBusy::Queue => self.wait_in_queue(message, false),
            Err(_) => self.tell(message),
        }
    }

    pub(super) fn check(&self, turn: &StartTurn) -> Result<(), SessionError> {
        intake::check(&self.base.config, &self.models, self.transcript.model.as_deref(), turn)
    }

    /// Starts a turn with a message, once there is a process.
    pub(super) fn start(&mut self, message: Message) {
        self.end_outdated();
        // While it waited, another model may have been chosen.
        let mut allowed = self.check(&message.turn);
        if allowed.is_ok() && self.live.is_none() {
            allowed = self.crashes.allow(message.reply.is_some());
        }
        if let Err(error) = allowed {
            return self.failed(message, &error);
        }
        self.mark_sending(&message);
        if self.live.is_some() {
            return self.send_turn(message, Waiting::default());
        }
        self.slot = Slot::Opening(Waiting::default());
        self.reopen(message.turn.model.clone(), Then::Turn(message));
    }

    /// The process has ended, or was parked: another one goes on with the thread.
    pub(super) fn reopen(&mut self, model: Option<String>, then: Then) {
        let thread = match (&self.transcript.thread_id, &self.hold) {
            (Some(thread), Some(hold)) => WantedThread::Same(thread.clone(), hold.for_process()),
            _ => WantedThread::New,
        };
        let model = model.or_else(|| self.transcript.model.clone());
        let effort = self.transcript.effort.clone();
        self.open(Wanted { thread, model, effort }, then);
    }

    pub(super) fn is_idle(&self) -> Result<(), SessionError> {
        match self.slot {
            Slot::Idle => Ok(()),
            Slot::Opening(_) | Slot::Changing(_) => Err(SessionError::Starting),
            Slot::Starting(_) | Slot::Running(_) => Err(SessionError::TurnActive),
        }
    }

    /// Whether the session may change its thread. What waits in the queue was written for the one it is in.
    fn may_change(&self) -> Result<(), SessionError> {
        self.is_idle()?;
        if self.transcript.queue.is_empty() { Ok(()) } else { Err(SessionError::QueueWaits) }
    }

    pub(super) fn new_thread(&mut self, request: NewThread, reply: StateReply) {
        if let Err(no) = self.may_change() {
            return drop(reply.send(Err(no)));
        }
        let model = request.model.filter(|model| !model.is_empty()).or_else(|| self.model.clone());
        self.change(Wanted { thread: WantedThread::New, model, effort: None }, reply);
    }

    pub(super) fn resume_thread(&mut self, thread: ThreadId, reply: StateReply) {
        if let Err(busy) = self.is_idle() {
            return drop(reply.send(Err(busy)));
        }
        if self.transcript.thread_id.as_ref() == Some(&thread) {
            return drop(reply.send(Ok(self.reply())));
        }
        if let Err(no) = self.may_change() {
            return drop(reply.send(Err(no)));
        }
        // The thread keeps its own model.
        self.change(Wanted { thread: WantedThread::Other(thread), model: None, effort: None }, reply);
    }

    fn change(&mut self, wanted: Wanted, reply: StateReply) {
        self.slot = Slot::Changing(Waiting::default());
        self.open(wanted, Then::Thread(reply));
    }

    fn open(&mut self, wanted: Wanted, then: Then) {
        self.opening();
        let (base, place, ending) = (self.base.clone(), self.place.clone(), self.parking.ending.take());
        let abandon = self.slot.waiting().map(|waiting| waiting.abandon.clone()).unwrap_or_default();
        let opening = async move {
            if let Some(ending) = ending {
                ending.await;
            }
            // The process that takes another one's place gets it with it.
            let place = match place {
                Some(place) => place,
                None => base.places.take().await?,
            };
            let opened = base.open(wanted, place).await?;
            // Nobody is told of a thread before it is written down whose it is.
            if opened.joined.hold.is_some() {
                base.store.record(&opened.joined.thread.thread.id, &base.owner).await?;
            }
            Ok(opened)
        };
        let opening = async move {
            tokio::select! {
                opened = opening => opened,
                () = abandon.cancelled() => Err(SessionError::StoppedEarly),
            }
        };
        self.tasks.push(opening.map(|opened| Done::Opened(opened.map(Box::new), then)).boxed());
    }

    pub(super) fn opened(&mut self, opened: Result<Box<Opened>, SessionError>, then: Then) {
        let mut waiting = self.slot.take_waiting();
        self.slot = Slot::Idle;
        if matches!(opened, Err(SessionError::StoppedEarly)) {
            self.tell_stopped(std::mem::take(&mut waiting.interrupts));
        }
        let opened = opened.map(|opened| match then {
            Then::Turn(_) | Then::Replace(..) | Then::Act(..) => self.adopt_own(*opened),
            Then::Thread(_) => self.adopt(*opened),
        });
        let opened = opened.inspect_err(|error| self.crashes.failed(error));
        match (opened, then) {
            (Ok(()), Then::Turn(message)) => self.send_turn(message, waiting),
            (Ok(()), Then::Replace(before, message)) => {
                self.give_up(waiting, &SessionError::NoActiveTurn);
                self.revert(before, AfterRevert::Send(Box::new(message)));
            }
            (Ok(()), Then::Act(action, reply)) => self.perform(action, waiting, reply),
            (Ok(()), Then::Thread(reply)) => {
                self.give_up(waiting, &SessionError::NoActiveTurn);
                let _ = reply.send(Ok(self.reply()));
            }
            (Err(error), Then::Turn(message) | Then::Replace(_, message)) => {
                self.give_up(waiting, &SessionError::NoActiveTurn);
                self.failed(message, &error);
            }
            (Err(error), Then::Act(_, reply) | Then::Thread(reply)) => {
                self.give_up(waiting, &SessionError::NoActiveTurn);
                let _ = reply.send(Err(error));
            }
        }
    }

    fn send_turn(&mut self, message: Message, waiting: Waiting) {
        let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
            self.give_up(waiting, &SessionError::NoActiveTurn);
            return self.failed(message, &BridgeError::Closed.into());
        };
        let bridge = live.bridge.clone();
        let number = self.number();
        self.shared.touch();
        let intake = self.base.intake(Some(thread_id.clone()));
        let overrides = self.overrides(&message.turn);
        let (turn, told) = (message.turn.clone(), message.told.clone());
        self.slot = Slot::Starting(Starting { number, item: message.item.clone(), waiting });
        let sending = async move {
            let (output_schema, client_id) = (turn.output_schema.clone(), turn.client_message_id.clone());
            let input = intake.resolve(turn).await?;
            let request =
                TurnStart { thread_id, input, overrides, output_schema, client_user_message_id: client_id };
            Ok(told.ask(&bridge, &request).await?.turn.id)
        };
        self.tasks.push(sending.map(move |result| Done::TurnStarted(number, result, message)).boxed());
    }

    /// What a message asks the thread to run with. All of it is sent, also what the transcript has already: codex tells
    /// changes in an order of its own, so that the transcript may have an older one, and a sandbox that was asked for must hold.
    pub(super) fn overrides(&self, turn: &StartTurn) -> Overrides {
        let named = |asked: &Option<String>| asked.clone().filter(|asked| !asked.is_empty());
        Overrides {
            model: named(&turn.model),
            effort: named(&turn.effort),
            sandbox_policy: turn.sandbox.map(|mode| SandboxOverride::new(mode, &self.workspace_write)),
            approval_policy: turn.approval_policy,
        }
    }

    /// Codex answered `turn/start`. The turn's own notifications may have come before, even its end.
    pub(super) fn turn_accepted(
        &mut self,
        number: u64,
        result: Result<TurnId, SessionError>,
        message: Message,
    ) {
        match result {
            Ok(turn) => self.taken(message, TurnOutcome::Started, turn),
            Err(error) => {
                self.log_turn_refused(&error.to_string());
                self.failed(message, &error);
                if matches!(&self.slot, Slot::Starting(starting) if starting.number == number) {
                    self.ended();
                }
            }
        }
    }

    pub(super) fn turn_began(&mut self, turn: TurnId) {
        self.log_turn_started(&turn);
        self.began(&turn);
        self.waits.begun(&turn);
        let waiting = self.slot.take_waiting();
        self.slot = Slot::Running(turn);
        for (_, message) in waiting.messages {
            self.tell(message);
        }
        for (_, reply) in waiting.interrupts {
            self.interrupt(reply);
        }
    }

    /// A turn has ended: the one that was running, whatever its id. (A review ends under another one.)
    pub(super) fn turn_ended(&mut self, turn: &TurnId) {
        self.began(turn);
        if !matches!(self.slot, Slot::Opening(_) | Slot::Changing(_)) {
            self.ended();
        }
        self.state_changed();
        self.save_soon();
    }

    /// A turn that has begun, or failed before, was taken by codex, whether or not it has answered.
    fn began(&mut self, turn: &TurnId) {
        if let Slot::Starting(Starting { item, .. }) = &mut self.slot
            && let Some(item) = item.take()
        {
            self.take_out(&item);
            self.taken_for(Some(&item), turn);
        }
    }

    /// No turn is running any more. Messages that were for it become turns of their own.
    pub(super) fn ended(&mut self) {
        let waiting = self.slot.take_waiting();
        self.slot = Slot::Idle;
        for (_, reply) in waiting.interrupts {
            let _ = reply.send(Err(SessionError::NoActiveTurn));
        }
        for (_, message) in waiting.messages {
            self.tell(message);
        }
    }

    pub(super) fn process_gone(&mut self, error: &BridgeError) {
        if !matches!(self.slot, Slot::Opening(_) | Slot::Changing(_)) {
            let waiting = self.slot.take_waiting();
            self.slot = Slot::Idle;
            self.give_up(waiting, &SessionError::Codex(error.clone()));
        }
    }

    pub(super) fn give_up(&mut self, waiting: Waiting, error: &SessionError) {
        for (_, reply) in waiting.interrupts {
            let _ = reply.send(Err(error.clone()));
        }
        for (_, message) in waiting.messages {
            self.failed(message, error);
        }
    }

    /// Codex has a message.
    pub(super) fn taken(&mut self, message: Message, outcome: TurnOutcome, turn: TurnId) {
        if let Some(item) = &message.item {
            self.take_out(item);
        }
        self.taken_for(message.item.as_ref(), &turn);
        self.tell_sender(message, Sent { outcome, turn_id: Some(turn), queue_item_id: None });
    }

    /// Says what became of a message.
    pub(super) fn tell_sender(&self, message: Message, sent: Sent) {
        if let Some(reply) = message.reply {
            let _ = reply.send(Ok(TurnReply { session: self.reply(), sent }));
        }
    }

    /// Codex does not have a message. If it comes from the queue, it stays there.
    pub(super) fn failed(&mut self, message: Message, error: &SessionError) {
        if let Some(item) = message.item.clone() {
            self.mark_failed(&item, error);
            // The turns before it are gone, so its request was done in part: an error would have it sent again.
            if message.turn.replaces_turn_id.is_some() {
                let outcome = TurnOutcome::Queued;
                return self.tell_sender(message, Sent { outcome, turn_id: None, queue_item_id: Some(item) });
            }
        }
        if let Some(reply) = message.reply {
            let _ = reply.send(Err(error.clone()));
        }
    }

    /// A number that nothing else has.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A number for something that waits for a turn to begin, but only for so long.
    pub(super) fn number_to_wait(&mut self, timeout: Duration) -> u64 {
        let number = self.number();
        let expiry = tokio::time::sleep(timeout);
        self.sleeping += 1;
        self.tasks.push(expiry.map(move |()| Done::WaitExpired(number)).boxed());
        number
    }

    pub(super) fn wait_expired(&mut self, number: u64) {
        self.sleeping -= 1;
        let Some(waiting) = self.slot.waiting() else { return };
        let error = SessionError::NeverStarted(TO_BEGIN);
        if waiting.interrupts.iter().any(|(waits, _)| *waits == number) {
            self.stop_beginning();
        } else if let Some(at) = waiting.messages.iter().position(|(waits, _)| *waits == number) {
            let (_, message) = waiting.messages.remove(at);
            self.failed(message, &error);
        }
    }
}
