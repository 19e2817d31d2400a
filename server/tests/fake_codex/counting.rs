//! A turn that takes its time: it says numbers, one in each tick, so that whoever reads sees what is missing or comes
//! twice.

use serde_json::{Value, json};

use crate::{Fake, Running};

/// How far a turn has come.
pub(crate) struct Counting {
    said: u32,
    to_say: u32,
}

impl Fake {
    /// Begins to say as many numbers as the prompt asks for.
    pub(crate) fn count(&mut self, turn: String, params: &Value) {
        let prompt = params["input"][0]["text"].as_str().unwrap_or_default();
        let to_say = prompt.split(' ').find_map(|word| word.parse().ok()).unwrap_or(1);
        let id = message(&turn);
        self.started(&turn, &json!({ "type": "agentMessage", "id": id, "text": "" }));
        self.running = Running::Counting(turn, Counting { said: 0, to_say });
    }

    /// Says the next number, or ends the turn.
    pub(crate) fn count_on(&mut self) {
        let Running::Counting(turn, counting) = &mut self.running else { return };
        let turn = turn.clone();
        if counting.said < counting.to_say {
            counting.said += 1;
            let number = format!("{} ", counting.said);
            return self.delta("item/agentMessage/delta", &turn, &message(&turn), &number);
        }
        let text: String = (1..=counting.to_say).map(|number| number.to_string() + " ").collect();
        self.running = Running::Nothing;
        self.completed(&turn, &json!({ "type": "agentMessage", "id": message(&turn), "text": text }));
        self.end(&turn, "completed");
    }
}

fn message(turn: &str) -> String {
    format!("{turn}-count")
}
