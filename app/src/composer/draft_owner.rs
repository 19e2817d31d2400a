//! Removes other people's drafts: several people may sign in with the same browser.

use super::history;
use crate::{browser, server_fns::OWNER_ATTRIBUTE, state::drafts};

/// The storage key of the owner of what is stored in this browser.
const KEY: &str = "owner";

/// Removes drafts, edits and the history of sent messages if they belong to another owner.
///
/// Signing out keeps them: they are still there when the same person signs in again.
pub(crate) fn clear_drafts_of_other_owners() {
    let Some(owner) = browser::root_attribute(OWNER_ATTRIBUTE) else { return };
    if browser::stored(KEY).is_some_and(|before| before != owner) {
        browser::remove_stored(|key| {
            drafts::is_draft_key(key) || drafts::is_edit_key(key) || key == history::KEY
        });
    }
    browser::store(KEY, &owner);
}
