//! Code fences. The lines of an open fence are appended to the code as they come, without the parser.

use super::prepare::{Prefix, restore};

/// A top-level fence whose closing line has not come yet.
#[derive(Debug)]
pub(super) struct Fence {
    mark: u8,
    /// The number of marks that opened the fence. At least as many must close it.
    count: usize,
    /// The indentation of the opening line, in columns. It is removed from the lines of the code.
    indent: usize,
    /// Where the next unread byte is in the text.
    position: usize,
    /// `true` if a part of the line at `position` was read already.
    is_mid_line: bool,
}

impl Fence {
    /// Returns the fence whose opening line starts at `start`; `None` while that line is not complete.
    pub(super) fn open(text: &str, start: usize) -> Option<Self> {
        let line = &text[start..];
        let length = line.find('\n')?;
        let marks = line.trim_start_matches(' ');
        let mark = *marks.as_bytes().first()?;
        let count = marks.bytes().take_while(|&byte| byte == mark).count();
        Some(Self {
            mark,
            count,
            indent: line.len() - marks.len(),
            position: start + length + 1,
            is_mid_line: false,
        })
    }

    /// Returns the same fence in a text with `offset` more bytes before it.
    pub(super) fn moved(self, offset: usize) -> Self {
        Self { position: self.position + offset, ..self }
    }

    /// Returns where the next unread byte is in the text. After a closed fence, the next block starts there.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Reads the new part of `text`, and appends it to `code`. Returns `true` if the fence is closed.
    ///
    /// A last line that may become the closing line is not read yet, so that `code` only grows.
    pub(super) fn feed(&mut self, text: &str, finished: bool, code: &mut String) -> bool {
        while self.position < text.len() {
            let rest = &text[self.position..];
            let end = rest.find('\n');
            let line = match end {
                Some(end) => rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]),
                // The carriage return may be the first half of a line break.
                None if !finished => rest.strip_suffix('\r').unwrap_or(rest),
                None => rest,
            };
            if !self.is_mid_line
                && let Some(marks) = self.closing_marks(line)
            {
                if end.is_none() && !finished {
                    return false;
                }
                // The parser drops a last line of spaces.
                if marks >= self.count || (end.is_none() && marks == 0) {
                    self.position += end.map_or(rest.len(), |end| end + 1);
                    return true;
                }
            }
            let content = if self.is_mid_line { line } else { self.unindent(line, code) };
            code.push_str(content);
            self.is_mid_line = end.is_none();
            if let Some(end) = end {
                code.push('\n');
                self.position += end + 1;
            } else {
                self.position += line.len();
                return false;
            }
        }
        false
    }

    /// Returns the number of marks in `line`, which is 0 for a blank line. `None` if the line cannot close the fence.
    fn closing_marks(&self, line: &str) -> Option<usize> {
        let marks = line.trim_start_matches(' ');
        let tail = marks.trim_start_matches(char::from(self.mark));
        (line.len() - marks.len() < 4 && tail.trim_start_matches(' ').is_empty())
            .then(|| marks.len() - tail.len())
    }

    /// Removes the fence's indentation from `line`. A tab that reaches beyond it is appended to `code` as spaces.
    fn unindent<'a>(&self, line: &'a str, code: &mut String) -> &'a str {
        let mut column = 0;
        for (index, byte) in line.bytes().enumerate() {
            if column >= self.indent {
                code.extend(std::iter::repeat_n(' ', column - self.indent));
                return &line[index..];
            }
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => return &line[index..],
            }
        }
        code.extend(std::iter::repeat_n(' ', column.saturating_sub(self.indent)));
        ""
    }
}

/// Returns the language of a fence: the first word of its info string.
pub(super) fn language(info: &str) -> String {
    let info = restore(info, Prefix::Keep);
    info.split(|c: char| c == ',' || c.is_whitespace()).next().unwrap_or_default().to_owned()
}
