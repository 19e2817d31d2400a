//! An open code fence: its lines are taken over as they come, without parsing anything.

/// A top-level fence whose closing line has not come yet.
#[derive(Debug)]
pub(super) struct Fence {
    mark: u8,
    /// How many marks opened it: as many must close it.
    count: usize,
    /// Columns that the opening line is indented by; content lines lose as many.
    indent: usize,
    /// Where reading goes on, in bytes from the start of the text that is fed.
    at: usize,
    /// The start of the line at `at` was taken over already.
    mid_line: bool,
}

impl Fence {
    /// The fence whose opening line starts at `start` of `text`; `None` while that line is not complete.
    pub(super) fn open(text: &str, start: usize) -> Option<Self> {
        let line = &text[start..];
        let length = line.find('\n')?;
        let marks = line.trim_start_matches(' ');
        let mark = *marks.as_bytes().first()?;
        let count = marks.bytes().take_while(|&byte| byte == mark).count();
        Some(Self { mark, count, indent: line.len() - marks.len(), at: start + length + 1, mid_line: false })
    }

    /// The same fence in a text that has `offset` more bytes before it.
    pub(super) fn moved(self, offset: usize) -> Self {
        Self { at: self.at + offset, ..self }
    }

    /// Where the next unread byte is: once closed, where the next block begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Appends what is new in `text` to `code`; true when the closing line was met. The start of a line that may
    /// yet become the closing one is held back, so that `code` only ever grows.
    pub(super) fn feed(&mut self, text: &str, finished: bool, code: &mut String) -> bool {
        while self.at < text.len() {
            let rest = &text[self.at..];
            let end = rest.find('\n');
            let line = match end {
                Some(end) => rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]),
                // This may be the first half of a line's end.
                None if !finished => rest.strip_suffix('\r').unwrap_or(rest),
                None => rest,
            };
            if !self.mid_line
                && let Some(marks) = self.closing_marks(line)
            {
                if end.is_none() && !finished {
                    return false;
                }
                // The parser drops a last line of spaces.
                if marks >= self.count || (end.is_none() && marks == 0) {
                    self.at += end.map_or(rest.len(), |end| end + 1);
                    return true;
                }
            }
            let content = if self.mid_line { line } else { self.unindent(line, code) };
            code.push_str(content);
            self.mid_line = end.is_none();
            if let Some(end) = end {
                code.push('\n');
                self.at += end + 1;
            } else {
                self.at += line.len();
                return false;
            }
        }
        false
    }

    /// How many marks `line` has (none, if it is blank), if it holds nothing else than a closing line may.
    fn closing_marks(&self, line: &str) -> Option<usize> {
        let marks = line.trim_start_matches(' ');
        let tail = marks.trim_start_matches(char::from(self.mark));
        (line.len() - marks.len() < 4 && tail.trim_start_matches(' ').is_empty())
            .then(|| marks.len() - tail.len())
    }

    /// `line` without the fence's indentation; a tab that reaches beyond it leaves its rest as spaces in `code`.
    fn unindent<'a>(&self, line: &'a str, code: &mut String) -> &'a str {
        let mut column = 0;
        for (at, byte) in line.bytes().enumerate() {
            if column >= self.indent {
                code.extend(std::iter::repeat_n(' ', column - self.indent));
                return &line[at..];
            }
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => return &line[at..],
            }
        }
        code.extend(std::iter::repeat_n(' ', column.saturating_sub(self.indent)));
        ""
    }
}
