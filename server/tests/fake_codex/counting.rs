//! A slow turn that sends one number per tick, so that a reader notices missing and repeated deltas.

use serde_json::{Value, json};

use crate::{AppServer, TurnState};

/// Progress of a counting turn.
pub(crate) struct Counting {
    sent: u32,
    total: u32,
}

impl AppServer {
    /// Starts to count up to the number in the prompt.
    pub(crate) fn count(&mut self, turn: String, params: &Value) {
        let prompt = params["input"][0]["text"].as_str().unwrap_or_default();
        let total = prompt.split(' ').find_map(|word| word.parse().ok()).unwrap_or(1);
        let id = message_id(&turn);
        self.started(&turn, &json!({ "type": "agentMessage", "id": id, "text": "" }));
        self.turn = TurnState::Counting(turn, Counting { sent: 0, total });
    }

    /// Sends the next number, or completes the turn.
    pub(crate) fn count_next(&mut self) {
        let TurnState::Counting(turn, counting) = &mut self.turn else { return };
        let turn = turn.clone();
        if counting.sent < counting.total {
            counting.sent += 1;
            let number = format!("{} ", counting.sent);
            return self.delta("item/agentMessage/delta", &turn, &message_id(&turn), &number);
        }
        let text: String = (1..=counting.total).map(|number| number.to_string() + " ").collect();
        self.turn = TurnState::Idle;
        self.completed(&turn, &json!({ "type": "agentMessage", "id": message_id(&turn), "text": text }));
        self.end(&turn, "completed");
    }
}

fn message_id(turn: &str) -> String {
    format!("{turn}-count")
}
