//! Directional isolates (U+2066 to U+2069): which of them only keep words apart, and which reorder what is read.
//!
//! Texts of right-to-left languages set foreign words apart with them, and so do libraries for messages.
//! An isolate is honest if it ends where its text ends, and has the direction that its content has anyway.
//! Any other can make a text read differently from what it is.

use crate::hidden::is_right_to_left;

const LEFT_TO_RIGHT: char = '\u{2066}';
const RIGHT_TO_LEFT: char = '\u{2067}';
const FIRST_STRONG: char = '\u{2068}';
const POP: char = '\u{2069}';

/// Finds the isolates of a paragraph that are not honest.
#[derive(Debug, Default)]
pub struct Isolates {
    /// Those that have not ended, the innermost last.
    open: Vec<Isolate>,
    suspicious: Vec<usize>,
}

#[derive(Debug)]
struct Isolate {
    at: usize,
    initiator: char,
    direction: Option<Direction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    LeftToRight,
    RightToLeft,
}

impl Isolates {
    /// Takes the next character of the paragraph, which is at `at`.
    pub fn take(&mut self, c: char, at: usize) {
        match c {
            LEFT_TO_RIGHT | RIGHT_TO_LEFT | FIRST_STRONG => {
                self.open.push(Isolate { at, initiator: c, direction: None });
            }
            POP => match self.open.pop() {
                Some(isolate) if isolate.is_honest() => {}
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

    /// Ends the paragraph, and returns where its isolates are that are not honest, in order.
    pub fn finish(&mut self) -> Vec<usize> {
        self.suspicious.extend(self.open.drain(..).map(|isolate| isolate.at));
        self.suspicious.sort_unstable();
        std::mem::take(&mut self.suspicious)
    }
}

impl Isolate {
    fn is_honest(&self) -> bool {
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

/// Returns `true` for the characters that begin and end isolates.
pub fn is_isolate(c: char) -> bool {
    (LEFT_TO_RIGHT..=POP).contains(&c)
}

/// Returns where the isolates of a text are that are not honest, in bytes. Each of its lines is a paragraph.
pub fn suspicious_isolates(text: &str) -> Vec<usize> {
    if !text.contains(is_isolate) {
        return Vec::new();
    }
    let mut isolates = Isolates::default();
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
    fn balanced_isolate_of_its_own_direction_is_honest() {
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
    fn isolate_that_is_open_or_turned_against_its_content_is_suspicious() {
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
