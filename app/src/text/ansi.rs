//! What a terminal would show of a command's output: colours kept, every other control left out.

/// A piece of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// CSS classes: `fg1`…`fg15`, `bold`, `dim`, `underline`; empty for plain text.
    pub(crate) class: String,
    /// The text, free of control characters but line breaks and tabs.
    pub(crate) text: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    /// One of the 16 colours, 0 for the default (black is the default, too: it would not be seen).
    colour: u8,
    bold: bool,
    dim: bool,
    underline: bool,
}

impl Style {
    /// Follows a "select graphic rendition" sequence. Colours beyond the sixteen stay as they are.
    fn select(&mut self, parameters: &str) {
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

/// How many runs may have a style: each is an element of the page. The text after them is plain.
const MAX_STYLED_RUNS: usize = 5000;

/// Takes the output of a terminal program apart. A carriage return starts its line anew, as progress bars
/// mean it; an escape sequence that is not finished yet is left out.
pub(crate) fn parse(text: &str) -> Vec<Run> {
    let mut runs: Vec<(Style, String)> = vec![(Style::default(), String::new())];
    let mut style = Style::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if let Some(parameters) = escape(&mut chars) {
                    style.select(&parameters);
                    if runs.len() > MAX_STYLED_RUNS {
                        style = Style::default();
                    }
                    begin_run(&mut runs, style);
                }
            }
            '\r' if chars.peek() != Some(&'\n') => {
                restart_line(&mut runs);
                begin_run(&mut runs, style);
            }
            '\u{8}' => {
                if let Some((_, text)) = runs.last_mut()
                    && !text.ends_with('\n')
                {
                    text.pop();
                }
            }
            '\n' | '\t' => push(&mut runs, c),
            c if c.is_control() => {}
            c => push(&mut runs, c),
        }
    }
    let full = runs.into_iter().filter(|(_, text)| !text.is_empty());
    full.map(|(style, text)| Run { class: style.class(), text }).collect()
}

/// The same, without colours.
pub(crate) fn plain(text: &str) -> String {
    parse(text).into_iter().map(|run| run.text).collect()
}

fn push(runs: &mut [(Style, String)], c: char) {
    if let Some((_, text)) = runs.last_mut() {
        text.push(c);
    }
}

/// Goes on in that style.
fn begin_run(runs: &mut Vec<(Style, String)>, style: Style) {
    match runs.last_mut() {
        Some((last, _)) if *last == style => {}
        // Nothing was written in the style before.
        Some((last, text)) if text.is_empty() => *last = style,
        _ => runs.push((style, String::new())),
    }
}

/// Takes back the last line. Runs that are empty then go: they are not looked at again.
fn restart_line(runs: &mut Vec<(Style, String)>) {
    while let Some((_, text)) = runs.last_mut() {
        if let Some(at) = text.rfind('\n') {
            return text.truncate(at + 1);
        }
        runs.pop();
    }
}

/// Reads what follows an escape character; the parameters, if it was one that styles.
fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    match chars.next()? {
        '[' => {
            let mut parameters = String::new();
            for c in chars.by_ref() {
                match c {
                    '\u{40}'..='\u{7e}' => return (c == 'm').then_some(parameters),
                    c => parameters.push(c),
                }
            }
            None
        }
        // A string (title, hyperlink, …), up to its terminator.
        ']' | 'P' | '_' | '^' | 'X' => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
            None
        }
        // Two-character sequences with an argument: character sets.
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
    fn colours_and_weights_become_classes() {
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
    fn larger_palettes_do_not_confuse_the_parser() {
        assert_eq!(plain("\u{1b}[38;5;200mA\u{1b}[38;2;1;2;3mB\u{1b}[48;5;1mC"), "ABC");
        assert_eq!(shown("\u{1b}[38;5;9mA"), [pair("fg9", "A")]);
        assert_eq!(shown("\u{1b}[38;2;4;4;4;1mA"), [pair("bold", "A")]);
    }

    #[test]
    fn other_sequences_leave_nothing_behind() {
        assert_eq!(
            plain("a\u{1b}[2K\u{1b}[10;5Hb\u{1b}(Bc\u{1b}]0;title\u{7}d\u{1b}]8;;http://x\u{1b}\\e\u{7}"),
            "abcde"
        );
        assert_eq!(plain("cut off \u{1b}[3"), "cut off ");
        assert_eq!(plain("\u{1b}"), "");
        assert_eq!(plain("<b>&amp;\u{0}"), "<b>&amp;");
    }

    #[test]
    fn many_styles_end_in_plain_text_and_none_of_it_is_lost() {
        for runs in [MAX_STYLED_RUNS, 2 * MAX_STYLED_RUNS, 4 * MAX_STYLED_RUNS] {
            let parsed = parse(&"\u{1b}[31ma\u{1b}[32mb".repeat(runs));
            assert!(parsed.len() <= MAX_STYLED_RUNS + 2);
            assert_eq!(parsed.iter().map(|run| run.text.len()).sum::<usize>(), 2 * runs);
        }
    }

    #[test]
    fn run_of_a_line_that_starts_anew_is_gone() {
        let mut runs = vec![(Style::default(), "kept\n".to_owned())];
        for _ in 0..1000 {
            runs.extend([(Style::default(), "a".to_owned()), (Style::default(), String::new())]);
            restart_line(&mut runs);
            assert_eq!(runs.len(), 1, "the next carriage return looks at one run");
        }
        let text = "\u{1b}[31ma\r\u{1b}[32mb\r".repeat(1000);
        assert_eq!(plain(&format!("kept\n{text}last")), "kept\nlast");
    }

    #[test]
    fn a_carriage_return_starts_the_line_anew() {
        assert_eq!(plain("1\r\n10 %\r50 %\r\u{1b}[32m100 %\ndone\n"), "1\n100 %\ndone\n");
        assert_eq!(plain("abc\u{8}\u{8}d\n\u{8}e"), "ad\ne");
    }
}
