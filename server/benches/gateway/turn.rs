//! A turn, as a client sees it.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What ends a turn: the beginning of its last message.
pub(crate) const COMPLETED: &[u8] = br#"{"method":"turn/completed""#;
/// What a process or session is made to say before anything is measured.
pub(crate) const WARM_UP: &str = "Reply with exactly the single word ready";

/// One of the two that are compared: a thread of codex that takes turns.
pub(crate) trait Side {
    /// Starts a turn and follows it to its end.
    fn turn(&mut self, prompt: &str) -> Result<Turn>;
}

/// A turn that has ended. Messages are only kept while it runs, and read afterwards.
pub(crate) struct Turn {
    /// From the request to `turn/completed`.
    pub took: Duration,
    /// What the client received for it.
    pub bytes: usize,
    /// What codex said, in the order it came.
    pub messages: Vec<Message>,
}

/// A notification of codex: `{method, params}`.
pub(crate) struct Message {
    pub json: Vec<u8>,
    /// When the client had it.
    pub at: SystemTime,
}

/// A piece of text, and when the client had it.
pub(crate) struct Delta {
    pub text: String,
    pub at: SystemTime,
}

impl Turn {
    /// The text deltas: checked to be exactly the finished message, piece by piece, and `expected` of them.
    pub(crate) fn deltas(&self, expected: usize) -> Result<Vec<Delta>> {
        let (mut deltas, mut text) = (Vec::new(), None);
        for Message { json, at } in &self.messages {
            let message: Value = serde_json::from_slice(json).context("a message that is none")?;
            let params = &message["params"];
            match message["method"].as_str() {
                Some("item/agentMessage/delta") => {
                    let text = params["delta"].as_str().context("a delta without a text")?.to_owned();
                    deltas.push(Delta { text, at: *at });
                }
                Some("item/completed") if params["item"]["type"] == "agentMessage" => {
                    text = params["item"]["text"].as_str().map(str::to_owned);
                }
                _ => {}
            }
        }
        let said: String = deltas.iter().map(|delta| delta.text.as_str()).collect();
        ensure!(deltas.len() == expected, "{} of {expected} deltas were delivered", deltas.len());
        ensure!(text.as_ref() == Some(&said), "the deltas are not the text");
        Ok(deltas)
    }
}
