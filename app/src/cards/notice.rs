//! A message for people, from codex or the gateway.

use super::{
    Head, Tone,
    json::{fields, text_view},
    misc::is_long,
    of_kind,
};
use crate::{i18n::Texts, icon::Icon, node::Node, state::EntryRef};
use codex_gateway_wire::{Content, transcript::Notice};

pub(super) fn head(notice: &Notice, t: &Texts) -> Head {
    let (icon, tone) = if notice.failure { (Icon::Alert, Tone::Failed) } else { (Icon::Info, Tone::Quiet) };
    let names = ignored_settings(&notice.message);
    let first_line = match names.as_slice() {
        [] => notice.message.lines().next().unwrap_or_default().to_owned(),
        names => (t.settings_ignored)(&names.join(", ")),
    };
    let more = notice.detail.is_some() || is_long(&notice.message);
    Head::new(icon, t.notice()).words(first_line).tone(tone).opens(more)
}

/// The settings that codex says it leaves out. It names them in lines of their own.
fn ignored_settings(message: &str) -> Vec<&str> {
    let lines = message.lines().filter_map(|line| line.trim_end().strip_suffix("` is ignored."));
    lines.filter_map(|line| line.rsplit_once('`').map(|(_, name)| name)).collect()
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let text = of_kind!(entry, Content::Notice(notice) => {
            let parts = [Some(notice.message.as_str()), notice.detail.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
        });
        vec![text.map(|text| text_view(t.details(), &text, t))]
    })
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
