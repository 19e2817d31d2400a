//! Drafts, kept in this browser for each conversation.

use crate::browser;

/// Where the draft of a conversation is kept.
pub(super) fn key(conversation: &str) -> String {
    format!("draft:{conversation}")
}

/// What was not sent, and what was written since.
pub(super) fn join(unsent: Vec<String>, written: String) -> String {
    let all = unsent.into_iter().chain([written]).filter(|text| !text.trim().is_empty());
    all.collect::<Vec<_>>().join("\n\n")
}

/// Forgets a draft that has been sent, unless something else was written since.
pub(super) fn forget(key: &str, sent: &str) {
    if browser::stored(key).as_deref() == Some(sent) {
        browser::store(key, "");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_not_sent_stands_before_what_was_written_since() {
        let join = |unsent: &[&str], written: &str| {
            super::join(unsent.iter().map(ToString::to_string).collect(), written.to_owned())
        };
        assert_eq!(join(&["a", "b"], "c"), "a\n\nb\n\nc");
        assert_eq!(join(&["a"], " "), "a");
    }
}
