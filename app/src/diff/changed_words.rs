//! The words that differ within a changed line.

use std::ops::Range;

/// For each line, the part that differs; `None` if no part is marked.
type Marks = Vec<Option<Range<usize>>>;

/// Limits the time for a large block, in which marks of single words do not help.
const MAX_COMPARISONS: usize = 400;

/// Finds the words that differ within removed lines and the lines added in their place.
///
/// Each removed line is compared with the first added line that is similar to it.
pub(super) fn changed_words(removed: &[&str], added: &[&str]) -> (Marks, Marks) {
    let (mut in_removed, mut in_added) = (vec![None; removed.len()], vec![None; added.len()]);
    if removed.len() * added.len() > MAX_COMPARISONS {
        return (in_removed, in_added);
    }
    let mut next = 0;
    for (old, mark) in removed.iter().zip(&mut in_removed) {
        let found = (next..added.len()).find_map(|index| Some((index, differing_parts(old, added[index])?)));
        if let Some((index, (in_old, in_new))) = found {
            (*mark, in_added[index]) = (Some(in_old), Some(in_new));
            next = index + 1;
        }
    }
    (in_removed, in_added)
}

/// Returns the part of each line, in whole words, between the lines' common beginning and common end.
///
/// `None` if the lines are equal, or have less than a third in common.
fn differing_parts(old: &str, new: &str) -> Option<(Range<usize>, Range<usize>)> {
    let prefix: usize = common_bytes(old.chars().zip(new.chars()));
    let prefix = word_start(old, prefix).min(word_start(new, prefix));
    let suffix: usize = common_bytes(old[prefix..].chars().rev().zip(new[prefix..].chars().rev()));
    let (old_end, new_end) = (word_end(old, old.len() - suffix), word_end(new, new.len() - suffix));
    // The shorter suffix is common to both.
    let suffix = (old.len() - old_end).min(new.len() - new_end);
    let common = old[..prefix].trim().len() + old[old.len() - suffix..].trim().len();
    let longest = old.trim().len().max(new.trim().len());
    (common * 3 >= longest && common < longest)
        .then(|| (prefix..old.len() - suffix, prefix..new.len() - suffix))
}

/// Returns the length of the equal characters at the beginning of `pairs`.
fn common_bytes(pairs: impl Iterator<Item = (char, char)>) -> usize {
    pairs.take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum()
}

/// Returns `true` if the character is part of a word.
///
/// CJK scripts have no spaces between words: there each character counts as a word.
fn is_in_word(c: char) -> bool {
    c < '\u{2e80}' && c.is_alphanumeric()
}

/// Returns the start of the word that contains `index`; `index` itself if it is not in a word.
fn word_start(text: &str, index: usize) -> usize {
    if !text[index..].starts_with(is_in_word) {
        return index;
    }
    text[..index].trim_end_matches(is_in_word).len()
}

/// Returns the end of the word that contains `index`; `index` itself if it is not in a word.
fn word_end(text: &str, index: usize) -> usize {
    if !text[..index].ends_with(is_in_word) {
        return index;
    }
    text.len() - text[index..].trim_start_matches(is_in_word).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(old: &str, new: &str) -> Option<(String, String)> {
        differing_parts(old, new).map(|(in_old, in_new)| (old[in_old].to_owned(), new[in_new].to_owned()))
    }

    #[allow(clippy::unnecessary_wraps, reason = "the tests compare it with an option")]
    fn pair(old: &str, new: &str) -> Option<(String, String)> {
        Some((old.to_owned(), new.to_owned()))
    }

    #[test]
    fn marked_parts_are_whole_words() {
        assert_eq!(shown("let total = 10;", "let total = 12;"), pair("10", "12"));
        assert_eq!(shown("fn walk_home(a: u8)", "fn walked_home(a: u8)"), pair("walk", "walked"));
        assert_eq!(shown("return a + b;", "return a + b + c;"), pair("", " + c"));
        assert_eq!(shown("漢字を書く。", "漢字を読む。"), pair("書く", "読む"));
    }

    #[test]
    fn line_is_compared_with_first_similar_line() {
        let (old, new) = changed_words(&["let a = 1;", "drop(a)"], &["// why", "let a = 2;", "drop(b)"]);
        assert_eq!((old, new), (vec![Some(8..9), Some(5..6)], vec![None, Some(8..9), Some(5..6)]));
    }

    #[test]
    fn dissimilar_and_equal_lines_have_no_marks() {
        assert_eq!(shown("one thing", "quite another"), None);
        assert_eq!(shown("same", "same"), None);
        assert_eq!(shown("", ""), None);
    }

    proptest! {
        /// The ranges lie between characters, and the texts around them are equal.
        #[test]
        fn texts_around_the_marks_are_equal(old in "[ab é漢;]{0,12}", new in "[ab é漢;]{0,12}") {
            if let Some((in_old, in_new)) = differing_parts(&old, &new) {
                prop_assert_eq!(&old[..in_old.start], &new[..in_new.start]);
                prop_assert_eq!(&old[in_old.end..], &new[in_new.end..]);
            }
        }
    }
}
