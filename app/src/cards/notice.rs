//! Messages for the user, from codex or from the gateway.

use codex_gateway_wire::{Content, transcript::Notice};
use view::prelude::*;

use super::{EntryHeader, Tone, field::TextField, misc::exceeds_header, of_kind};
use crate::{i18n::Texts, icon::Icon, state::EntryRef};

pub(super) fn header(notice: &Notice, t: &Texts) -> EntryHeader {
    let (icon, tone) = if notice.failure { (Icon::Alert, Tone::Failed) } else { (Icon::Info, Tone::Quiet) };
    let names = ignored_settings(&notice.message);
    let first_line = match names.as_slice() {
        [] => notice.message.lines().next().unwrap_or_default().to_owned(),
        names => (t.unknown_settings)(&names.join(", ")),
    };
    let has_more = notice.detail.is_some() || exceeds_header(&notice.message);
    EntryHeader::new(icon, t.notice()).text(first_line).tone(tone).expandable(has_more)
}

/// Returns the settings that codex says it ignores. Codex names each of them on a line of its own.
fn ignored_settings(message: &str) -> Vec<&str> {
    let lines = message.lines().filter_map(|line| line.trim_end().strip_suffix("` is ignored."));
    lines.filter_map(|line| line.rsplit_once('`').map(|(_, name)| name)).collect()
}

/// The whole message, and its details.
#[component]
pub(super) fn NoticeBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let field = move || {
        let text = of_kind!(entry, Content::Notice(notice) => {
            let parts = [Some(notice.message.as_str()), notice.detail.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
        });
        let field = text.map(|text| view! { <TextField label=t.details() text t/> });
        field.into_iter().collect::<Vec<_>>()
    };
    view! { <div class="fields">{field}</div> }
}

#[cfg(test)]
mod tests {
    #[test]
    fn settings_that_codex_ignores_are_named() {
        let message = "Codex is ignoring 2 unrecognized configuration settings. Check for typos.\n  user (/h/config.toml): \
            `mcp_servers.x.what` is ignored.\n  user (/h/config.toml): `nonsense_key` is ignored.";
        assert_eq!(super::ignored_settings(message), ["mcp_servers.x.what", "nonsense_key"]);
        assert!(super::ignored_settings("The model `x` is ignored by nobody.").is_empty());
    }
}
