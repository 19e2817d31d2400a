//! What a command printed, bounded: its head and its tail.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How much of the beginning is kept, in bytes.
pub const HEAD: usize = 64 * 1024;
/// How much of the end is kept at least, in bytes; up to twice as much stands there for a while.
pub const TAIL: usize = 128 * 1024;

/// The output of a command: all of it, or its head and its tail once it is longer than both.
///
/// Pushing pieces gives the same whatever the cuts between them, and a value read back from JSON goes on
/// as the one that was written, which is what the fold needs.
///
/// In JSON it is a string (as codex writes it), or `{head, omitted, tail}` when something was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    head: String,
    omitted: u64,
    tail: String,
}

impl Output {
    /// Appends a piece.
    pub fn push(&mut self, mut piece: &str) {
        if self.tail.is_empty() {
            let fits = piece.floor_char_boundary(HEAD - self.head.len());
            self.head.push_str(&piece[..fits]);
            piece = &piece[fits..];
        }
        // A character at a time would be the definition; whole steps of TAIL give the same and cost less.
        while !piece.is_empty() {
            let room = (2 * TAIL).saturating_sub(self.tail.len());
            let fits = piece.floor_char_boundary(room);
            self.tail.push_str(&piece[..fits]);
            piece = &piece[fits..];
            if !piece.is_empty() {
                let cut = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
                self.omitted += cut as u64;
                self.tail.drain(..cut);
            }
        }
    }

    /// The beginning: everything, unless [`Output::tail`] goes on.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The end, after [`Output::omitted`] bytes that are not kept.
    pub fn tail(&self) -> &str {
        &self.tail
    }

    /// How many bytes between head and tail were left out.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Whether nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// How many bytes are kept.
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        let mut output = Self::default();
        output.push(text);
        output
    }
}

#[derive(Serialize, Deserialize)]
struct Parts {
    head: String,
    omitted: u64,
    tail: String,
}

impl Serialize for Output {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.omitted == 0 {
            return serializer.collect_str(&format_args!("{}{}", self.head, self.tail));
        }
        Parts { head: self.head.clone(), omitted: self.omitted, tail: self.tail.clone() }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('"') {
            let text: String = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
            return Ok(Self::from(text.as_str()));
        }
        let Parts { head, omitted, tail } = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(Self { head, omitted, tail })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn short_output_is_whole_and_a_plain_string() {
        let output = Output::from("one\ntwo\n");
        assert_eq!((output.head(), output.omitted(), output.tail()), ("one\ntwo\n", 0, ""));
        assert_eq!(serde_json::to_string(&output).unwrap(), r#""one\ntwo\n""#);
    }

    #[test]
    fn long_output_keeps_its_head_and_its_tail_and_is_bounded() {
        let mut output = Output::default();
        let mut total = 0;
        for line in 0..100_000 {
            let line = format!("line {line}\n");
            total += line.len();
            output.push(&line);
        }
        assert!(output.head().starts_with("line 0\nline 1\n"));
        assert!(output.tail().ends_with("line 99999\n"));
        assert!(output.len() <= HEAD + 2 * TAIL);
        assert_eq!(output.len() as u64 + output.omitted(), total as u64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Pieces of any length, of characters of one to four bytes, cut anywhere and stored in between.
        #[test]
        fn the_cuts_between_pieces_do_not_matter(
            pieces in proptest::collection::vec(("[aé漢😀]{1,9}", 1usize..20_000), 1..12),
            stored in 0usize..12,
        ) {
            let mut whole = String::new();
            let mut output = Output::default();
            for (at, (text, times)) in pieces.iter().enumerate() {
                let piece = text.repeat(*times);
                whole.push_str(&piece);
                output.push(&piece);
                if at == stored {
                    let json = serde_json::to_string(&output).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<Output>(&json).unwrap(), &output);
                    output = serde_json::from_str(&json).unwrap();
                }
            }
            prop_assert_eq!(output, Output::from(whole.as_str()));
        }
    }
}
