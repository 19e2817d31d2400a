//! Tells math from prices and shell variables.

/// The delimiters that are used for math only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// `\(…\)`, in one line.
    Parenthesis,
    /// `\[…\]`
    Bracket,
    /// `$$…$$`
    Dollars,
}

impl Delimiter {
    pub(super) fn open(self) -> &'static str {
        match self {
            Self::Parenthesis => "\\(",
            Self::Bracket => "\\[",
            Self::Dollars => "$$",
        }
    }

    /// Returns the position of the closing delimiter in `text`.
    pub(super) fn find_close(self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let next = bytes.get(at + 1);
            match (self, byte, next) {
                (Self::Parenthesis, b'\\', Some(b')'))
                | (Self::Bracket, b'\\', Some(b']'))
                | (Self::Dollars, b'$', Some(b'$')) => return Some(at),
                (_, b'\\', _) => at += 2,
                _ => at += 1,
            }
        }
        None
    }
}

/// Returns the position of the next dollar sign that is not escaped.
pub(super) fn find_dollar(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_dollar = byte == b'$' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_dollar
    })
}

/// Returns `true` if the text between two dollar signs is math. `next` is the character after the second one.
///
/// `$5 or $10` and `$HOME:$PATH` are not math, and neither is a number with words after it.
pub(super) fn is_formula(content: &str, next: Option<char>) -> bool {
    let starts_with_number = content.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
    let is_price = starts_with_number && longest_word(content) > 1;
    let continues = next.is_some_and(|next| next.is_alphanumeric() || next == '_' || next == '$');
    has_no_markdown(content) && !content.ends_with(char::is_whitespace) && !continues && !is_price
}

/// Returns `true` if the text after a dollar sign, at the end of a growing text, looks like the start of math.
pub(super) fn may_become_formula(content: &str) -> bool {
    has_no_markdown(content)
        && !content.starts_with(|c: char| c.is_ascii_digit())
        && longest_word(content) < 3
}

/// Returns `true` if no Markdown starts or ends in the content, and it does not start with white space.
fn has_no_markdown(content: &str) -> bool {
    !content.is_empty()
        && !content.starts_with(char::is_whitespace)
        && !content.contains('`')
        && !content.contains("**")
        && !content.contains("](")
}

/// Returns the number of letters of the longest word, without commands (`\frac`) and without the text in braces.
///
/// A letter of a script other than Latin and Greek counts as three.
fn longest_word(content: &str) -> usize {
    let (mut longest, mut letters, mut braces) = (0_usize, 0_usize, 0_usize);
    let mut is_command = false;
    for c in content.chars() {
        match c {
            'A'..='Z' | 'a'..='z' if is_command => {}
            '\\' => (is_command, letters) = (true, 0),
            _ => {
                is_command = false;
                match c {
                    '{' => braces += 1,
                    '}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
                letters = match c {
                    // A Greek letter is a symbol.
                    '\u{370}'..='\u{3ff}' => 0,
                    c if c.is_ascii_alphabetic() => letters + 1,
                    c if c.is_alphabetic() => letters + 3,
                    _ => 0,
                };
                if braces == 0 {
                    longest = longest.max(letters);
                }
            }
        }
    }
    longest
}

/// Returns `true` for the characters of the markers of quotes and list items.
pub(super) fn is_prefix_char(c: char) -> bool {
    matches!(c, ' ' | '\t' | '>' | '-' | '*' | '+' | '.' | ')' | '0'..='9')
}

/// Returns a number of backticks that do not occur as a run in the source, so that they can delimit a code span.
pub(super) fn unused_backticks(source: &str) -> usize {
    let mut used = 0_u64;
    for run in source.split(|c| c != '`').filter(|run| !run.is_empty()) {
        used |= 1_u64.checked_shl(u32::try_from(run.len() - 1).unwrap_or(u32::MAX)).unwrap_or(0);
    }
    used.trailing_ones().min(63) as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_variables_are_not_formulas() {
        for (content, next) in [
            ("5** or **", Some('1')),
            ("5](https://a.example) and [", Some('x')),
            ("5 off, then 100", None),
            ("5 到 100", None),
            ("HOME/bin:", Some('P')),
            ("a ", None),
            (" a", None),
            ("x` and `", None),
            ("", None),
        ] {
            assert!(!is_formula(content, next), "{content}");
        }
    }

    #[test]
    fn formula_may_start_with_number() {
        for content in
            ["x", "a_b", "5", "2x + 3", "10^{-3}", "3 \\times 4", "-1", "2 \\text{ if } x > 0", "α + β"]
        {
            assert!(is_formula(content, Some('.')), "{content}");
        }
    }

    #[test]
    fn growing_text_may_become_formula_until_it_has_words() {
        assert!(["a", "a_b + c", "\\frac{a}{long"].iter().all(|text| may_become_formula(text)));
        assert!(!["", "5", "HOME", "x and", "价格"].iter().any(|text| may_become_formula(text)));
    }

    #[test]
    fn delimiter_closes_unless_its_backslash_is_escaped() {
        assert_eq!(Delimiter::Bracket.find_close("a \\\\[4pt] b \\]"), Some(12));
        assert_eq!(Delimiter::Parenthesis.find_close("a\\\\)"), None);
        assert_eq!(Delimiter::Dollars.find_close("a \\$ $$"), Some(5));
        assert_eq!(find_dollar("a\\$b\\\\$"), Some(6));
    }

    #[test]
    fn unused_run_of_backticks_is_found() {
        assert_eq!(unused_backticks("a"), 1);
        assert_eq!(unused_backticks("`a` ```b``` ``"), 4);
        assert_eq!(unused_backticks(&"`".repeat(200)), 1);
    }
}
