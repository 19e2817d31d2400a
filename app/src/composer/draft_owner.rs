//! Drafts are their writer's: in a browser that several people sign in with, nobody finds those of another.

use super::{drafts, history};
use crate::{browser, server_fns::OWNER};

/// Where it is kept whose they are.
const KEY: &str = "owner";

/// Forgets what another one has left in this browser. (Who only signs out, and in again, finds it as it was.)
pub(crate) fn clear_drafts_of_other_owners() {
    let Some(owner) = browser::root_attribute(OWNER) else { return };
    if browser::stored(KEY).is_some_and(|before| before != owner) {
        browser::forget(|key| drafts::is_draft_key(key) || drafts::is_edit_key(key) || key == history::KEY);
    }
    browser::store(KEY, &owner);
}
