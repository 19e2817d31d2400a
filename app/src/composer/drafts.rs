//! Drafts, kept in this browser for each conversation.

use codex_gateway_wire::{UploadId, api::InputPart};

use crate::browser;

/// Where the draft of a conversation is kept.
pub(super) fn key(conversation: &str) -> String {
    format!("draft:{conversation}")
}

/// Where the images of a draft are kept.
fn images_key(draft: &str) -> String {
    format!("images-of-{draft}")
}

/// What was not sent, and what was written since.
pub(super) fn join(unsent: Vec<String>, written: String) -> String {
    let all = unsent.into_iter().chain([written]).filter(|text| !text.trim().is_empty());
    all.collect::<Vec<_>>().join("\n\n")
}

/// Keeps the images of a draft.
pub(super) fn keep_images(key: &str, images: &[InputPart]) {
    let ids: Vec<&str> = images.iter().filter_map(upload).map(UploadId::as_str).collect();
    browser::store(&images_key(key), &ids.join(" "));
}

/// The images of a draft.
pub(super) fn images(key: &str) -> Vec<UploadId> {
    let kept = browser::stored(&images_key(key)).unwrap_or_default();
    kept.split_whitespace().map(UploadId::from).collect()
}

/// The image that a part of a message is.
pub(crate) fn upload(part: &InputPart) -> Option<&UploadId> {
    match part {
        InputPart::Image { upload } => Some(upload),
        _ => None,
    }
}

/// Forgets a draft that has been sent, unless something else was written since.
pub(super) fn forget(key: &str, sent: &str, images: &[InputPart]) {
    if browser::stored(key).unwrap_or_default() == sent {
        browser::store(key, "");
    }
    let sent: Vec<UploadId> = images.iter().filter_map(upload).cloned().collect();
    if self::images(key) == sent {
        keep_images(key, &[]);
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
