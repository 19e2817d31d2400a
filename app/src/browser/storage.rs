//! Texts in the browser's storage: of all tabs (`localStorage`) or of this tab (`sessionStorage`).

use leptos::prelude::window;
use web_sys::Storage;

use crate::base_path::base;

/// Returns the text that is stored under `key` for all tabs.
pub(crate) fn stored(key: &str) -> Option<String> {
    read(local_storage(), key)
}

/// Stores a text under `key` for all tabs. Removes the entry if the text is empty.
///
/// Returns `false` if the storage is unavailable or full. Then no entry of that key remains.
pub(crate) fn store(key: &str, value: &str) -> bool {
    write(local_storage(), key, value)
}

/// Returns the text that is stored under `key` for this tab. It survives a reload.
pub(crate) fn stored_for_tab(key: &str) -> Option<String> {
    read(session_storage(), key)
}

/// Stores a text under `key` for this tab, as [`store`] does for all tabs.
pub(crate) fn store_for_tab(key: &str, value: &str) -> bool {
    write(session_storage(), key, value)
}

/// Removes the entries whose keys match, of all tabs and of this tab.
pub(crate) fn remove_stored(matches: impl Fn(&str) -> bool) {
    for storage in [local_storage(), session_storage()].into_iter().flatten() {
        let all = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok().flatten());
        let prefix = namespaced("");
        let is_match = |key: &&String| key.strip_prefix(&prefix).is_some_and(&matches);
        for key in all.collect::<Vec<_>>().iter().filter(is_match) {
            let _ = storage.remove_item(key);
        }
    }
}

/// Returns a name that no other gateway on the same host uses. Gateways at other base paths share the storage.
pub(crate) fn namespaced(name: &str) -> String {
    if base().is_empty() { name.to_owned() } else { [base(), " ", name].concat() }
}

fn read(storage: Option<Storage>, key: &str) -> Option<String> {
    storage?.get_item(&namespaced(key)).ok().flatten()
}

fn write(storage: Option<Storage>, key: &str, value: &str) -> bool {
    let Some(storage) = storage else { return false };
    let key = namespaced(key);
    let stored = !value.is_empty() && storage.set_item(&key, value).is_ok();
    // An older text must not remain in place of the one that could not be stored.
    stored || (storage.remove_item(&key).is_ok() && value.is_empty())
}

fn local_storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn session_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
