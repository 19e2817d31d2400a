//! Finds lines for which the parser would take more than linear time.
//!
//! There are three kinds. The first two cost their time before the parser returns its first event:
//!
//! - At each line, the parser walks through all open containers: block quotes, list items and footnotes. A text that opens
//!   `n` containers and continues for `n` lines costs `n²` steps.
//! - The parser adds the missing cells to the rows of a table, up to 2^18 cells in each table. A text of many small tables
//!   gets hundreds of cells for each of its bytes.
//! - At each line of a link's title, the parser walks back to the link ([`super::titles`]).
//!
//! The lines are found before the text is parsed.

use super::titles::Titles;

/// The maximum nesting of containers.
const MAX_CONTAINERS: usize = 32;

/// The maximum number of missing cells in all tables of a text.
const MAX_MISSING_CELLS: usize = 20_000;

/// The maximum number of lines of a link's title.
const MAX_TITLE_LINES: usize = 32;

/// The limits of the text for the parser.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The maximum nesting of containers.
    pub(super) containers: usize,
    /// The maximum number of missing cells in all tables together.
    pub(super) missing_cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { containers: MAX_CONTAINERS, missing_cells: MAX_MISSING_CELLS }
    }
}

/// Scans the lines of a text.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    source: &'a str,
    limits: Limits,
    /// Where the next line starts.
    position: usize,
    /// The maximum number of containers that may be open.
    open_containers: usize,
    /// `true` if the line before was blank, so that no paragraph continues.
    is_after_blank: bool,
    /// The number of columns of the table that may be open; 0 without a table.
    table_columns: usize,
    missing_cells: usize,
    titles: Titles,
}

impl<'a> Scan<'a> {
    /// Starts at the beginning of `source`.
    pub(super) fn new(source: &'a str, limits: Limits) -> Self {
        Self {
            source,
            limits,
            position: 0,
            open_containers: 0,
            is_after_blank: true,
            table_columns: 0,
            missing_cells: 0,
            titles: Titles::default(),
        }
    }

    /// Continues at `position`, where a new block starts.
    pub(super) fn resume(&mut self, position: usize) {
        (self.position, self.open_containers) = (position, 0);
        (self.is_after_blank, self.table_columns) = (true, 0);
        self.titles = Titles::default();
    }

    /// Returns the start of the next line that exceeds the limits.
    ///
    /// The depth of containers is an upper bound, computed from the beginnings of lines. A container that is open in a line
    /// was opened by a marker in the line, or continues from the line before: a quote by its marker, a list item or a
    /// footnote by at least two columns of white space. A line that continues a paragraph needs neither, and leaves all
    /// containers open.
    pub(super) fn next_costly_line(&mut self) -> Option<usize> {
        while self.position < self.source.len() {
            let start = self.position;
            let (line, next) = line_at(self.source, start);
            self.position = next;
            let Prefix { markers, columns, is_blank } = Prefix::of(line.as_bytes());
            if is_blank {
                // A blank line ends paragraphs and tables, but not list items. Parts of the parser take only spaces, tabs
                // and line feeds as blank.
                let is_plain = line.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
                self.is_after_blank = is_plain && self.source[..next].ends_with('\n');
                if self.is_after_blank {
                    self.table_columns = 0;
                    self.titles = Titles::default();
                }
                continue;
            }
            let depth = markers + self.open_containers.min(columns / 2);
            self.open_containers = if self.is_after_blank { depth } else { self.open_containers.max(depth) };
            self.is_after_blank = false;
            self.missing_cells += self.table_columns.saturating_sub(min_cells(line));
            if is_delimiter_row(line) {
                // The line may be a row of the table before it instead.
                self.table_columns = self.table_columns.max(min_cells(line));
            }
            let title_lines = self.titles.read_line(line.as_bytes());
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

/// Returns the minimum number of cells of a table's row.
fn min_cells(line: &str) -> usize {
    let row = line.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '>').trim_ascii_end();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut before = b' ';
    let mut cells = 1;
    for byte in row.bytes() {
        cells += usize::from(byte == b'|' && before != b'\\');
        before = byte;
    }
    // No cell follows a separator at the end.
    cells - usize::from(before == b'|' && cells > 1)
}

/// Returns `true` if a line may be the delimiter row below the head of a table.
fn is_delimiter_row(line: &str) -> bool {
    line.bytes()
        .all(|byte| matches!(byte, b'|' | b'-' | b':' | b'>') || byte.is_ascii_whitespace() || byte == 0x0b)
        && line.contains('-')
}

/// Returns the end of the text from `start` to the next blank line, and the end of that blank line.
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

/// Returns the line at `start` without its line break, and the start of the next line.
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

/// The beginning of a line, before its own text.
#[derive(Debug, PartialEq, Eq)]
struct Prefix {
    /// The number of containers that the line opens, or continues by a marker.
    markers: usize,
    /// The columns of white space. A tab counts as four.
    columns: usize,
    /// `true` if the line contains only white space.
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

/// Returns the length of the footnote marker (`[^1]:`) at the start of `text`. Footnotes are containers too.
fn footnote_marker(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"[^")?;
    let length = rest.windows(2).position(|bytes| bytes == b"]:")?;
    Some(2 + length + 2)
}

/// Returns the length of the list marker at the start of `text`: a bullet, or a number of up to nine digits.
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

/// Returns the start of the thematic break (`- - -`) at the end of a line; the line's length without a break.
///
/// The marks of a thematic break open no lists.
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
