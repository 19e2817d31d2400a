//! Finds titles of links with many lines: `[a](b "…`.
//!
//! At each line of a title, the parser walks through all lines back to the link. So a title of `n` lines costs `n²`
//! steps, whether the title is closed or not.

/// The marks around a title. Either parenthesis ends a title in parentheses.
const MARKS: [u8; 3] = [b'\'', b'"', b'('];

/// The maximum nesting of parentheses in a link's destination, as in the parser.
const MAX_PARENTHESES: usize = 33;

/// Counts the lines of titles that may be open.
#[derive(Debug, Default)]
pub(super) struct Titles {
    /// For each mark, the number of lines of the open title; 0 if no title is open.
    lines: [usize; 3],
    /// The number of next lines in which a title may start, after a link that its line does not complete.
    pending: usize,
}

impl Titles {
    /// Reads the next line of the text. Returns the number of lines of the longest title that may be open.
    pub(super) fn read_line(&mut self, line: &[u8]) -> usize {
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
                // The number of escaped characters depends on the context: this is the maximum.
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

/// Where the title of a link may start.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// At the mark with this index.
    At(usize),
    /// In one of the next two lines.
    NextLine,
    /// Nowhere.
    None,
}

/// Finds the start of a link's title. The link's destination starts at `at`.
fn title_start(line: &[u8], at: usize) -> Start {
    let skip_space =
        |at: usize| at + line[at..].iter().take_while(|byte| b" \t\x0b\x0c".contains(byte)).count();
    let start = skip_space(at);
    let end = if line.get(start) == Some(&b'<') {
        // A destination in brackets. A second opening bracket means that there is no link.
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
    fn title_starts_after_destination() {
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

    /// Returns the number of lines of the longest title after each line.
    fn lines(text: &str) -> Vec<usize> {
        let mut titles = Titles::default();
        text.lines().map(|line| titles.read_line(line.as_bytes())).collect()
    }

    #[test]
    fn title_is_open_until_its_closing_mark() {
        assert_eq!(lines("[a](b 'c\nd\n\"\ne' f\ng"), [1, 2, 3, 0, 0]);
        assert_eq!(lines("[a](b (c\nd\ne(f"), [1, 2, 0]);
        assert_eq!(lines("[a](b 'c\n\\'\n[a](b 'c\nd"), [1, 2, 1, 2]);
        assert_eq!(lines("[a](\nb\n\"c\nd"), [0, 0, 1, 2]);
        assert_eq!(lines("it's [a](b) and \"\nc\n[a](b 'c')\nd"), [0, 0, 0, 0]);
    }
}
