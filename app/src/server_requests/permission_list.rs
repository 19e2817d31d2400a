//! What would be allowed beyond the sandbox, line by line.

use codex_gateway_wire::request::{Permission, PermissionAccess};

use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, el, many},
    text::hidden::exact_name,
};

/// The list; nothing if nothing of the kind is asked for.
pub(super) fn permissions_view(permissions: &[Permission], t: &Texts) -> Option<El> {
    if permissions.is_empty() {
        return None;
    }
    let line = |permission: &Permission| {
        let (mark, verb) = match permission.access {
            PermissionAccess::Network => (Icon::Globe, t.may_use_network()),
            PermissionAccess::Read => (Icon::File, t.may_read_path()),
            PermissionAccess::Write => (Icon::File, t.may_write_path()),
            PermissionAccess::Deny => (Icon::File, t.may_not_touch()),
            PermissionAccess::Other => (Icon::Question, t.unknown()),
        };
        let target = permission.target.as_deref().map(|target| el("code").child(exact_name(target, t)));
        el("li").child(icon(mark)).child(el("span").child(verb)).child(target)
    };
    Some(el("ul").class("permissions").child(many(permissions.iter().map(line))))
}
