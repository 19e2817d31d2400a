//! The part of a long text that is shown at first: its beginning and its end.

/// A text's first and last lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt<'a> {
    pub(crate) head: &'a str,
    /// How many whole lines are left out between head and tail.
    pub(crate) hidden: usize,
    pub(crate) tail: &'a str,
}

/// Keeps the first `head` and the last `tail` lines of a text; all of it if that is not much less.
pub(crate) fn excerpt(text: &str, head: usize, tail: usize) -> Excerpt<'_> {
    /// So few lines are not worth a click.
    const FEW: usize = 8;
    let (head, tail) = (first_lines(text, head), last_lines(text, tail));
    let between = text.get(head.len()..text.len() - tail.len()).unwrap_or_default();
    let hidden = between.matches('\n').count();
    if hidden <= FEW { Excerpt { head: text, hidden: 0, tail: "" } } else { Excerpt { head, hidden, tail } }
}

/// The first lines of a text, their ends included.
pub(crate) fn first_lines(text: &str, lines: usize) -> &str {
    let end = text.match_indices('\n').nth(lines.saturating_sub(1)).map_or(text.len(), |(at, _)| at + 1);
    &text[..end]
}

/// The last lines of a text; what follows the last line break is one, unless it is empty.
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
    fn a_short_text_is_whole() {
        let text = numbered(1..=18);
        assert_eq!(excerpt(&text, 5, 5), Excerpt { head: &text, hidden: 0, tail: "" });
        assert_eq!(excerpt("", 5, 5).head, "");
    }

    #[test]
    fn a_long_text_keeps_both_ends_and_counts_what_is_between() {
        let text = numbered(1..=100);
        let excerpt = excerpt(&text, 3, 2);
        assert_eq!(excerpt, Excerpt { head: "1\n2\n3\n", hidden: 95, tail: "99\n100\n" });
    }

    #[test]
    fn a_last_line_without_an_end_counts() {
        let text = format!("{}unfinished", numbered(1..=100));
        assert_eq!(excerpt(&text, 1, 1), Excerpt { head: "1\n", hidden: 99, tail: "unfinished" });
    }
}
