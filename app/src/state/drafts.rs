//! Drafts: messages that are not sent yet, kept in this browser for each conversation.

use codex_gateway_wire::{StartTurn, UploadId, api::InputPart};

use crate::browser;

/// A message that leaves the composer.
pub(crate) struct Draft {
    /// The text, the attachments, and the settings that differ from those in use.
    pub(crate) turn: StartTurn,
    /// To be called once the message has arrived. Until then the browser keeps the draft.
    pub(crate) done: Box<dyn FnOnce()>,
}

/// The composer of a conversation, as far as the conversation changes what is written in it.
pub(crate) trait DraftEditor: Send + Sync {
    /// Puts a message back that was not sent, before the text that was written since.
    fn restore(&self, turn: &StartTurn);

    /// Adds a text at the end.
    fn append(&self, text: &str);

    /// Replaces the text, and gives the composer the focus.
    fn begin_with(&self, text: &str);

    /// Moves the draft to another conversation: the session has got a thread, or another one.
    fn move_to(&self, conversation: &str);
}

/// The storage key of a conversation's draft. `conversation` is a thread's id, a session's id, or `new`.
pub(crate) fn key(conversation: &str) -> String {
    format!("draft:{conversation}")
}

/// The storage key of a draft's images.
fn images_key(draft: &str) -> String {
    format!("images-of-{draft}")
}

/// The key in the tab's own storage for the edit in a conversation. (Other tabs show the conversation without the edit.)
pub(crate) fn edit_key(conversation: &str) -> String {
    format!("edit-of-{conversation}")
}

/// Returns `true` for the storage key of an edit.
pub(crate) fn is_edit_key(key: &str) -> bool {
    key.starts_with("edit-of-")
}

/// Returns `true` for the storage key of a draft or of its images.
pub(crate) fn is_draft_key(key: &str) -> bool {
    key.strip_prefix("images-of-").unwrap_or(key).starts_with("draft:")
}

/// Moves a draft with its images to another key. An existing draft there is kept.
pub(crate) fn rename(from: &str, to: &str) {
    let Some(text) = browser::stored(from).filter(|_| from != to) else { return };
    if browser::stored(to).is_none() {
        if !browser::store(to, &text) {
            return;
        }
        store_image_ids(to, &images(from));
    }
    browser::store(from, "");
    store_image_ids(from, &[]);
}

/// Joins messages that were not sent and the text that was written since, as paragraphs.
pub(crate) fn join(unsent: Vec<String>, written: String) -> String {
    let all = unsent.into_iter().chain([written]).filter(|text| !text.trim().is_empty());
    all.collect::<Vec<_>>().join("\n\n")
}

/// Puts a message that was not sent into a stored draft, before the text in it.
///
/// For a draft whose composer is not on the page; see [`DraftEditor::restore`].
pub(crate) fn restore(key: &str, turn: &StartTurn) {
    let written = browser::stored(key).unwrap_or_default();
    browser::store(key, &join(vec![turn.prompt.clone()], written));
    let ids = turn.input.iter().filter_map(InputPart::upload).cloned().chain(images(key));
    store_image_ids(key, &ids.collect::<Vec<_>>());
}

/// Stores the images of a draft.
pub(crate) fn store_images(key: &str, images: &[InputPart]) {
    store_image_ids(key, &images.iter().filter_map(InputPart::upload).cloned().collect::<Vec<_>>());
}

fn store_image_ids(key: &str, ids: &[UploadId]) {
    let ids: Vec<&str> = ids.iter().map(UploadId::as_str).collect();
    browser::store(&images_key(key), &ids.join(" "));
}

/// The stored images of a draft.
pub(crate) fn images(key: &str) -> Vec<UploadId> {
    let ids = browser::stored(&images_key(key)).unwrap_or_default();
    ids.split_whitespace().map(UploadId::from).collect()
}

/// Removes the draft of a conversation after it has been sent.
pub(crate) fn forget_sent(conversation: &str, sent: &StartTurn) {
    forget(&key(conversation), &sent.prompt, &sent.input);
}

/// Removes a draft after it has been sent. Text or images that changed since are kept.
pub(crate) fn forget(key: &str, sent: &str, images: &[InputPart]) {
    if browser::stored(key).unwrap_or_default() == sent {
        browser::store(key, "");
    }
    let sent: Vec<UploadId> = images.iter().filter_map(InputPart::upload).cloned().collect();
    if self::images(key) == sent {
        store_images(key, &[]);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn unsent_text_is_joined_before_newer_text() {
        let join = |unsent: &[&str], written: &str| {
            super::join(unsent.iter().map(ToString::to_string).collect(), written.to_owned())
        };
        assert_eq!(join(&["a", "b"], "c"), "a\n\nb\n\nc");
        assert_eq!(join(&["a"], " "), "a");
    }
}
