//! The output of a command, limited to its head and its tail.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The maximum size of the head, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;
/// The size to which the tail is cut, in bytes. It is cut when it exceeds twice this size.
pub const TAIL_BYTES: usize = 128 * 1024;

/// The output of a command: all of it, or its head and its tail if it is longer than both.
///
/// The result does not depend on how the output is split into pieces, nor on a round trip through JSON between two
/// pieces. The fold relies on this.
///
/// In JSON, the output is a string as in codex's JSON, or `{head, omitted, tail}` if a part is omitted.
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
            let fits = piece.floor_char_boundary(HEAD_BYTES - self.head.len());
            self.head.push_str(&piece[..fits]);
            piece = &piece[fits..];
        }
        // Equivalent to pushing single characters, but faster: the tail grows and is cut in steps of `TAIL_BYTES`.
        while !piece.is_empty() {
            let room = (2 * TAIL_BYTES).saturating_sub(self.tail.len());
            let fits = piece.floor_char_boundary(room);
            self.tail.push_str(&piece[..fits]);
            piece = &piece[fits..];
            if !piece.is_empty() {
                let cut = self.tail.ceil_char_boundary(self.tail.len() - TAIL_BYTES);
                self.omitted += cut as u64;
                self.tail.drain(..cut);
            }
        }
    }

    /// The head. It is the whole output if [`Output::tail`] is empty.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The tail, after [`Output::omitted`] bytes that are not stored.
    pub fn tail(&self) -> &str {
        &self.tail
    }

    /// The number of omitted bytes between head and tail.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Returns `true` if there is no output.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// The number of stored bytes.
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
    fn short_output_is_complete_and_a_string_in_json() {
        let output = Output::from("one\ntwo\n");
        assert_eq!((output.head(), output.omitted(), output.tail()), ("one\ntwo\n", 0, ""));
        assert_eq!(serde_json::to_string(&output).unwrap(), r#""one\ntwo\n""#);
    }

    #[test]
    fn long_output_is_limited_to_head_and_tail() {
        let mut output = Output::default();
        let mut total = 0;
        for line in 0..100_000 {
            let line = format!("line {line}\n");
            total += line.len();
            output.push(&line);
        }
        assert!(output.head().starts_with("line 0\nline 1\n"));
        assert!(output.tail().ends_with("line 99999\n"));
        assert!(output.len() <= HEAD_BYTES + 2 * TAIL_BYTES);
        assert_eq!(output.len() as u64 + output.omitted(), total as u64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Pieces of any length, with characters of one to four bytes, and a round trip through JSON after one of them.
        #[test]
        fn result_does_not_depend_on_the_split_into_pieces(
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
