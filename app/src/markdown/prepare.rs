//! A message as the parser reads it: with marks where it would read something else than what is meant.
//!
//! - Emphasis beside CJK punctuation (`**注意：**正文`) opens and closes as it does beside letters.
//! - Math (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`) is a code span, over lines too: nothing in it is Markdown.
//! - What emphasises elsewhere is part of a bare address (`https://a.example/__init__.py`).
//!
//! Marks are noncharacters of Unicode, which the parser takes for letters. Those that a message holds itself become
//! U+FFFD. [`restore`] takes the marks out of what the parser returns, so a mark that had no effect is not seen.
//!
//! What is marked depends on the lines up to the next blank line alone, and on nothing before them. So the end of a
//! message is prepared in the same way whether its beginning is prepared with it or not.

use std::borrow::Cow;

use super::address::address_len;
use super::math::{self, Delimiter};

/// Between an emphasis and punctuation that it would not open or close beside.
const FLANK: char = '\u{FDD0}';
/// Around the backticks that are inserted before math, and around those after it.
const MATH_START: char = '\u{FDD1}';
const MATH_END: char = '\u{FDD2}';
/// In place of a line break in math.
const LINE: char = '\u{FDD3}';
/// Behind what the containers of the math (list items, quotes) put at the start of its lines.
const PREFIX_END: char = '\u{FDD4}';
/// Before a backslash that is inserted.
const ESCAPE: char = '\u{FDD5}';

/// The first two bytes of all noncharacters from U+FDD0 to U+FDEF.
const NONCHARACTER_START: [u8; 2] = [0xEF, 0xB7];

/// A source as the parser reads it.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub(super) text: Cow<'a, str>,
    /// In order.
    edits: Vec<Edit>,
    /// Where in the source math begins that may still be closed by text to come.
    pub(super) open_math: Option<usize>,
}

/// A place where the text differs from the source.
#[derive(Debug)]
struct Edit {
    /// Where in the text, and how many bytes are new.
    at: usize,
    inserted: usize,
    /// Where in the source, and how many bytes are left out.
    source: usize,
    removed: usize,
}

impl Prepared<'_> {
    /// Where in the source a place of the text is.
    pub(super) fn source_offset(&self, at: usize) -> usize {
        let edits = self.edits.partition_point(|edit| edit.at < at);
        match edits.checked_sub(1).and_then(|last| self.edits.get(last)) {
            Some(edit) => edit.source + edit.removed + at.saturating_sub(edit.at + edit.inserted),
            None => at,
        }
    }
}

/// Prepares a source. While it is not `finished`, math that it does not close goes on to its end.
pub(super) fn prepare(source: &str, finished: bool) -> Prepared<'_> {
    if !has_noncharacter(source) {
        return Scanner::new(source, finished).scan();
    }
    let is_mark = |c: char| ('\u{FDD0}'..='\u{FDEF}').contains(&c);
    let replaced: String = source.chars().map(|c| if is_mark(c) { '\u{FFFD}' } else { c }).collect();
    let Prepared { text, edits, open_math } = Scanner::new(&replaced, finished).scan();
    Prepared { text: Cow::Owned(text.into_owned()), edits, open_math }
}

fn has_noncharacter(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|bytes| bytes[..2] == NONCHARACTER_START && (0x90..0xB0).contains(&bytes[2]))
}

/// What becomes of the beginnings of lines in math that turned out to be something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Keep,
    /// They belong to the containers.
    Drop,
}

/// Takes the marks out of a text of the parser.
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
            LINE => {
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

/// Returns `true` if a code span of the parser is math.
pub(super) fn is_math(code: &str) -> bool {
    code.starts_with(MATH_START)
}

/// Returns `true` if a text of the parser has line breaks that it has not seen.
pub(super) fn has_joined_lines(text: &str) -> bool {
    text.contains(LINE)
}

struct Scanner<'a> {
    source: &'a str,
    finished: bool,
    text: String,
    edits: Vec<Edit>,
    /// How much of the source is in `text`.
    copied: usize,
    open_math: Option<usize>,
    /// The line that is read, without its end.
    line_start: usize,
    line_end: usize,
    /// How long its beginning is that may belong to containers, once that was asked for.
    prefix_len: Option<usize>,
    /// Where the lines end that math can go on in, once that was asked for.
    chunk_end: usize,
    /// For each delimiter, up to where no closing one follows: in its line, and in the lines of the chunk.
    unclosed: [[usize; 2]; 3],
    /// How many backticks are inserted around math, once that was asked for.
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

    /// The character before, in the same line.
    fn char_before(&self, at: usize) -> Option<char> {
        self.source[self.line_start..at].chars().next_back()
    }

    /// Puts `new` in place of so many bytes of the source.
    fn edit(&mut self, source: usize, removed: usize, new: &str) {
        self.text.push_str(&self.source[self.copied..source]);
        self.edits.push(Edit { at: self.text.len(), inserted: new.len(), source, removed });
        self.text.push_str(new);
        self.copied = source + removed;
    }

    fn mark(&mut self, source: usize, mark: char) {
        self.edit(source, 0, mark.encode_utf8(&mut [0; 4]));
    }

    /// Reads a run of `*` or `~`.
    ///
    /// CommonMark lets no emphasis open before punctuation that follows a letter, nor close behind punctuation that a
    /// letter follows. CJK text has no spaces, so there such punctuation counts as a letter (as in markdown-cjk-friendly).
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

    /// Escapes what would emphasise in a bare address.
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

    /// Returns `true` if text to come continues what ends at `end`.
    fn is_growing(&self, end: usize) -> bool {
        !self.finished && end == self.source.len()
    }

    /// Reads what begins at the opening delimiter at `at`.
    ///
    /// Math goes on over lines only if its delimiter begins or ends a line: elsewhere it is more likely to be text.
    fn math(&mut self, at: usize, delimiter: Delimiter) -> usize {
        let start = at + delimiter.open().len();
        let begins_line = at - self.line_start <= self.prefix_len();
        // Byte by byte from the front: to trim the end would read all white space there for each delimiter before it.
        let rest = &self.source.as_bytes()[start.min(self.line_end)..self.line_end];
        let ends_line = rest.iter().all(u8::is_ascii_whitespace);
        let line = &self.source[self.line_start + self.prefix_len()..self.line_end];
        let has_lines =
            delimiter != Delimiter::Parenthesis && (begins_line || ends_line) && !begins_fence(line);
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

    /// The length of what quotes and list items may have put at the start of the line.
    fn prefix_len(&mut self) -> usize {
        let line = &self.source[self.line_start..self.line_end];
        *self
            .prefix_len
            .get_or_insert_with(|| line.len() - line.trim_start_matches(math::is_prefix_char).len())
    }

    /// Where the lines end that have no blank line and no fence between them and this one.
    fn chunk_end(&mut self) -> usize {
        if self.chunk_end < self.line_end {
            let mut end = self.line_end;
            while end < self.source.len() {
                let next = line_end(self.source, end + 1);
                let line = &self.source[end + 1..next];
                let text = line.trim_start_matches([' ', '\t', '>', '\r']);
                let is_blank = text.is_empty() && next < self.source.len();
                if is_blank || begins_fence(text) {
                    break;
                }
                end = next;
            }
            self.chunk_end = end;
        }
        self.chunk_end
    }

    fn insert_open_math(&mut self, at: usize, end: usize) -> usize {
        self.open_math = self.open_math.or(Some(at));
        let length = self.source[at..end].trim_ascii_end().len();
        self.insert_math(at, at + length);
        self.source.len()
    }

    /// Makes a part of the source a code span, in one line.
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
            self.edit(newline - cr, 1 + cr, LINE.encode_utf8(&mut [0; 4]));
            at = newline + 1;
            let is_prefix = |c: &char| matches!(c, ' ' | '\t' | '>');
            at += source[at..end].chars().take(prefix_len).take_while(is_prefix).count();
            self.mark(at, PREFIX_END);
        }
        self.edit(end, 0, &format!("{MATH_END}{ticks}{MATH_END}"));
        end
    }
}

/// Returns `true` if a line can be one that begins or ends a code block.
fn begins_fence(text: &str) -> bool {
    text.starts_with("```") || text.starts_with("~~~")
}

/// Where the line ends that holds the place `at`.
fn line_end(source: &str, at: usize) -> usize {
    source.get(at..).and_then(|rest| rest.find('\n')).map_or(source.len(), |length| at + length)
}

/// Where the line begins that holds the place `at`.
fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Returns `true` for the letters and the punctuation of scripts that are written without spaces, and Hangul.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(
        u32::from(c),
        0x1100..=0x11ff
            | 0x2e80..=0x2fff
            | 0x3001..=0xa4cf
            | 0xa960..=0xa97f
            | 0xac00..=0xd7ff
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe4f
            | 0xff00..=0xffee
            | 0x1b000..=0x1b16f
            | 0x20000..=0x3ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_restored(source: &str, finished: bool) -> String {
        restore(&prepare(source, finished).text, Prefix::Keep).into_owned()
    }

    #[test]
    fn prepared_source_is_restored() {
        for source in [
            "**注意：**正文",
            "$a_b$ and \\(c\\) and $$d$$",
            "> \\[\n> a\n> \\]\n",
            "https://a.example/__init__.py",
            "`$a$` \\$b$ \\\\(c\\\\)",
        ] {
            for finished in [false, true] {
                assert_eq!(all_restored(source, finished), source);
            }
        }
    }

    #[test]
    fn noncharacters_are_replaced() {
        assert_eq!(all_restored("a\u{FDD0}**\u{FDEF}", true), "a\u{FFFD}**\u{FFFD}");
        assert_eq!(prepare("\u{FDCF}\u{FDF0}", true).text, "\u{FDCF}\u{FDF0}");
    }

    #[test]
    fn offset_in_text_is_offset_in_source() {
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
