//! Directional isolates (U+2066 to U+2069): detection of those that can make a text look different from what it is.
//!
//! Texts in right-to-left languages and libraries for localized messages use isolates around foreign words. An isolate
//! is harmless if it is closed in the same paragraph and has the direction of its content. Any other is suspicious.

use crate::hidden_chars::is_right_to_left;

const LEFT_TO_RIGHT: char = '\u{2066}';
const RIGHT_TO_LEFT: char = '\u{2067}';
const FIRST_STRONG: char = '\u{2068}';
const POP: char = '\u{2069}';

/// Finds the suspicious isolates of a paragraph.
#[derive(Debug, Default)]
pub struct IsolateScanner {
    /// The open isolates, the innermost last.
    open: Vec<Isolate>,
    suspicious: Vec<usize>,
}

#[derive(Debug)]
struct Isolate {
    at: usize,
    initiator: char,
    direction: Option<Direction>,
}

/// The direction in which a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

/// Returns the direction of the first letter of the text. `None` if it has no letter.
pub fn base_direction(text: &str) -> Option<Direction> {
    text.chars().find_map(direction)
}

impl IsolateScanner {
    /// Scans the next character of the paragraph, at the byte offset `at`.
    pub fn take(&mut self, c: char, at: usize) {
        match c {
            LEFT_TO_RIGHT | RIGHT_TO_LEFT | FIRST_STRONG => {
                self.open.push(Isolate { at, initiator: c, direction: None });
            }
            POP => match self.open.pop() {
                Some(isolate) if isolate.is_harmless() => {}
                Some(isolate) => self.suspicious.extend([isolate.at, at]),
                None => self.suspicious.push(at),
            },
            c => {
                if let Some(isolate) = self.open.last_mut().filter(|isolate| isolate.direction.is_none()) {
                    isolate.direction = direction(c);
                }
            }
        }
    }

    /// Ends the paragraph, and returns the byte offsets of its suspicious isolates in ascending order.
    pub fn finish(&mut self) -> Vec<usize> {
        self.suspicious.extend(self.open.drain(..).map(|isolate| isolate.at));
        self.suspicious.sort_unstable();
        std::mem::take(&mut self.suspicious)
    }
}

impl Isolate {
    fn is_harmless(&self) -> bool {
        match self.initiator {
            LEFT_TO_RIGHT => self.direction != Some(Direction::RightToLeft),
            RIGHT_TO_LEFT => self.direction == Some(Direction::RightToLeft),
            _ => true,
        }
    }
}

fn direction(c: char) -> Option<Direction> {
    if is_right_to_left(c) {
        Some(Direction::RightToLeft)
    } else {
        c.is_alphabetic().then_some(Direction::LeftToRight)
    }
}

/// Returns `true` for the characters that start and end isolates.
pub fn is_isolate(c: char) -> bool {
    (LEFT_TO_RIGHT..=POP).contains(&c)
}

/// Returns the byte offsets of the suspicious isolates in a text. Each line is a paragraph.
pub fn suspicious_isolates(text: &str) -> Vec<usize> {
    if !text.contains(is_isolate) {
        return Vec::new();
    }
    let mut isolates = IsolateScanner::default();
    let mut suspicious = Vec::new();
    for (at, c) in text.char_indices() {
        if matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            suspicious.append(&mut isolates.finish());
        }
        isolates.take(c, at);
    }
    suspicious.append(&mut isolates.finish());
    suspicious
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn closed_isolate_with_direction_of_its_content_is_harmless() {
        for text in [
            "שלום \u{2066}Rust 1.90\u{2069}!",
            "see \u{2067}שלום עולם\u{2069}.",
            "\u{2068}a\u{2069} and \u{2068}ב\u{2069}",
            "\u{2068}a \u{2067}ב\u{2069} c\u{2069}",
            "\u{2066}12\u{2069}",
        ] {
            assert_eq!(suspicious_isolates(text), [0; 0], "{text:?}");
        }
    }

    #[test]
    fn unclosed_isolate_or_one_against_the_direction_of_its_content_is_suspicious() {
        for (text, at) in [
            ("a\u{2066}b", vec![1]),
            ("a\u{2069}b", vec![1]),
            ("\u{2067}rm -rf\u{2069}", vec![0, 9]),
            ("\u{2066}שלום\u{2069}", vec![0, 11]),
            ("\u{2068}a\nb\u{2069}", vec![0, 6]),
            ("\u{2068}\u{2067}a\u{2069}", vec![0, 3, 7]),
        ] {
            assert_eq!(suspicious_isolates(text), at, "{text:?}");
        }
    }
}
