//! Steering: messages for a turn that is running or starting.

use codex_app_server_client::{
    BridgeError, RpcError,
    protocol::{ThreadSettingsUpdate, TurnSteer},
};
use codex_gateway_wire::{TurnId, api::DeliveryOutcome};
use futures::FutureExt;

use super::{
    actor::{Actor, TaskResult},
    turn_state::MessageDecision,
    turns::{OutgoingMessage, TURN_START_TIMEOUT},
};
use crate::error::SessionError;

impl Actor {
    /// Steers the running turn with a message, or starts a turn if none is running.
    pub(super) fn steer_or_begin(&mut self, message: OutgoingMessage) {
        if let Err(error) = self.validate(&message.turn) {
            return self.reject(message, &error);
        }
        self.mark_sending(&message);
        match self.turn.state().decide_message(message.turn.output_schema.is_some()) {
            MessageDecision::Begin => self.begin_turn(message),
            MessageDecision::Reject => self.reject(message, &SessionError::Starting),
            MessageDecision::QueueFirst => self.enqueue(message, true),
            MessageDecision::Steer(turn) => self.steer(turn, message),
            MessageDecision::Defer => self.defer(message),
        }
    }

    fn defer(&mut self, message: OutgoingMessage) {
        let id = self.defer_with_timeout(TURN_START_TIMEOUT);
        if let Some(message) = self.turn.defer_message(id, message) {
            self.reject(message, &SessionError::Starting);
        }
    }

    /// Steers the running turn with a message. Settings that the message changes apply to later
    /// turns.
    fn steer(&mut self, turn_id: TurnId, message: OutgoingMessage) {
        let (Some(process), Some(thread_id)) = (&self.process, self.transcript.thread_id.clone()) else {
            return self.reject(message, &BridgeError::Closed.into());
        };
        self.shared.touch();
        let bridge = process.bridge().clone();
        let resolver = self.context.input_resolver(Some(thread_id.clone()));
        let overrides = self.overrides(&message.turn);
        let (turn, dispatched, expected) =
            (message.turn.clone(), message.dispatched.clone(), turn_id.clone());
        let steering = async move {
            let client_id = turn.client_message_id.clone();
            let input = resolver.resolve(turn).await?;
            if !overrides.is_empty() {
                bridge.request(&ThreadSettingsUpdate { thread_id: thread_id.clone(), overrides }).await?;
            }
            let request =
                TurnSteer { thread_id, expected_turn_id: expected, input, client_user_message_id: client_id };
            dispatched.send_tracked(&bridge, &request).await?;
            Ok(())
        };
        self.tasks.spawn(steering.map(|result| TaskResult::SteerReply(turn_id, result, message)));
    }

    /// Handles codex's reply to `turn/steer`. A turn that has ended or accepts no messages (a
    /// review) refuses.
    pub(super) fn on_steer_reply(
        &mut self,
        turn: TurnId,
        result: Result<(), SessionError>,
        message: OutgoingMessage,
    ) {
        match result {
            Ok(()) => self.accepted(message, DeliveryOutcome::Steered, turn),
            Err(SessionError::Codex(BridgeError::Refused { error, .. }))
                if error.code != RpcError::OVERLOADED =>
            {
                if self.turn.state().is_busy() {
                    self.enqueue(message, true);
                } else {
                    self.begin_turn(message);
                }
            }
            Err(error) => self.reject(message, &error),
        }
        self.send_next();
    }
}
