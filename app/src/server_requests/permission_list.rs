//! Permissions beyond the sandbox.

use codex_gateway_wire::request::{Permission, PermissionAccess};
use view::prelude::*;

use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    text::hidden::exact_name,
};

/// The requested permissions, a line for each.
#[component]
pub(super) fn PermissionList(permissions: Vec<Permission>, t: &'static Texts) -> impl IntoView {
    let rows = permissions.into_iter().map(|permission| {
        let (mark, verb) = match permission.access {
            PermissionAccess::Network => (Icon::Globe, t.permission_network()),
            PermissionAccess::Read => (Icon::File, t.permission_read()),
            PermissionAccess::Write => (Icon::File, t.permission_write()),
            PermissionAccess::Deny => (Icon::File, t.permission_none()),
            PermissionAccess::Other => (Icon::Question, t.unknown_kind()),
        };
        let target = permission.target.map(|target| view! { <code>{exact_name(&target, t)}</code> });
        view! {
            <li>
                {icon(mark)}
                <span>{verb}</span>
                {target}
            </li>
        }
    });
    view! { <ul class="permissions">{rows.collect::<Vec<_>>()}</ul> }
}
