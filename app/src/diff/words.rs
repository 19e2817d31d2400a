//! What differs within a line that was changed.

use std::ops::Range;

/// In each line, what differs; none where nothing is marked.
type Marks = Vec<Option<Range<usize>>>;

/// What differs within lines that went and those that came in their place. Each is compared with the first one that it
/// can have become.
pub(super) fn words(removed: &[&str], added: &[&str]) -> (Marks, Marks) {
    /// More comparisons than that say nothing to a reader.
    const MOST: usize = 400;
    let (mut in_removed, mut in_added) = (vec![None; removed.len()], vec![None; added.len()]);
    if removed.len() * added.len() > MOST {
        return (in_removed, in_added);
    }
    let mut next = 0;
    for (old, mark) in removed.iter().zip(&mut in_removed) {
        let found = (next..added.len()).find_map(|at| Some((at, differing(old, added[at])?)));
        if let Some((at, (in_old, in_new))) = found {
            (*mark, in_added[at]) = (Some(in_old), Some(in_new));
            next = at + 1;
        }
    }
    (in_removed, in_added)
}

/// Where two lines differ, each in its own bytes: what is between their common beginning and their common end, as
/// whole words. None where they have too little in common for that to say anything.
fn differing(old: &str, new: &str) -> Option<(Range<usize>, Range<usize>)> {
    let before: usize = alike(old.chars().zip(new.chars()));
    let before = word_start(old, before).min(word_start(new, before));
    let after: usize = alike(old[before..].chars().rev().zip(new[before..].chars().rev()));
    let (old_end, new_end) = (word_end(old, old.len() - after), word_end(new, new.len() - after));
    // As far as both agree.
    let after = (old.len() - old_end).min(new.len() - new_end);
    let shared = old[..before].trim().len() + old[old.len() - after..].trim().len();
    let longest = old.trim().len().max(new.trim().len());
    (shared * 3 >= longest && shared < longest)
        .then(|| (before..old.len() - after, before..new.len() - after))
}

/// How many bytes are alike from the beginning of pairs of characters.
fn alike(pairs: impl Iterator<Item = (char, char)>) -> usize {
    pairs.take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum()
}

/// Whether a character is part of a word. (Where words are not set apart, each character stands for itself.)
fn in_word(c: char) -> bool {
    c < '\u{2e80}' && c.is_alphanumeric()
}

/// The start of the word that `at` is in.
fn word_start(text: &str, at: usize) -> usize {
    if !text[at..].starts_with(in_word) {
        return at;
    }
    text[..at].trim_end_matches(in_word).len()
}

/// The end of the word that `at` is in.
fn word_end(text: &str, at: usize) -> usize {
    if !text[..at].ends_with(in_word) {
        return at;
    }
    text.len() - text[at..].trim_start_matches(in_word).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(old: &str, new: &str) -> Option<(String, String)> {
        differing(old, new).map(|(in_old, in_new)| (old[in_old].to_owned(), new[in_new].to_owned()))
    }

    #[allow(clippy::unnecessary_wraps, reason = "it is compared with what may be none")]
    fn pair(old: &str, new: &str) -> Option<(String, String)> {
        Some((old.to_owned(), new.to_owned()))
    }

    #[test]
    fn whole_words_differ() {
        assert_eq!(shown("let total = 10;", "let total = 12;"), pair("10", "12"));
        assert_eq!(shown("fn walk_home(a: u8)", "fn walked_home(a: u8)"), pair("walk", "walked"));
        assert_eq!(shown("return a + b;", "return a + b + c;"), pair("", " + c"));
        assert_eq!(shown("漢字を書く。", "漢字を読む。"), pair("書く", "読む"));
    }

    #[test]
    fn a_line_is_compared_with_what_it_has_become() {
        let (old, new) = words(&["let a = 1;", "drop(a)"], &["// why", "let a = 2;", "drop(b)"]);
        assert_eq!((old, new), (vec![Some(8..9), Some(5..6)], vec![None, Some(8..9), Some(5..6)]));
    }

    #[test]
    fn lines_with_little_in_common_are_left_alone() {
        assert_eq!(shown("one thing", "quite another"), None);
        assert_eq!(shown("same", "same"), None);
        assert_eq!(shown("", ""), None);
    }

    proptest! {
        /// The ranges are of whole characters, and outside of them both are the same.
        #[test]
        fn what_is_outside_is_the_same(old in "[ab é漢;]{0,12}", new in "[ab é漢;]{0,12}") {
            if let Some((in_old, in_new)) = differing(&old, &new) {
                prop_assert_eq!(&old[..in_old.start], &new[..in_new.start]);
                prop_assert_eq!(&old[in_old.end..], &new[in_new.end..]);
            }
        }
    }
}
