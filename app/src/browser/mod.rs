//! Browser APIs that the page uses, by subject.
//!
//! Only effects, event handlers and tasks of the page call these functions: the server has no browser.

mod document;
mod focus;
mod history;
mod input;
mod media;
mod platform;
mod random;
mod storage;
mod time;

pub(crate) use self::{
    document::{
        download, find, is_hidden, root_attribute, root_element, scroll_into_view, set_cookie, set_favicon,
        submit_form,
    },
    focus::{focus, focus_composer, focus_enclosing_region, is_focus_in, restore_lost_focus},
    history::{page_address, pop_overlay, push_overlay, push_path, reload, replace_path},
    input::{
        is_ime_composing, is_input, is_input_focused, replace_selection, select_contents, targets_input,
    },
    media::{has_sidebar_room, is_coarse_pointer},
    platform::{has_global, is_mac, is_online, post_to_worker, to_lowercase},
    random::{random, unique_id},
    storage::{namespaced, remove_stored, store, store_for_tab, stored, stored_for_tab},
    time::{minutes_behind_utc, now_ms},
};
