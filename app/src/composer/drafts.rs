//! Drafts, kept in this browser for each conversation.

use crate::browser;

/// Where the draft of a conversation is kept.
pub(super) fn key(conversation: &str) -> String {
    format!("draft:{conversation}")
}

/// Forgets a draft that has been sent, unless something else was written since.
pub(super) fn forget(key: &str, sent: &str) {
    if browser::stored(key).as_deref() == Some(sent) {
        browser::store(key, "");
    }
}
