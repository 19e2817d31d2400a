//! What was sent before, from this browser: ↑ brings it back.

use crate::browser;

/// Where it is kept.
pub(super) const KEY: &str = "sent";
/// Between the messages: no keyboard writes it.
const BETWEEN: char = '\u{1e}';
/// How many messages, and how many bytes of one, are kept.
const MOST: usize = 30;
const LONGEST: usize = 10_000;

/// All of it, the newest first.
pub(super) fn all() -> Vec<String> {
    let kept = browser::stored(KEY).unwrap_or_default();
    kept.split(BETWEEN).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// Keeps a message.
pub(super) fn keep(text: &str) {
    if text.len() <= LONGEST && !text.contains(BETWEEN) && !text.trim().is_empty() {
        browser::store(KEY, &with(all(), text));
    }
}

fn with(mut all: Vec<String>, text: &str) -> String {
    all.retain(|other| other != text);
    all.insert(0, text.to_owned());
    all.truncate(MOST);
    all.join(&BETWEEN.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_newest_is_first_and_stands_once() {
        let before = vec!["b".to_owned(), "a".to_owned()];
        assert_eq!(super::with(before, "a"), "a\u{1e}b");
        let many: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        assert_eq!(super::with(many, "new").split('\u{1e}').count(), super::MOST);
    }
}
