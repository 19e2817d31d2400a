//! The actor's part about messages for a turn that is running, or about to.

use codex_gateway_wire::{TurnId, api::TurnOutcome};
use futures::FutureExt;

use super::{
    actor::{Actor, Done},
    turns::{Message, Slot, TO_BEGIN},
};
use crate::{
    bridge::{
        BridgeError, RpcError,
        protocol::{ThreadSettingsUpdate, TurnSteer},
    },
    error::SessionError,
};

/// How many messages can wait for a turn to begin that they are for.
const MESSAGES: usize = 32;

impl Actor {
    /// Tells a message to the agent that is at work, or is about to be.
    pub(super) fn tell(&mut self, message: Message) {
        if let Err(error) = self.check(&message.turn) {
            return self.failed(message, &error);
        }
        self.mark_sending(&message);
        match &self.slot {
            Slot::Idle => self.start(message),
            Slot::Changing(_) => self.failed(message, &SessionError::Starting),
            // A schema is for the answer of a turn: this one's answer has begun.
            Slot::Running(_) if message.turn.output_schema.is_some() => self.wait_in_queue(message, true),
            Slot::Running(turn) => self.steer(turn.clone(), message),
            Slot::Opening(_) | Slot::Starting(_) => self.wait_to_begin(message),
        }
    }

    fn wait_to_begin(&mut self, message: Message) {
        let number = self.number_to_wait(TO_BEGIN);
        match self.slot.waiting() {
            Some(waiting) if waiting.messages.len() < MESSAGES => waiting.messages.push((number, message)),
            _ => self.failed(message, &SessionError::Starting),
        }
    }

    /// Tells a message to the turn that is running. What it changes of the settings holds for the turns after that.
    fn steer(&mut self, turn_id: TurnId, message: Message) {
        let (Some(live), Some(thread_id)) = (&self.live, self.transcript.thread_id.clone()) else {
            return self.failed(message, &BridgeError::Closed.into());
        };
        self.shared.touch();
        let bridge = live.bridge.clone();
        let intake = self.base.intake(Some(thread_id.clone()));
        let overrides = self.overrides(&message.turn);
        let (turn, told, expected) = (message.turn.clone(), message.told.clone(), turn_id.clone());
        let telling = async move {
            let client_id = turn.client_message_id.clone();
            let input = intake.resolve(turn).await?;
            if !overrides.is_empty() {
                bridge.request(&ThreadSettingsUpdate { thread_id: thread_id.clone(), overrides }).await?;
            }
            let request =
                TurnSteer { thread_id, expected_turn_id: expected, input, client_user_message_id: client_id };
            told.ask(&bridge, &request).await?;
            Ok(())
        };
        self.tasks.push(telling.map(|result| Done::Steered(turn_id, result, message)).boxed());
    }

    /// Codex answered `turn/steer`. A turn that has ended, or that takes nothing (a review), refuses.
    pub(super) fn steered(&mut self, turn: TurnId, result: Result<(), SessionError>, message: Message) {
        match result {
            Ok(()) => self.taken(message, TurnOutcome::Steered, turn),
            Err(SessionError::Codex(BridgeError::Refused { error, .. }))
                if error.code != RpcError::OVERLOADED =>
            {
                if self.slot.is_busy() {
                    self.wait_in_queue(message, true);
                } else {
                    self.start(message);
                }
            }
            Err(error) => self.failed(message, &error),
        }
        self.send_next();
    }
}
