//! Drafts, kept in this browser for each conversation.

use codex_gateway_wire::{StartTurn, UploadId, api::InputPart};

use crate::browser;

/// Where the draft of a conversation is kept.
pub(super) fn key(conversation: &str) -> String {
    format!("draft:{conversation}")
}

/// Where the images of a draft are kept.
fn images_key(draft: &str) -> String {
    format!("images-of-{draft}")
}

/// Where a tab keeps what is edited in a conversation. (Other tabs show the conversation as it is.)
pub(crate) fn edit_key(conversation: &str) -> String {
    format!("edit-of-{conversation}")
}

/// Whether an edit is kept there.
pub(super) fn is_edit(place: &str) -> bool {
    place.starts_with("edit-of-")
}

/// Whether a draft, or its images, are kept there.
pub(super) fn is_kept(place: &str) -> bool {
    place.strip_prefix("images-of-").unwrap_or(place).starts_with("draft:")
}

/// Moves a draft, with its images, to another key. A draft that is there already stays.
pub(super) fn rename(from: &str, to: &str) {
    let Some(written) = browser::stored(from).filter(|_| from != to) else { return };
    if browser::stored(to).is_none() {
        if !browser::store(to, &written) {
            return;
        }
        store_images(to, &images(from));
    }
    browser::store(from, "");
    store_images(from, &[]);
}

/// What was not sent, and what was written since.
pub(super) fn join(unsent: Vec<String>, written: String) -> String {
    let all = unsent.into_iter().chain([written]).filter(|text| !text.trim().is_empty());
    all.collect::<Vec<_>>().join("\n\n")
}

/// Puts a message that comes back into a draft that is not on the page, before what is written there.
pub(super) fn keep(key: &str, turn: &StartTurn) {
    let written = browser::stored(key).unwrap_or_default();
    browser::store(key, &join(vec![turn.prompt.clone()], written));
    let ids = turn.input.iter().filter_map(upload).cloned().chain(images(key));
    store_images(key, &ids.collect::<Vec<_>>());
}

/// Keeps the images of a draft.
pub(super) fn keep_images(key: &str, images: &[InputPart]) {
    store_images(key, &images.iter().filter_map(upload).cloned().collect::<Vec<_>>());
}

fn store_images(key: &str, ids: &[UploadId]) {
    let ids: Vec<&str> = ids.iter().map(UploadId::as_str).collect();
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

/// Forgets the draft of a conversation, which has been sent now.
pub(crate) fn forget_of(conversation: &str, sent: &StartTurn) {
    forget(&key(conversation), &sent.prompt, &sent.input);
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
