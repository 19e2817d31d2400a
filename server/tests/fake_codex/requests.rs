//! Everything that codex asks of its client.

use serde_json::{Map, Value, json};

use crate::say;

/// The requests of codex, and one that it does not make. Deprecated ones are among them.
const METHODS: &[&str] = &[
    "item/commandExecution/requestApproval",
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "item/tool/requestUserInput",
    "mcpServer/elicitation/request",
    "item/tool/call",
    "account/chatgptAuthTokens/refresh",
    "attestation/generate",
    "currentTime/read",
    "applyPatchApproval",
    "execCommandApproval",
    "moon/land",
];

/// Asks one thing after another, and keeps the answers.
#[derive(Default)]
pub(crate) struct Asking {
    answers: Map<String, Value>,
}

impl Asking {
    /// Asks the next thing.
    pub(crate) fn ask(&self) {
        if let Some(method) = METHODS.get(self.answers.len()) {
            say(&json!({ "id": self.id(), "method": method, "params": { "about": method } }));
        }
    }

    /// The id of the open request: numbers from 0, and words.
    fn id(&self) -> Value {
        let n = self.answers.len();
        if n.is_multiple_of(2) { json!(n) } else { json!(format!("request {n}")) }
    }

    /// Takes an answer; whether it was the last one.
    pub(crate) fn answered(&mut self, message: &Value) -> bool {
        if message["id"] != self.id() {
            return false;
        }
        let answer = message.get("result").or_else(|| message.get("error")).cloned().unwrap_or_default();
        self.answers.insert(METHODS[self.answers.len()].to_owned(), answer);
        self.ask();
        self.answers.len() == METHODS.len()
    }

    /// The answers by method.
    pub(crate) fn answers(&self) -> Value {
        Value::Object(self.answers.clone())
    }
}
