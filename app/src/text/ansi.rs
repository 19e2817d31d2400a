//! Interprets the output of a command as a terminal does: colours, and lines that are overwritten. All other control
//! sequences are dropped.

/// A piece of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// CSS classes: `fg1`…`fg15`, `bold`, `dim`, `underline`; empty for plain text.
    pub(crate) class: String,
    /// The text without control characters, except line breaks and tabs.
    pub(crate) text: String,
}

/// The style of a character.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    /// One of the 16 colours; 0 is the default. Black is shown as the default, because it may be invisible.
    colour: u8,
    bold: bool,
    dim: bool,
    underline: bool,
}

impl Style {
    /// Applies a "select graphic rendition" sequence. Colours beyond the 16 do not change the style.
    fn apply(&mut self, parameters: &str) {
        let mut codes = parameters.split([';', ':']).map(|code| code.parse::<u8>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                4 => self.underline = true,
                22 => (self.bold, self.dim) = (false, false),
                24 => self.underline = false,
                30..=37 => self.colour = code - 30,
                90..=97 => self.colour = code - 90 + 8,
                39 => self.colour = 0,
                38 | 48 => {
                    let index = match codes.next() {
                        Some(5) => codes.next(),
                        Some(2) => codes.by_ref().nth(2).and(None),
                        _ => None,
                    };
                    if let (38, Some(index @ 0..=15)) = (code, index) {
                        self.colour = index;
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns the CSS classes of the style.
    fn class(self) -> String {
        let mut class = String::new();
        if self.colour > 0 {
            class.push_str("fg");
            class.push_str(&self.colour.to_string());
        }
        for (on, name) in [(self.bold, "bold"), (self.dim, "dim"), (self.underline, "underline")] {
            if on {
                if !class.is_empty() {
                    class.push(' ');
                }
                class.push_str(name);
            }
        }
        class
    }
}

/// The maximum number of runs with a style, because each is an element of the page. The text after them is plain.
const MAX_STYLED_RUNS: usize = 5000;

/// How far the cursor can move beyond the text of a line. The gap is filled with spaces.
const MAX_PADDED_COLUMN: usize = 200;

/// Splits the output of a terminal program into runs of one style.
///
/// After a carriage return, the line is overwritten from its beginning, as progress bars expect. An escape sequence that is
/// not complete is dropped.
pub(crate) fn parse(text: &str) -> Vec<Run> {
    let mut screen = Screen::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match escape(&mut chars) {
                Some(('m', parameters)) => {
                    screen.style.apply(&parameters);
                    if screen.runs.len() + screen.line_runs > MAX_STYLED_RUNS {
                        screen.style = Style::default();
                    }
                }
                Some((control, parameters)) => screen.control(control, &parameters),
                None => {}
            },
            '\r' => screen.column = 0,
            '\u{8}' => screen.column = screen.column.saturating_sub(1),
            '\n' => screen.end_line(),
            c if c.is_control() && c != '\t' => {}
            c => screen.print(c),
        }
    }
    screen.write_line();
    screen.runs.into_iter().map(|(style, text)| Run { class: style.class(), text }).collect()
}

/// Returns the text that [`parse`] returns, without styles.
pub(crate) fn plain(text: &str) -> String {
    parse(text).into_iter().map(|run| run.text).collect()
}

/// The text so far. Only the last line can be overwritten.
#[derive(Default)]
struct Screen {
    runs: Vec<(Style, String)>,
    /// The last line.
    line: Vec<(Style, char)>,
    /// The column of the next character.
    column: usize,
    /// The number of changes of style in the last line.
    line_runs: usize,
    style: Style,
}

impl Screen {
    fn print(&mut self, c: char) {
        let blank = (Style::default(), ' ');
        if self.column > self.line.len() {
            self.line.resize(self.column, blank);
        }
        let before = self.column.checked_sub(1).and_then(|before| self.line.get(before));
        self.line_runs += usize::from(before.is_none_or(|(style, _)| *style != self.style));
        let cell = (self.style, c);
        match self.line.get_mut(self.column) {
            Some(old) => *old = cell,
            None => self.line.push(cell),
        }
        self.column += 1;
    }

    /// Applies a control sequence that moves within the line or erases a part of it.
    fn control(&mut self, control: char, parameters: &str) {
        let number = parameters.parse::<usize>().ok();
        let max_column = self.line.len().max(MAX_PADDED_COLUMN);
        match (control, number) {
            ('C', count) => {
                self.column = self.column.saturating_add(count.unwrap_or(1).max(1)).min(max_column);
            }
            ('D', count) => self.column = self.column.saturating_sub(count.unwrap_or(1).max(1)),
            ('G', column) => self.column = column.unwrap_or(1).saturating_sub(1).min(max_column),
            ('K', None | Some(0)) => self.line.truncate(self.column),
            // Each sequence would cost the time of the whole line. No terminal is so wide.
            ('K', Some(1)) if self.line.len() > MAX_PADDED_COLUMN => {}
            ('K', Some(1)) => {
                let end = self.column.saturating_add(1).min(self.line.len());
                self.line[..end].fill((Style::default(), ' '));
            }
            ('K', Some(2)) => self.line.clear(),
            _ => {}
        }
    }

    fn end_line(&mut self) {
        self.write_line();
        self.push(self.style, '\n');
    }

    fn write_line(&mut self) {
        for (style, c) in std::mem::take(&mut self.line) {
            self.push(style, c);
        }
        (self.column, self.line_runs) = (0, 0);
    }

    fn push(&mut self, style: Style, c: char) {
        // Overwritten characters may leave more runs than were counted.
        let style = if self.runs.len() > MAX_STYLED_RUNS { Style::default() } else { style };
        match self.runs.last_mut() {
            Some((last, text)) if *last == style => text.push(c),
            _ => self.runs.push((style, c.to_string())),
        }
    }
}

/// Reads an escape sequence after its escape character. Returns the control and its parameters if it starts with `[`.
fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<(char, String)> {
    match chars.next()? {
        '[' => {
            let mut parameters = String::new();
            for c in chars.by_ref() {
                match c {
                    '\u{40}'..='\u{7e}' => return Some((c, parameters)),
                    c => parameters.push(c),
                }
            }
            None
        }
        // A string (title, hyperlink, …) up to its terminator.
        ']' | 'P' | '_' | '^' | 'X' => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
            None
        }
        // Character sets, which have an argument.
        '(' | ')' | '*' | '+' | '#' | '%' => {
            chars.next();
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, String)> {
        parse(text).into_iter().map(|run| (run.class, run.text)).collect()
    }

    fn pair(class: &str, text: &str) -> (String, String) {
        (class.to_owned(), text.to_owned())
    }

    #[test]
    fn plain_text_is_one_run() {
        assert_eq!(shown("one\n\ttwo\n"), [pair("", "one\n\ttwo\n")]);
        assert_eq!(shown(""), []);
    }

    #[test]
    fn styles_become_classes() {
        assert_eq!(
            shown("\u{1b}[31mred \u{1b}[1mbold\u{1b}[0m plain \u{1b}[92;4mgreen\u{1b}[39;24m."),
            [
                pair("fg1", "red "),
                pair("fg1 bold", "bold"),
                pair("", " plain "),
                pair("fg10 underline", "green"),
                pair("", "."),
            ]
        );
    }

    #[test]
    fn colours_of_larger_palettes_are_ignored() {
        assert_eq!(plain("\u{1b}[38;5;200mA\u{1b}[38;2;1;2;3mB\u{1b}[48;5;1mC"), "ABC");
        assert_eq!(shown("\u{1b}[38;5;9mA"), [pair("fg9", "A")]);
        assert_eq!(shown("\u{1b}[38;2;4;4;4;1mA"), [pair("bold", "A")]);
    }

    #[test]
    fn other_sequences_are_dropped() {
        assert_eq!(
            plain("a\u{1b}[2J\u{1b}[10;5Hb\u{1b}(Bc\u{1b}]0;title\u{7}d\u{1b}]8;;http://x\u{1b}\\e\u{7}"),
            "abcde"
        );
        assert_eq!(plain("cut off \u{1b}[3"), "cut off ");
        assert_eq!(plain("\u{1b}"), "");
        assert_eq!(plain("<b>&amp;\u{0}"), "<b>&amp;");
    }

    #[test]
    fn text_after_max_styled_runs_is_plain() {
        for runs in [MAX_STYLED_RUNS, 2 * MAX_STYLED_RUNS, 4 * MAX_STYLED_RUNS] {
            let parsed = parse(&"\u{1b}[31ma\u{1b}[32mb".repeat(runs));
            assert!(parsed.len() <= MAX_STYLED_RUNS + 2);
            assert_eq!(parsed.iter().map(|run| run.text.len()).sum::<usize>(), 2 * runs);
        }
    }

    #[test]
    fn overwritten_line_is_one_run() {
        let text = "\u{1b}[31ma\r\u{1b}[32mb\r".repeat(1000);
        assert_eq!(shown(&format!("kept\n{text}")), [pair("", "kept\n"), pair("fg2", "b")]);
        assert_eq!(plain(&format!("kept\n{text}last")), "kept\nlast");
    }

    #[test]
    fn carriage_return_overwrites_the_line() {
        for (output, text) in [
            ("10%\r50%\r100%\r", "100%"),
            ("a\r\r\nb\r\r\n", "a\nb\n"),
            ("abc\rX", "Xbc"),
            ("1\r\n10 %\r50 %\r\u{1b}[32m100 %\ndone\n", "1\n100 %\ndone\n"),
            ("abc\r\n", "abc\n"),
            ("\r\r", ""),
        ] {
            assert_eq!(plain(output), text, "{output:?}");
        }
    }

    #[test]
    fn cursor_movement_and_erasing_work_as_in_a_terminal() {
        for (output, text) in [
            ("loading 100 MB\r\u{1b}[Kdone", "done"),
            ("loading\u{1b}[2K\rdone", "done"),
            ("abc\u{1b}[2D\u{1b}[1Kd", " dc"),
            ("abc\u{8}\u{8}d\n\u{8}e", "adc\ne"),
            ("_\u{8}a", "a"),
            ("ok\u{1b}[6Gyes", "ok   yes"),
            ("a\u{1b}[2Cb\u{1b}[1Gc", "c  b"),
        ] {
            assert_eq!(plain(output), text, "{output:?}");
        }
        let far = plain(&"\u{1b}[99999999Gx\n".repeat(100));
        assert_eq!(far.len(), 100 * (MAX_PADDED_COLUMN + 2));
    }
}
