//! A turn, as its client sees it.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Prefix of the last message of a turn.
pub(crate) const COMPLETED: &[u8] = br#"{"method":"turn/completed""#;
/// Prompt that warms up a process or session before measurements.
pub(crate) const WARM_UP: &str = "Reply with exactly the single word ready";

/// A client that runs turns in a codex thread: direct or through the gateway.
pub(crate) trait TurnClient {
    /// Starts a turn and follows it to its end.
    fn turn(&mut self, prompt: &str) -> Result<Turn>;
}

/// A finished turn. Its messages are parsed afterwards, not while it runs.
pub(crate) struct Turn {
    /// Time from the request to `turn/completed`.
    pub took: Duration,
    /// Bytes that the client received.
    pub bytes: usize,
    /// Messages of codex, in order.
    pub messages: Vec<Message>,
}

/// A notification of codex: `{method, params}`.
pub(crate) struct Message {
    pub json: Vec<u8>,
    /// When the client received it.
    pub at: SystemTime,
}

/// A text delta, and when the client received it.
pub(crate) struct Delta {
    pub text: String,
    pub at: SystemTime,
}

impl Turn {
    /// Returns the text deltas. Fails unless there are `expected` of them, which add up to the finished
    /// message.
    pub(crate) fn deltas(&self, expected: usize) -> Result<Vec<Delta>> {
        let (mut deltas, mut text) = (Vec::new(), None);
        for Message { json, at } in &self.messages {
            let message: Value = serde_json::from_slice(json).context("a message that is not JSON")?;
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
        ensure!(text.as_ref() == Some(&said), "the deltas do not add up to the message");
        Ok(deltas)
    }
}
