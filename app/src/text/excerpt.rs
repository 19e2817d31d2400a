//! Excerpts of long texts: the first and the last lines.

/// A text's first and last lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt<'a> {
    pub(crate) head: &'a str,
    /// The number of lines left out between head and tail.
    pub(crate) hidden_lines: usize,
    pub(crate) tail: &'a str,
}

/// Hiding fewer lines than this is not worth the reader's click.
const MIN_HIDDEN_LINES: usize = 9;

/// Returns the first `head_lines` and the last `tail_lines` of a text.
///
/// Returns the whole text if fewer than [`MIN_HIDDEN_LINES`] would be left out.
pub(crate) fn excerpt(text: &str, head_lines: usize, tail_lines: usize) -> Excerpt<'_> {
    let (head, tail) = (first_lines(text, head_lines), last_lines(text, tail_lines));
    let between = text.get(head.len()..text.len() - tail.len()).unwrap_or_default();
    let hidden_lines = between.matches('\n').count();
    if hidden_lines < MIN_HIDDEN_LINES {
        return Excerpt { head: text, hidden_lines: 0, tail: "" };
    }
    Excerpt { head, hidden_lines, tail }
}

/// Returns the first lines of a text with their line breaks.
pub(crate) fn first_lines(text: &str, lines: usize) -> &str {
    let end = text.match_indices('\n').nth(lines.saturating_sub(1)).map_or(text.len(), |(at, _)| at + 1);
    &text[..end]
}

/// Returns the last lines of a text. The text after the last line break counts as a line, unless it is empty.
pub(crate) fn last_lines(text: &str, lines: usize) -> &str {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let start = body.rmatch_indices('\n').nth(lines.saturating_sub(1)).map_or(0, |(at, _)| at + 1);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(lines: std::ops::RangeInclusive<u32>) -> String {
        lines.fold(String::new(), |text, n| text + &format!("{n}\n"))
    }

    #[test]
    fn short_text_is_not_cut() {
        let text = numbered(1..=18);
        assert_eq!(excerpt(&text, 5, 5), Excerpt { head: &text, hidden_lines: 0, tail: "" });
        assert_eq!(excerpt("", 5, 5).head, "");
    }

    #[test]
    fn long_text_keeps_both_ends_and_counts_hidden_lines() {
        let text = numbered(1..=100);
        let excerpt = excerpt(&text, 3, 2);
        assert_eq!(excerpt, Excerpt { head: "1\n2\n3\n", hidden_lines: 95, tail: "99\n100\n" });
    }

    #[test]
    fn last_line_without_line_break_counts() {
        let text = format!("{}unfinished", numbered(1..=100));
        assert_eq!(excerpt(&text, 1, 1), Excerpt { head: "1\n", hidden_lines: 99, tail: "unfinished" });
    }
}
