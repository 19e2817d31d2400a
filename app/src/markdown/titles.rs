//! Titles of links that go on for many lines: `[a](b "…`.
//!
//! At every line of a title the parser walks through all that is between the link and that line, so a title of `n` lines
//! costs `n²` steps, whether it ends or not.

/// What a title begins and ends with. One in parentheses ends at either of them.
const MARKS: [u8; 3] = [b'\'', b'"', b'('];

/// How many parentheses the parser takes in each other in the destination of a link.
const MAX_PARENTHESES: usize = 33;

/// For how many lines a title may be open, at most.
#[derive(Debug, Default)]
pub(super) struct Titles {
    /// For each mark, how many lines a title has so far; 0 if none is open.
    lines: [usize; 3],
    /// In how many of the next lines a title may begin: a link was cut by the end of its line.
    pending: usize,
}

impl Titles {
    /// Takes the next line of a text, and returns how many lines the longest title that may be open has.
    pub(super) fn take(&mut self, line: &[u8]) -> usize {
        for lines in self.lines.iter_mut().filter(|lines| **lines > 0) {
            *lines += 1;
        }
        let is_pending = self.pending > 0;
        self.pending = self.pending.saturating_sub(1);
        let mut starts = Vec::new();
        for at in (2..=line.len()).filter(|at| line[..*at].ends_with(b"](")) {
            match title_start(line, at) {
                Start::At(start) => starts.push(start),
                Start::NextLine => self.pending = 2,
                Start::None => {}
            }
        }
        starts.sort_unstable();
        let mut escaped_until = 0;
        for (at, byte) in line.iter().enumerate() {
            if *byte == b'\\' {
                // How many characters it takes with it depends on where it stands.
                escaped_until = at + 4;
            }
            let byte = if *byte == b')' { b'(' } else { *byte };
            let Some(mark) = MARKS.iter().position(|mark| *mark == byte) else { continue };
            if is_pending || starts.binary_search(&at).is_ok() {
                self.lines[mark] = 1;
            } else if at >= escaped_until {
                self.lines[mark] = 0;
            }
        }
        self.lines.into_iter().max().unwrap_or_default()
    }
}

/// Where the title of a link may begin.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// At this mark.
    At(usize),
    /// In one of the next lines.
    NextLine,
    /// Nowhere.
    None,
}

/// Finds the title of the link whose destination follows at `at`.
fn title_start(line: &[u8], at: usize) -> Start {
    let skip_space =
        |at: usize| at + line[at..].iter().take_while(|byte| b" \t\x0b\x0c".contains(byte)).count();
    let start = skip_space(at);
    let end = if line.get(start) == Some(&b'<') {
        // Up to its bracket. Another one of the first kind ends it without a link.
        let mut end = start + 1;
        while let Some(byte) = line.get(end).filter(|byte| **byte != b'>') {
            match byte {
                b'<' => return Start::None,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        end + 1
    } else {
        let (mut open, mut end) = (0, start);
        while let Some(byte) = line.get(end) {
            match byte {
                ..=b' ' => break,
                b'\\' if line.get(end + 1).is_some_and(u8::is_ascii_punctuation) => end += 1,
                b'(' => open += 1,
                b')' if open == 0 => return Start::None,
                b')' => open -= 1,
                _ => {}
            }
            if open > MAX_PARENTHESES {
                return Start::None;
            }
            end += 1;
        }
        end
    };
    let mark = skip_space(end.min(line.len()));
    match line.get(mark) {
        None => Start::NextLine,
        Some(byte) if MARKS.contains(byte) => Start::At(mark),
        Some(_) => Start::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_starts_behind_the_destination() {
        for (line, start) in [
            ("[a](b 'c", Start::At(6)),
            ("[a](b(c) \"d", Start::At(9)),
            ("[a]( <b c> (d", Start::At(11)),
            ("[a](b) 'c", Start::None),
            ("[a](b c 'd", Start::None),
            ("[a](b\\ 'c", Start::At(7)),
            ("[a](<b\\>>'c", Start::At(9)),
            ("[a](<b<> 'c", Start::None),
            ("[a](b\u{b}'c", Start::At(6)),
            ("[a](b", Start::NextLine),
            ("[a](", Start::NextLine),
        ] {
            assert_eq!(title_start(line.as_bytes(), 4), start, "{line}");
        }
    }

    /// How many lines the longest title has after each line.
    fn lines(text: &str) -> Vec<usize> {
        let mut titles = Titles::default();
        text.lines().map(|line| titles.take(line.as_bytes())).collect()
    }

    #[test]
    fn title_is_open_until_its_mark_comes_again() {
        assert_eq!(lines("[a](b 'c\nd\n\"\ne' f\ng"), [1, 2, 3, 0, 0]);
        assert_eq!(lines("[a](b (c\nd\ne(f"), [1, 2, 0]);
        assert_eq!(lines("[a](b 'c\n\\'\n[a](b 'c\nd"), [1, 2, 1, 2]);
        assert_eq!(lines("[a](\nb\n\"c\nd"), [0, 0, 1, 2]);
        assert_eq!(lines("it's [a](b) and \"\nc\n[a](b 'c')\nd"), [0, 0, 0, 0]);
    }
}
