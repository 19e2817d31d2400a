//! The state machine of a session's turn. It is pure: [`TurnState::next`] returns the effects, and the actor performs
//! them.
//!
//! ```text
//! Idle ── StartRequested ─▶ Starting ── Started ─▶ Running ── Ended ─▶ Idle
//!   ├─ AttachStarted ─▶ Attaching ── AttachEnded ─▶ Idle
//!   └─ SwitchStarted ─▶ Switching ── AttachEnded, Reverted ─▶ Idle
//! ```
//!
//! A turn is reserved before codex is asked for it, because codex silently accepts a second one. While a turn is
//! reserved, further messages and interrupts are deferred. The machine says when they are sent and when they fail.

use codex_gateway_wire::{QueueItemId, TurnId};

/// What the session is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum TurnState {
    /// No turn: a turn may start.
    #[default]
    Idle,
    /// A process is being attached for a turn.
    Attaching,
    /// The thread is being switched or reverted.
    Switching,
    /// Codex was asked to start a turn, and has not reported its start.
    Starting {
        /// Distinguishes the request from earlier ones.
        id: u64,
        /// The queue item that is being sent. `None` for a message that was never queued.
        item: Option<QueueItemId>,
    },
    /// A turn is running.
    Running(TurnId),
}

/// What happens to a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TurnEvent {
    /// The session begins to attach a process for a turn.
    AttachStarted,
    /// The session begins to switch or revert its thread.
    SwitchStarted,
    /// A process was attached, or could not be attached.
    AttachEnded,
    /// The thread was reverted, or could not be reverted.
    Reverted,
    /// Codex is asked to start a turn.
    StartRequested {
        /// The id of the request.
        id: u64,
        /// The queue item that is being sent.
        item: Option<QueueItemId>,
    },
    /// The request with this id has failed.
    StartRefused(u64),
    /// Codex has reported the start of a turn.
    Started(TurnId),
    /// Codex has reported the end of a turn, or that the turn failed before it started.
    Ended(TurnId),
    /// A deferred interrupt has waited too long for its turn to start.
    InterruptExpired,
    /// The process has exited.
    ProcessLost,
    /// The process was killed, because it did not react to an interrupt.
    ProcessKilled,
}

/// What the actor has to do after a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TurnEffect {
    /// Remove a message from the queue: codex has accepted it for this turn, even if the reply is still missing.
    AcceptItem(QueueItemId, TurnId),
    /// Tell the callers that wait for the turn that it has started.
    MarkStarted(TurnId),
    /// Send the deferred messages: each steers the running turn, or becomes a turn of its own.
    SendMessages,
    /// Reply to the deferred messages with an error.
    RejectMessages,
    /// Interrupt the turn for all deferred interrupts.
    SendInterrupts,
    /// Reply to the deferred interrupts that the turn was stopped.
    ConfirmInterrupts,
    /// Reply to the deferred interrupts with an error.
    RefuseInterrupts,
    /// Stop attaching the process.
    CancelAttach,
    /// Kill the process.
    KillProcess,
}

/// What to do with an interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InterruptDecision {
    /// Refuse it: no turn is active.
    Refuse,
    /// Defer it until the turn has started.
    Defer,
    /// Interrupt this turn.
    Send(TurnId),
}

/// What to do with a message that may steer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MessageDecision {
    /// Start a turn with it.
    Begin,
    /// Steer this turn.
    Steer(TurnId),
    /// Defer it until the turn has started.
    Defer,
    /// Queue it before all others: it needs a turn of its own.
    QueueFirst,
    /// Refuse it: the session is changing its thread.
    Reject,
}

/// An event that cannot happen in the current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Impossible;

type Transition = Result<(TurnState, Vec<TurnEffect>), Impossible>;

impl TurnState {
    /// Returns the state after an event, and what the actor has to do.
    ///
    /// # Errors
    /// [`Impossible`] if the event cannot happen in this state.
    #[expect(clippy::match_same_arms, reason = "pairs stay apart where their reasons differ")]
    pub(super) fn next(&self, event: TurnEvent) -> Transition {
        use TurnEffect as Effect;
        use TurnEvent as Event;
        let (state, effects) = match (self, event) {
            (Self::Idle, Event::AttachStarted) => (Self::Attaching, vec![]),
            (Self::Idle, Event::SwitchStarted) => (Self::Switching, vec![]),
            (Self::Idle, Event::StartRequested { id, item }) => (Self::Starting { id, item }, vec![]),
            // A turn is reserved only while the session is idle.
            (_, Event::AttachStarted | Event::SwitchStarted | Event::StartRequested { .. }) => {
                return Err(Impossible);
            }

            // What is deferred waits on: the turn for which the process was attached follows.
            (_, Event::AttachEnded) => (Self::Idle, vec![]),

            (_, Event::Reverted) => (Self::Idle, vec![Effect::RefuseInterrupts, Effect::RejectMessages]),

            (Self::Starting { id, .. }, Event::StartRefused(refused)) if *id == refused => {
                (Self::Idle, vec![Effect::RefuseInterrupts, Effect::SendMessages])
            }
            // The request was an earlier one, or the turn has started or ended meanwhile.
            (state, Event::StartRefused(_)) => (state.clone(), vec![]),

            // Codex may also start a turn that was not requested.
            (state, Event::Started(turn)) => {
                let mut effects = state.accept_item(&turn);
                effects.extend([
                    Effect::MarkStarted(turn.clone()),
                    Effect::SendMessages,
                    Effect::SendInterrupts,
                ]);
                (Self::Running(turn), effects)
            }

            // The process for another turn is being attached, or for another thread.
            (state @ (Self::Attaching | Self::Switching), Event::Ended(_) | Event::ProcessLost) => {
                (state.clone(), vec![])
            }
            // The running turn ends whatever the id is: a review ends under another id.
            (Self::Idle | Self::Running(_), Event::Ended(_) | Event::ProcessLost) => (Self::Idle, vec![]),
            (state @ Self::Starting { .. }, Event::Ended(turn)) => {
                let mut effects = state.accept_item(&turn);
                effects.extend([Effect::RefuseInterrupts, Effect::SendMessages]);
                (Self::Idle, effects)
            }
            (Self::Starting { .. }, Event::ProcessLost) => {
                (Self::Idle, vec![Effect::RefuseInterrupts, Effect::RejectMessages])
            }

            // There is no process to kill.
            (Self::Attaching, Event::ProcessKilled) => return Err(Impossible),
            (Self::Switching | Self::Starting { .. }, Event::ProcessKilled) => {
                (Self::Idle, vec![Effect::ConfirmInterrupts, Effect::SendMessages])
            }
            (Self::Idle | Self::Running(_), Event::ProcessKilled) => (Self::Idle, vec![]),

            (state, Event::InterruptExpired) => {
                let effect = match state {
                    Self::Attaching => Some(Effect::CancelAttach),
                    Self::Switching => Some(Effect::RefuseInterrupts),
                    Self::Starting { .. } => Some(Effect::KillProcess),
                    // The interrupt is no longer deferred.
                    Self::Idle | Self::Running(_) => return Err(Impossible),
                };
                (state.clone(), effect.into_iter().collect())
            }
        };
        Ok((state, effects))
    }

    /// Returns the effect of codex having accepted the starting message.
    fn accept_item(&self, turn: &TurnId) -> Vec<TurnEffect> {
        match self {
            Self::Starting { item: Some(item), .. } => {
                vec![TurnEffect::AcceptItem(item.clone(), turn.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Returns what to do with an interrupt.
    pub(super) fn decide_interrupt(&self) -> InterruptDecision {
        match self {
            Self::Idle => InterruptDecision::Refuse,
            Self::Attaching | Self::Switching | Self::Starting { .. } => InterruptDecision::Defer,
            Self::Running(turn) => InterruptDecision::Send(turn.clone()),
        }
    }

    /// Returns what to do with a message that may steer. `has_schema` says that its answer must follow a schema.
    pub(super) fn decide_message(&self, has_schema: bool) -> MessageDecision {
        match self {
            Self::Idle => MessageDecision::Begin,
            Self::Switching => MessageDecision::Reject,
            Self::Attaching | Self::Starting { .. } => MessageDecision::Defer,
            // A schema applies to the answer of a turn, and the running turn's answer has begun.
            Self::Running(_) if has_schema => MessageDecision::QueueFirst,
            Self::Running(turn) => MessageDecision::Steer(turn.clone()),
        }
    }

    /// Returns `true` unless a turn may start.
    pub(super) fn is_busy(&self) -> bool {
        !matches!(self, Self::Idle)
    }

    /// Returns `true` if codex was asked to start a turn.
    pub(super) fn is_starting(&self) -> bool {
        matches!(self, Self::Starting { .. })
    }

    /// Returns `true` if the thread is being switched or reverted.
    pub(super) fn is_switching(&self) -> bool {
        matches!(self, Self::Switching)
    }

    /// Returns the running turn.
    pub(super) fn running(&self) -> Option<&TurnId> {
        match self {
            Self::Running(turn) => Some(turn),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        TurnEffect::{
            AcceptItem, CancelAttach, ConfirmInterrupts, KillProcess, MarkStarted, RefuseInterrupts,
            RejectMessages, SendInterrupts, SendMessages,
        },
        TurnEvent::{
            AttachEnded, AttachStarted, Ended, InterruptExpired, ProcessKilled, ProcessLost, Reverted,
            StartRefused, StartRequested, Started, SwitchStarted,
        },
        TurnState::{Attaching, Idle, Running, Switching},
        *,
    };

    const IMPOSSIBLE: Transition = Err(Impossible);

    #[expect(clippy::unnecessary_wraps, reason = "the table compares what `next` returns")]
    fn to(state: TurnState, effects: impl IntoIterator<Item = TurnEffect>) -> Transition {
        Ok((state, effects.into_iter().collect()))
    }

    fn starting() -> TurnState {
        TurnState::Starting { id: 1, item: Some("item".into()) }
    }

    fn running() -> TurnState {
        Running("turn".into())
    }

    #[test]
    fn every_event_has_a_result_in_every_state() {
        let next = || TurnId::from("next");
        let accept = || AcceptItem("item".into(), next());
        let started = || to(Running(next()), [MarkStarted(next()), SendMessages, SendInterrupts]);
        let failed = || to(Idle, [RefuseInterrupts, RejectMessages]);
        let request = StartRequested { id: 2, item: None };
        let requested = to(TurnState::Starting { id: 2, item: None }, []);
        // One row for each event; one column for each state.
        let states = [Idle, Attaching, Switching, starting(), running()];
        let table: [(TurnEvent, [Transition; 5]); 12] = [
            (AttachStarted, [to(Attaching, []), IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE]),
            (SwitchStarted, [to(Switching, []), IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE]),
            (request, [requested, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE]),
            (AttachEnded, [to(Idle, []), to(Idle, []), to(Idle, []), to(Idle, []), to(Idle, [])]),
            (Reverted, [failed(), failed(), failed(), failed(), failed()]),
            (
                StartRefused(1),
                [
                    to(Idle, []),
                    to(Attaching, []),
                    to(Switching, []),
                    to(Idle, [RefuseInterrupts, SendMessages]),
                    to(running(), []),
                ],
            ),
            (
                StartRefused(9),
                [to(Idle, []), to(Attaching, []), to(Switching, []), to(starting(), []), to(running(), [])],
            ),
            (
                Started(next()),
                [
                    started(),
                    started(),
                    started(),
                    to(Running(next()), [accept(), MarkStarted(next()), SendMessages, SendInterrupts]),
                    started(),
                ],
            ),
            (
                Ended(next()),
                [
                    to(Idle, []),
                    to(Attaching, []),
                    to(Switching, []),
                    to(Idle, [accept(), RefuseInterrupts, SendMessages]),
                    to(Idle, []),
                ],
            ),
            (
                InterruptExpired,
                [
                    IMPOSSIBLE,
                    to(Attaching, [CancelAttach]),
                    to(Switching, [RefuseInterrupts]),
                    to(starting(), [KillProcess]),
                    IMPOSSIBLE,
                ],
            ),
            (ProcessLost, [to(Idle, []), to(Attaching, []), to(Switching, []), failed(), to(Idle, [])]),
            (
                ProcessKilled,
                [
                    to(Idle, []),
                    IMPOSSIBLE,
                    to(Idle, [ConfirmInterrupts, SendMessages]),
                    to(Idle, [ConfirmInterrupts, SendMessages]),
                    to(Idle, []),
                ],
            ),
        ];
        for (event, results) in table {
            for (state, expected) in states.iter().zip(results) {
                assert_eq!(state.next(event.clone()), expected, "{state:?}, {event:?}");
            }
        }
    }

    #[test]
    fn message_that_was_never_queued_leaves_no_queue() {
        let starting = TurnState::Starting { id: 1, item: None };
        let (_, effects) = starting.next(Started("next".into())).unwrap();
        assert_eq!(effects, [MarkStarted("next".into()), SendMessages, SendInterrupts]);
    }

    #[test]
    fn interrupts_and_messages_are_decided_by_the_state() {
        let turn = || TurnId::from("turn");
        for (state, interrupt, message, with_schema) in [
            (Idle, InterruptDecision::Refuse, MessageDecision::Begin, MessageDecision::Begin),
            (Attaching, InterruptDecision::Defer, MessageDecision::Defer, MessageDecision::Defer),
            (Switching, InterruptDecision::Defer, MessageDecision::Reject, MessageDecision::Reject),
            (starting(), InterruptDecision::Defer, MessageDecision::Defer, MessageDecision::Defer),
            (
                running(),
                InterruptDecision::Send(turn()),
                MessageDecision::Steer(turn()),
                MessageDecision::QueueFirst,
            ),
        ] {
            assert_eq!(state.decide_interrupt(), interrupt, "{state:?}");
            assert_eq!(state.decide_message(false), message, "{state:?}");
            assert_eq!(state.decide_message(true), with_schema, "{state:?}");
        }
    }
}
