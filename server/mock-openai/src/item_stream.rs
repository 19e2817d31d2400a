//! Streaming of a message or a reasoning item, delta by delta.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{scenario::Deltas, sse::Frames, texts};

/// An item that is being streamed.
pub(crate) struct ItemStream {
    kind: Kind,
    id: String,
    output_index: usize,
    /// The remaining deltas, each with the index of its part.
    deltas: Box<dyn Iterator<Item = (usize, Cow<'static, str>)> + Send>,
    /// The text that has been sent, by part.
    parts: Vec<String>,
    /// The time between two deltas. Zero: as fast as possible.
    pub(crate) pace: Duration,
}

enum Kind {
    Message {
        /// `commentary` before a tool call, `final_answer` at the end of a turn.
        phase: &'static str,
    },
    Reasoning,
}

/// The position of an item in its response.
pub(crate) struct ItemPosition {
    pub(crate) id: String,
    pub(crate) output_index: usize,
    /// Whether the response ends with a tool call, so that a message is commentary.
    pub(crate) commentary: bool,
}

impl ItemPosition {
    fn message_kind(&self) -> Kind {
        Kind::Message { phase: if self.commentary { "commentary" } else { "final_answer" } }
    }
}

impl ItemStream {
    /// A message with deltas of a few words.
    pub(crate) fn message(text: &str, pace: Duration, at: ItemPosition) -> Self {
        let deltas = few_words(text).into_iter().map(|words| (0, Cow::Owned(words)));
        Self::new(at.message_kind(), Box::new(deltas), pace, at)
    }

    /// A message of equal deltas, for benchmarks.
    pub(crate) fn deltas(spec: Deltas, at: ItemPosition) -> Self {
        let delta = move |n: u32| if spec.stamp { stamp() } else { filler(n as usize, spec.size) };
        let deltas = (0..spec.count).map(move |n| (0, Cow::Owned(delta(n))));
        Self::new(at.message_kind(), Box::new(deltas), spec.pace, at)
    }

    /// A reasoning item.
    pub(crate) fn reasoning(pace: Duration, at: ItemPosition) -> Self {
        let parts = texts::REASONING.iter().enumerate();
        let deltas =
            parts.flat_map(|(part, text)| few_words(text).into_iter().map(move |words| (part, words.into())));
        Self::new(Kind::Reasoning, Box::new(deltas), pace, at)
    }

    fn new(
        kind: Kind,
        deltas: Box<dyn Iterator<Item = (usize, Cow<'static, str>)> + Send>,
        pace: Duration,
        at: ItemPosition,
    ) -> Self {
        Self { kind, id: at.id, output_index: at.output_index, deltas, parts: Vec::new(), pace }
    }

    /// Adds the item's first frame.
    pub(crate) fn push_start(&self, frames: &mut Frames) {
        frames.push("response.output_item.added", self.event(self.item()));
    }

    /// Adds the next delta. Returns `false` if all deltas were added.
    pub(crate) fn push_delta(&mut self, frames: &mut Frames) -> bool {
        #[derive(Serialize)]
        struct DeltaEvent<'a> {
            item_id: &'a str,
            output_index: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            content_index: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            summary_index: Option<usize>,
            delta: &'a str,
        }
        let Some((part, delta)) = self.deltas.next() else { return false };
        if part == self.parts.len() {
            self.parts.push(String::new());
            if matches!(self.kind, Kind::Reasoning) {
                let part = json!({"summary_index": part, "part": {"type": "summary_text", "text": ""}});
                frames.push("response.reasoning_summary_part.added", self.event(part));
            }
        }
        self.parts[part].push_str(&delta);
        let (kind, content_index, summary_index) = match self.kind {
            Kind::Message { .. } => ("response.output_text.delta", Some(part), None),
            Kind::Reasoning => ("response.reasoning_summary_text.delta", None, Some(part)),
        };
        let output_index = self.output_index;
        frames.push(
            kind,
            DeltaEvent { item_id: &self.id, output_index, content_index, summary_index, delta: &delta },
        );
        true
    }

    /// Adds the item's last frame. Returns the size of the item's text in bytes.
    pub(crate) fn push_end(&self, frames: &mut Frames) -> usize {
        frames.push("response.output_item.done", self.event(self.item()));
        self.parts.iter().map(String::len).sum()
    }

    fn event(&self, mut data: Value) -> Value {
        data["output_index"] = self.output_index.into();
        data
    }

    /// The item with the text that has been sent.
    fn item(&self) -> Value {
        let parts = |kind: &str| {
            self.parts.iter().map(|text| json!({"type": kind, "text": text})).collect::<Vec<_>>()
        };
        json!({"item": match self.kind {
            Kind::Message { phase } => json!({
                "type": "message", "id": self.id, "role": "assistant", "phase": phase, "content": parts("output_text"),
            }),
            Kind::Reasoning => json!({"type": "reasoning", "id": self.id, "summary": parts("summary_text")}),
        }})
    }
}

/// Splits a text into pieces of three words, each with the white space that follows.
fn few_words(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    words.chunks(3).map(<[&str]>::concat).collect()
}

/// The current time, in a form that is easily found in a delta.
fn stamp() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("⟨{}⟩", now.as_nanos())
}

/// The `n`th piece of `size` bytes of the endlessly repeated filler.
fn filler(n: usize, size: usize) -> String {
    let from = n * size % texts::FILLER.len();
    texts::FILLER[from..].chars().chain(texts::FILLER.chars().cycle()).take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_text() {
        let text = texts::long();
        let pieces = few_words(&text);
        assert!(pieces.len() > 100);
        assert_eq!(pieces.concat(), text);
        assert_eq!(few_words("one"), ["one"]);
    }

    #[test]
    fn pieces_of_filler_are_consecutive() {
        let pieces: String = (0..200).map(|n| filler(n, 7)).collect();
        assert_eq!(pieces, filler(0, 1400));
        assert!(pieces.starts_with("The quick"));
    }
}
