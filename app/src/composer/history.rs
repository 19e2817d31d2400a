//! The messages that were sent from this browser: ↑ recalls them.

use crate::browser;

/// The storage key of the messages.
pub(super) const KEY: &str = "sent";
/// Separates the messages in storage: ASCII's record separator, which no keyboard types.
const SEPARATOR: char = '\u{1e}';
const MAX_MESSAGES: usize = 30;
/// Longer messages are not stored.
const MAX_MESSAGE_BYTES: usize = 10_000;

/// Returns the stored messages, the newest first.
pub(super) fn all() -> Vec<String> {
    let stored = browser::stored(KEY).unwrap_or_default();
    stored.split(SEPARATOR).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// Stores a message as the newest.
pub(super) fn add(text: &str) {
    if text.len() <= MAX_MESSAGE_BYTES && !text.contains(SEPARATOR) && !text.trim().is_empty() {
        browser::store(KEY, &joined_with(all(), text));
    }
}

/// Returns the stored form of `messages` with `text` as the newest. An older message of the same text is dropped.
fn joined_with(mut messages: Vec<String>, text: &str) -> String {
    messages.retain(|other| other != text);
    messages.insert(0, text.to_owned());
    messages.truncate(MAX_MESSAGES);
    messages.join(&SEPARATOR.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn added_message_is_first_and_stored_once() {
        let before = vec!["b".to_owned(), "a".to_owned()];
        assert_eq!(super::joined_with(before, "a"), "a\u{1e}b");
    }

    #[test]
    fn history_over_the_limit_drops_the_oldest() {
        let many: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        assert_eq!(super::joined_with(many, "new").split('\u{1e}').count(), super::MAX_MESSAGES);
    }
}
