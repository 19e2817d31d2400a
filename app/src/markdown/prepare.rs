//! Prepares a message for the parser: inserts marks where the parser would misread the text.
//!
//! - Emphasis beside CJK punctuation (`**注意：**正文`) opens and closes as beside letters.
//! - Math (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`) becomes a code span, also over several lines: it contains no Markdown.
//! - Marks of emphasis in a bare address (`https://a.example/__init__.py`) are part of the address.
//!
//! The marks are noncharacters of Unicode, which the parser takes for letters. Noncharacters of the message itself become
//! U+FFFD. [`restore`] removes the marks from the parser's output, so a mark without an effect is not visible.
//!
//! The marks depend only on the lines up to the next blank line, and not on the text before. So the end of a message is
//! prepared in the same way with and without its beginning.

use std::borrow::Cow;

use super::address::address_len;
use super::cjk::is_cjk;
use super::math::{self, Delimiter};

/// Stands between emphasis and punctuation, so that the emphasis opens or closes there.
const FLANK: char = '\u{FDD0}';
/// Stand around the backticks that are inserted before and after math.
const MATH_START: char = '\u{FDD1}';
const MATH_END: char = '\u{FDD2}';
/// Replaces a line break in math.
const LINE_BREAK: char = '\u{FDD3}';
/// Stands behind the prefix of a line in math, which belongs to the containers: list items and quotes.
const PREFIX_END: char = '\u{FDD4}';
/// Stands before a backslash that is inserted.
const ESCAPE: char = '\u{FDD5}';

/// The first two bytes of all noncharacters from U+FDD0 to U+FDEF.
const NONCHARACTER_START: [u8; 2] = [0xEF, 0xB7];

/// A source that is prepared for the parser.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub(super) text: Cow<'a, str>,
    /// The differences between source and text, in order.
    edits: Vec<Edit>,
    /// The start, in the source, of math that text to come may still close.
    pub(super) open_math: Option<usize>,
}

/// A difference between the text and the source.
#[derive(Debug)]
struct Edit {
    /// The position in the text, and the number of inserted bytes.
    text_start: usize,
    inserted: usize,
    /// The position in the source, and the number of removed bytes.
    source_start: usize,
    removed: usize,
}

impl Prepared<'_> {
    /// Converts an offset in the text to an offset in the source.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let edits = self.edits.partition_point(|edit| edit.text_start < offset);
        match edits.checked_sub(1).and_then(|last| self.edits.get(last)) {
            Some(edit) => {
                edit.source_start + edit.removed + offset.saturating_sub(edit.text_start + edit.inserted)
            }
            None => offset,
        }
    }
}

/// Prepares a source. If it is not `finished`, math that is not closed extends to its end.
pub(super) fn prepare(source: &str, finished: bool) -> Prepared<'_> {
    if !has_noncharacter(source) {
        return Scanner::new(source, finished).scan();
    }
    let is_mark = |c: char| ('\u{FDD0}'..='\u{FDEF}').contains(&c);
    let replaced: String = source.chars().map(|c| if is_mark(c) { '\u{FFFD}' } else { c }).collect();
    let Prepared { text, edits, open_math } = Scanner::new(&replaced, finished).scan();
    Prepared { text: Cow::Owned(text.into_owned()), edits, open_math }
}

/// Returns `true` if a text contains U+FDD0 to U+FDEF.
fn has_noncharacter(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|bytes| bytes[..2] == NONCHARACTER_START && (0x90..0xB0).contains(&bytes[2]))
}

/// How [`restore`] treats the prefixes of lines in math.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// Keeps them: the parser did not read the text as math.
    Keep,
    /// Removes them: they belong to the containers.
    Drop,
}

/// Removes the marks from a text that the parser returns.
pub(super) fn restore(text: &str, prefix: Prefix) -> Cow<'_, str> {
    if !has_noncharacter(text) {
        return Cow::Borrowed(text);
    }
    let mut restored = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            FLANK | PREFIX_END => {}
            ESCAPE => {
                let rest = chars.as_str();
                chars = rest.strip_prefix('\\').unwrap_or(rest).chars();
            }
            MATH_START | MATH_END => {
                if let Some(rest) = chars.as_str().trim_start_matches('`').strip_prefix(c) {
                    chars = rest.chars();
                }
            }
            LINE_BREAK => {
                restored.push('\n');
                if prefix == Prefix::Drop
                    && let Some((_, rest)) = chars.as_str().split_once(PREFIX_END)
                {
                    chars = rest.chars();
                }
            }
            c => restored.push(c),
        }
    }
    Cow::Owned(restored)
}

/// Returns `true` if a code span that the parser returns is math.
pub(super) fn is_math(code: &str) -> bool {
    code.starts_with(MATH_START)
}

/// Returns `true` if line breaks were replaced in a text that the parser returns.
pub(super) fn has_joined_lines(text: &str) -> bool {
    text.contains(LINE_BREAK)
}

/// Scans a source, and inserts the marks.
struct Scanner<'a> {
    source: &'a str,
    finished: bool,
    text: String,
    edits: Vec<Edit>,
    /// The length of the source that is in `text` already.
    copied: usize,
    open_math: Option<usize>,
    /// The current line without its line break.
    line_start: usize,
    line_end: usize,
    /// The length of the line's prefix, which may belong to containers. `None` until it is needed.
    prefix_len: Option<usize>,
    /// Where math of several lines ends at the latest. Out of date if less than `line_end`.
    chunk_end: usize,
    /// For each delimiter, the end of the text without a closing one: in the line, and in the chunk of lines.
    unclosed: [[usize; 2]; 3],
    /// The number of backticks around math. `None` until it is needed.
    ticks: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn new(source: &'a str, finished: bool) -> Self {
        Self {
            source,
            finished,
            text: String::new(),
            edits: Vec::new(),
            copied: 0,
            open_math: None,
            line_start: 0,
            line_end: line_end(source, 0),
            prefix_len: None,
            chunk_end: 0,
            unclosed: [[0; 2]; 3],
            ticks: None,
        }
    }

    fn scan(mut self) -> Prepared<'a> {
        let bytes = self.source.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if at > self.line_end {
                self.line_start = line_start(self.source, at);
                self.line_end = line_end(self.source, at);
                self.prefix_len = None;
            }
            at = match byte {
                b'\\' => match bytes.get(at + 1) {
                    Some(b'(') => self.math(at, Delimiter::Parenthesis),
                    Some(b'[') => self.math(at, Delimiter::Bracket),
                    Some(b'\n') | None => at + 1,
                    Some(_) => at + 1 + self.char_at(at + 1).map_or(1, char::len_utf8),
                },
                b'$' => self.dollar(at),
                b'*' | b'~' => self.emphasis(at, *byte),
                b'h' | b'H' => self.address(at),
                _ => at + 1,
            };
        }
        if self.edits.is_empty() {
            return Prepared { text: Cow::Borrowed(self.source), edits: self.edits, open_math: None };
        }
        self.text.push_str(&self.source[self.copied..]);
        Prepared { text: Cow::Owned(self.text), edits: self.edits, open_math: self.open_math }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.source.get(at..)?.chars().next()
    }

    /// Returns the character before `at` in the same line.
    fn char_before(&self, at: usize) -> Option<char> {
        self.source[self.line_start..at].chars().next_back()
    }

    /// Replaces `removed` bytes of the source by `new`.
    fn edit(&mut self, source_start: usize, removed: usize, new: &str) {
        self.text.push_str(&self.source[self.copied..source_start]);
        self.edits.push(Edit { text_start: self.text.len(), inserted: new.len(), source_start, removed });
        self.text.push_str(new);
        self.copied = source_start + removed;
    }

    fn mark(&mut self, source: usize, mark: char) {
        self.edit(source, 0, mark.encode_utf8(&mut [0; 4]));
    }

    /// Reads a run of `*` or `~`.
    ///
    /// In CommonMark, emphasis does not open between a letter and punctuation, nor close between punctuation and a letter.
    /// CJK text has no spaces, so CJK punctuation counts as a letter here, as in markdown-cjk-friendly.
    fn emphasis(&mut self, at: usize, delimiter: u8) -> usize {
        let end = at + self.source[at..].bytes().take_while(|byte| *byte == delimiter).count();
        if delimiter == b'~' && end - at != 2 {
            return end;
        }
        let before = self.char_before(at).filter(|c| !c.is_whitespace() && *c != '|');
        let after = self.char_at(end).filter(|c| !c.is_whitespace() && *c != '|');
        let counts_as_letter =
            |c: char, beside: Option<char>| !c.is_alphanumeric() && (is_cjk(c) || beside.is_some_and(is_cjk));
        if before.is_some_and(|before| before != '\\' && counts_as_letter(before, after)) {
            self.mark(at, FLANK);
        }
        if after.is_some_and(|after| counts_as_letter(after, before)) {
            self.mark(end, FLANK);
        }
        end
    }

    /// Escapes marks of emphasis in a bare address.
    fn address(&mut self, at: usize) -> usize {
        let line = &self.source[..self.line_end];
        if self.char_before(at).is_some_and(char::is_alphanumeric) {
            return at + 1;
        }
        let Some(length) = address_len(&line[at..]) else { return at + 1 };
        for (offset, byte) in line[at..at + length].bytes().enumerate() {
            if matches!(byte, b'_' | b'*' | b'~') {
                self.edit(at + offset, 0, &format!("{ESCAPE}\\"));
            }
        }
        at + length
    }

    /// Reads a run of dollar signs.
    fn dollar(&mut self, at: usize) -> usize {
        let line = &self.source[..self.line_end];
        let run = line[at..].bytes().take_while(|byte| *byte == b'$').count();
        match run {
            1 => {}
            2 => return self.math(at, Delimiter::Dollars),
            _ => return at + run,
        }
        if self.char_before(at).is_some_and(char::is_alphanumeric) {
            return at + 1;
        }
        let is_growing = self.is_growing(self.line_end);
        let rest = &line[at + 1..];
        let close = math::find_dollar(rest).filter(|close| !(is_growing && close + 1 == rest.len()));
        match close {
            Some(close) if math::is_formula(&rest[..close], rest[close + 1..].chars().next()) => {
                self.insert_math(at, at + close + 2)
            }
            None if is_growing && math::may_become_formula(rest.trim_end_matches('$')) => {
                self.insert_open_math(at, self.line_end)
            }
            _ => at + 1,
        }
    }

    /// Returns `true` if text to come may continue at `end`.
    fn is_growing(&self, end: usize) -> bool {
        !self.finished && end == self.source.len()
    }

    /// Reads math from its opening delimiter at `at`.
    ///
    /// Math has several lines only if its opening delimiter starts or ends a line. Elsewhere a delimiter is more likely to be
    /// text.
    fn math(&mut self, at: usize, delimiter: Delimiter) -> usize {
        let start = at + delimiter.open().len();
        let starts_line = at - self.line_start <= self.prefix_len();
        // Trimming the line's end instead would read the same white space again for each delimiter before it.
        let rest = &self.source.as_bytes()[start.min(self.line_end)..self.line_end];
        let ends_line = rest.iter().all(u8::is_ascii_whitespace);
        let line = &self.source[self.line_start + self.prefix_len()..self.line_end];
        let has_lines =
            delimiter != Delimiter::Parenthesis && (starts_line || ends_line) && !starts_fence(line);
        let end = if has_lines { self.chunk_end() } else { self.line_end };
        let unclosed = self.unclosed[delimiter as usize][usize::from(has_lines)];
        let close =
            if start < unclosed { None } else { delimiter.find_close(&self.source[start..end.max(start)]) };
        match close {
            Some(length) if self.source[start..start + length].trim_ascii().is_empty() => start + length,
            Some(length) => self.insert_math(at, start + length + delimiter.open().len()),
            None if self.is_growing(end) => self.insert_open_math(at, end),
            None => {
                self.unclosed[delimiter as usize][usize::from(has_lines)] = end;
                start
            }
        }
    }

    /// Returns the length of the line's prefix, which may consist of markers of quotes and list items.
    fn prefix_len(&mut self) -> usize {
        let line = &self.source[self.line_start..self.line_end];
        *self
            .prefix_len
            .get_or_insert_with(|| line.len() - line.trim_start_matches(math::is_prefix_char).len())
    }

    /// Returns the end of the lines up to the next blank line or fence.
    fn chunk_end(&mut self) -> usize {
        if self.chunk_end < self.line_end {
            let mut end = self.line_end;
            while end < self.source.len() {
                let next = line_end(self.source, end + 1);
                let line = &self.source[end + 1..next];
                let text = line.trim_start_matches([' ', '\t', '>', '\r']);
                let is_blank = text.is_empty() && next < self.source.len();
                if is_blank || starts_fence(text) {
                    break;
                }
                end = next;
            }
            self.chunk_end = end;
        }
        self.chunk_end
    }

    /// Makes the source up to `end` a code span that text to come may continue.
    fn insert_open_math(&mut self, at: usize, end: usize) -> usize {
        self.open_math = self.open_math.or(Some(at));
        let length = self.source[at..end].trim_ascii_end().len();
        self.insert_math(at, at + length);
        self.source.len()
    }

    /// Makes a part of the source a code span of one line.
    fn insert_math(&mut self, start: usize, end: usize) -> usize {
        let source = self.source;
        let ticks = *self.ticks.get_or_insert_with(|| math::unused_backticks(source));
        let ticks = "`".repeat(ticks);
        let prefix_len = self.prefix_len();
        self.edit(start, 0, &format!("{MATH_START}{ticks}{MATH_START}"));
        let mut at = start;
        while let Some(length) = source[at..end].find('\n') {
            let newline = at + length;
            let cr = usize::from(source[at..newline].ends_with('\r'));
            self.edit(newline - cr, 1 + cr, LINE_BREAK.encode_utf8(&mut [0; 4]));
            at = newline + 1;
            let is_prefix = |c: &char| matches!(c, ' ' | '\t' | '>');
            at += source[at..end].chars().take(prefix_len).take_while(is_prefix).count();
            self.mark(at, PREFIX_END);
        }
        self.edit(end, 0, &format!("{MATH_END}{ticks}{MATH_END}"));
        end
    }
}

/// Returns `true` if a line may start or end a fenced code block.
fn starts_fence(text: &str) -> bool {
    text.starts_with("```") || text.starts_with("~~~")
}

/// Returns the end of the line at `at`, without its line break.
fn line_end(source: &str, at: usize) -> usize {
    source.get(at..).and_then(|rest| rest.find('\n')).map_or(source.len(), |length| at + length)
}

/// Returns the start of the line at `at`.
fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare_and_restore(source: &str, finished: bool) -> String {
        restore(&prepare(source, finished).text, Prefix::Keep).into_owned()
    }

    #[test]
    fn restored_text_equals_source() {
        for source in [
            "**注意：**正文",
            "$a_b$ and \\(c\\) and $$d$$",
            "> \\[\n> a\n> \\]\n",
            "https://a.example/__init__.py",
            "`$a$` \\$b$ \\\\(c\\\\)",
        ] {
            for finished in [false, true] {
                assert_eq!(prepare_and_restore(source, finished), source);
            }
        }
    }

    #[test]
    fn noncharacters_are_replaced() {
        assert_eq!(prepare_and_restore("a\u{FDD0}**\u{FDEF}", true), "a\u{FFFD}**\u{FFFD}");
        assert_eq!(prepare("\u{FDCF}\u{FDF0}", true).text, "\u{FDCF}\u{FDF0}");
    }

    #[test]
    fn offset_is_converted_to_source() {
        let source = "a $b$ c\n\n**注：**d\n";
        let prepared = prepare(source, true);
        for word in ["a ", "c\n", "注", "d\n"] {
            let at = prepared.text.find(word).unwrap();
            assert_eq!(Some(prepared.source_offset(at)), source.find(word), "{word}");
        }
        assert_eq!(prepared.source_offset(prepared.text.len()), source.len());
    }

    #[test]
    fn math_is_open_until_it_is_closed_or_its_paragraph_ends() {
        for (source, open) in [
            ("a\n\\[\nb_c\n", Some(2)),
            ("\\[\nb\n\\]", None),
            ("\\[\nb\n\nc", None),
            ("\\[\nb\n```\nc", None),
            ("a \\(b_c", Some(2)),
            ("a \\(b_c\n", None),
            ("$a_b + c_", Some(0)),
            ("$5 and ", None),
            ("$HOME and", None),
            ("$$", Some(0)),
        ] {
            assert_eq!(prepare(source, false).open_math, open, "{source:?}");
            assert_eq!(prepare(source, true).open_math, None, "{source:?}");
        }
    }
}
