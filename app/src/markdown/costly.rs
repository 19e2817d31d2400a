//! Lines that would cost the parser more than their length.
//!
//! Three of its structures take more than linear time, the first two of them before the parser gives its first event:
//!
//! - It walks through all open containers (block quotes, list items and footnotes) at every line. A text that opens `n` of them and
//!   goes on for `n` lines costs `n²` steps.
//! - It fills up the rows of a table that have too few cells, with up to 2^18 cells in each table. A text of many small
//!   tables gets hundreds of cells for each of its bytes.
//! - It walks back to its link from every line of a link's title ([`super::titles`]).
//!
//! Such lines are found here, before the text is parsed.

use super::titles::Titles;

/// How many containers may be open in each other.
const MAX_CONTAINERS: usize = 32;

/// How many cells may be missing in the tables of a text.
const MAX_MISSING_CELLS: usize = 20_000;

/// How many lines the title of a link may have.
const MAX_TITLE_LINES: usize = 32;

/// What the parser may be given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many containers may be open in each other.
    pub(super) containers: usize,
    /// How many cells may be missing in all tables together.
    pub(super) missing_cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { containers: MAX_CONTAINERS, missing_cells: MAX_MISSING_CELLS }
    }
}

/// Goes through the lines of a text.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    source: &'a str,
    limits: Limits,
    /// Where the next line begins.
    at: usize,
    /// How many containers may be open.
    open: usize,
    /// The line before was blank: there is no paragraph that could go on.
    after_blank: bool,
    /// How many columns the table has that may be open, 0 without one.
    columns: usize,
    missing_cells: usize,
    titles: Titles,
}

impl<'a> Scan<'a> {
    /// Begins at the start of `source`.
    pub(super) fn new(source: &'a str, limits: Limits) -> Self {
        Self {
            source,
            limits,
            at: 0,
            open: 0,
            after_blank: true,
            columns: 0,
            missing_cells: 0,
            titles: Titles::default(),
        }
    }

    /// Goes on at `at`, where a new block begins.
    pub(super) fn resume(&mut self, at: usize) {
        (self.at, self.open, self.after_blank, self.columns) = (at, 0, true, 0);
        self.titles = Titles::default();
    }

    /// Returns where the next line begins that is beyond the limits.
    ///
    /// The depth of containers is an upper bound, made of the beginnings of lines alone. Each container that is open in
    /// a line was opened by a marker in that line, or goes on from the line before: a quote by its marker, a list item
    /// or a footnote by at least two columns of white space. A line that goes on with a paragraph needs none of them, and leaves all
    /// containers open.
    pub(super) fn next_costly_line(&mut self) -> Option<usize> {
        while self.at < self.source.len() {
            let start = self.at;
            let (line, next) = line_at(self.source, start);
            self.at = next;
            let Prefix { markers, columns, is_blank } = Prefix::of(line.as_bytes());
            if is_blank {
                // List items stay open; no paragraph or table does. Other white space than spaces, tabs and line feeds is
                // not blank to all of the parser.
                let is_plain = line.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
                self.after_blank = is_plain && self.source[..next].ends_with('\n');
                if self.after_blank {
                    self.columns = 0;
                    self.titles = Titles::default();
                }
                continue;
            }
            let depth = markers + self.open.min(columns / 2);
            self.open = if self.after_blank { depth } else { self.open.max(depth) };
            self.after_blank = false;
            self.missing_cells += self.columns.saturating_sub(cells(line));
            if is_delimiter_row(line) {
                // It may be a row of the table before it.
                self.columns = self.columns.max(cells(line));
            }
            let title_lines = self.titles.take(line.as_bytes());
            if depth > self.limits.containers
                || self.missing_cells > self.limits.missing_cells
                || title_lines > MAX_TITLE_LINES
            {
                return Some(start);
            }
        }
        None
    }
}

/// How many cells a row of a table has at least.
fn cells(line: &str) -> usize {
    let row = line.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '>').trim_ascii_end();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut before = b' ';
    let mut cells = 1;
    for byte in row.bytes() {
        cells += usize::from(byte == b'|' && before != b'\\');
        before = byte;
    }
    // A last separator has no cell behind it.
    cells - usize::from(before == b'|' && cells > 1)
}

/// Whether a line can be the one that makes the line above it the head of a table.
fn is_delimiter_row(line: &str) -> bool {
    line.bytes()
        .all(|byte| matches!(byte, b'|' | b'-' | b':' | b'>') || byte.is_ascii_whitespace() || byte == 0x0b)
        && line.contains('-')
}

/// Returns where the text ends that begins at `start` and goes on to a blank line, without that line; and where that
/// line ends.
pub(super) fn end_of_text(source: &str, start: usize) -> (usize, usize) {
    let mut at = start;
    while at < source.len() {
        let (line, next) = line_at(source, at);
        if at > start && line.trim_ascii().is_empty() {
            return (at, next);
        }
        at = next;
    }
    (source.len(), source.len())
}

/// The line that begins at `start`, without its end; and where the next one begins.
fn line_at(source: &str, start: usize) -> (&str, usize) {
    let rest = &source[start..];
    let length = rest.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
    let end = match &rest.as_bytes()[length..] {
        [b'\r', b'\n', ..] => 2,
        [_, ..] => 1,
        [] => 0,
    };
    (&rest[..length], start + length + end)
}

/// What stands before a line's own text.
#[derive(Debug, PartialEq, Eq)]
struct Prefix {
    /// How many containers it may open, or go on with by a marker.
    markers: usize,
    /// How many columns of white space it has; a tab counts as four.
    columns: usize,
    /// Nothing but white space is in the line.
    is_blank: bool,
}

impl Prefix {
    fn of(line: &[u8]) -> Self {
        let rule = rule_start(line);
        let (mut markers, mut columns, mut at) = (0, 0, 0);
        while let Some(byte) = line.get(at).filter(|_| at < rule) {
            match byte {
                b'\t' => columns += 4,
                b' ' | 0x0b | 0x0c => columns += 1,
                b'>' => markers += 1,
                b'[' => {
                    let Some(length) = footnote_marker(&line[at..]) else { break };
                    markers += 1;
                    at += length - 1;
                }
                _ => {
                    let Some(length) = list_marker(&line[at..]) else { break };
                    markers += 1;
                    at += length - 1;
                }
            }
            at += 1;
        }
        Self { markers, columns, is_blank: markers == 0 && at == line.len() }
    }
}

/// The length of what begins a footnote (`[^1]:`), which is a container as well.
fn footnote_marker(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"[^")?;
    let length = rest.windows(2).position(|bytes| bytes == b"]:")?;
    Some(2 + length + 2)
}

/// The length of the list marker that `text` begins with: a bullet, or a number of up to nine digits.
fn list_marker(text: &[u8]) -> Option<usize> {
    let digits = text.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let is_marker = match text.get(digits)? {
        b'-' | b'+' | b'*' => digits == 0,
        b'.' | b')' => (1..10).contains(&digits),
        _ => false,
    };
    let is_marker =
        is_marker && text.get(digits + 1).is_none_or(|byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c));
    is_marker.then_some(digits + 1)
}

/// Where a thematic break begins that the line ends with (`- - -`): its marks open no lists. The line's length if it
/// ends with none.
fn rule_start(line: &[u8]) -> usize {
    let Some(&mark) = line.trim_ascii_end().last().filter(|byte| matches!(byte, b'-' | b'*')) else {
        return line.len();
    };
    let is_rule = |byte: &u8| *byte == mark || matches!(byte, b' ' | b'\t');
    let length = line.iter().rev().take_while(|byte| is_rule(byte)).count();
    let start = line.len() - length;
    let start = start + line[start..].iter().take_while(|byte| **byte != mark).count();
    let marks = line[start..].iter().filter(|byte| **byte == mark).take(3).count();
    if marks == 3 { start } else { line.len() }
}

#[cfg(test)]
#[path = "costly_tests.rs"]
mod tests;
