//! Characters that reorder what is read, or are not seen at all, made visible.

pub(crate) use codex_gateway_wire::hidden::{in_order, visible};

/// The last part of a directory's path, which people call it by.
pub(crate) fn directory_name(path: &str) -> String {
    in_order(path.rsplit('/').find(|name| !name.is_empty()).unwrap_or(path))
}
