//! A message or a reasoning item, delta by delta.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{scenario::Deltas, sse::Frames, texts};

/// An item that is being said.
pub(crate) struct Speech {
    kind: Kind,
    id: String,
    output_index: usize,
    /// The deltas that are left, each with the index of its part.
    deltas: Box<dyn Iterator<Item = (usize, Cow<'static, str>)> + Send>,
    /// What has been said, by part.
    said: Vec<String>,
    /// Time between two deltas; zero is as fast as possible.
    pub(crate) pace: Duration,
}

enum Kind {
    Message {
        /// `commentary` before a tool call, `final_answer` at the end of a turn.
        phase: &'static str,
    },
    Reasoning,
}

/// Where an item stands in its response.
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) output_index: usize,
    /// Whether a tool call follows.
    pub(crate) commentary: bool,
}

impl Place {
    fn message(&self) -> Kind {
        Kind::Message { phase: if self.commentary { "commentary" } else { "final_answer" } }
    }
}

impl Speech {
    /// A message, a few words at a time.
    pub(crate) fn message(text: &str, pace: Duration, at: Place) -> Self {
        let deltas = few_words(text).into_iter().map(|words| (0, Cow::Owned(words)));
        Self::new(at.message(), Box::new(deltas), pace, at)
    }

    /// A message for benchmarks.
    pub(crate) fn deltas(spec: Deltas, at: Place) -> Self {
        let delta = move |n: u32| if spec.stamp { stamp() } else { filler(n as usize, spec.size) };
        let deltas = (0..spec.count).map(move |n| (0, Cow::Owned(delta(n))));
        Self::new(at.message(), Box::new(deltas), spec.pace, at)
    }

    /// A reasoning item.
    pub(crate) fn reasoning(pace: Duration, at: Place) -> Self {
        let parts = texts::REASONING.iter().enumerate();
        let deltas =
            parts.flat_map(|(part, text)| few_words(text).into_iter().map(move |words| (part, words.into())));
        Self::new(Kind::Reasoning, Box::new(deltas), pace, at)
    }

    fn new(
        kind: Kind,
        deltas: Box<dyn Iterator<Item = (usize, Cow<'static, str>)> + Send>,
        pace: Duration,
        at: Place,
    ) -> Self {
        Self { kind, id: at.id, output_index: at.output_index, deltas, said: Vec::new(), pace }
    }

    /// Adds the item's first frame.
    pub(crate) fn open(&self, frames: &mut Frames) {
        frames.push("response.output_item.added", self.event(self.item()));
    }

    /// Adds the next delta; false when all is said.
    pub(crate) fn delta(&mut self, frames: &mut Frames) -> bool {
        #[derive(Serialize)]
        struct Said<'a> {
            item_id: &'a str,
            output_index: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            content_index: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            summary_index: Option<usize>,
            delta: &'a str,
        }
        let Some((part, delta)) = self.deltas.next() else { return false };
        if part == self.said.len() {
            self.said.push(String::new());
            if matches!(self.kind, Kind::Reasoning) {
                let part = json!({"summary_index": part, "part": {"type": "summary_text", "text": ""}});
                frames.push("response.reasoning_summary_part.added", self.event(part));
            }
        }
        self.said[part].push_str(&delta);
        let (kind, content_index, summary_index) = match self.kind {
            Kind::Message { .. } => ("response.output_text.delta", Some(part), None),
            Kind::Reasoning => ("response.reasoning_summary_text.delta", None, Some(part)),
        };
        let output_index = self.output_index;
        frames.push(
            kind,
            Said { item_id: &self.id, output_index, content_index, summary_index, delta: &delta },
        );
        true
    }

    /// Adds the item's last frame; returns how many bytes were said.
    pub(crate) fn close(&self, frames: &mut Frames) -> usize {
        frames.push("response.output_item.done", self.event(self.item()));
        self.said.iter().map(String::len).sum()
    }

    fn event(&self, mut data: Value) -> Value {
        data["output_index"] = self.output_index.into();
        data
    }

    /// The item as far as it is said.
    fn item(&self) -> Value {
        let parts =
            |kind: &str| self.said.iter().map(|text| json!({"type": kind, "text": text})).collect::<Vec<_>>();
        json!({"item": match self.kind {
            Kind::Message { phase } => json!({
                "type": "message", "id": self.id, "role": "assistant", "phase": phase, "content": parts("output_text"),
            }),
            Kind::Reasoning => json!({"type": "reasoning", "id": self.id, "summary": parts("summary_text")}),
        }})
    }
}

/// Cuts a text into pieces of three words, each with the white space that follows.
fn few_words(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    words.chunks(3).map(<[&str]>::concat).collect()
}

/// The time, easily found in a delta.
fn stamp() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("⟨{}⟩", now.as_nanos())
}

/// The `n`th piece of `size` bytes of the filler, repeated without end.
fn filler(n: usize, size: usize) -> String {
    let from = n * size % texts::FILLER.len();
    texts::FILLER[from..].chars().chain(texts::FILLER.chars().cycle()).take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_up_the_text() {
        let text = texts::long();
        let pieces = few_words(&text);
        assert!(pieces.len() > 100);
        assert_eq!(pieces.concat(), text);
        assert_eq!(few_words("one"), ["one"]);
    }

    #[test]
    fn the_filler_goes_on_where_it_stopped() {
        let pieces: String = (0..200).map(|n| filler(n, 7)).collect();
        assert_eq!(pieces, filler(0, 1400));
        assert!(pieces.starts_with("The quick"));
    }
}
