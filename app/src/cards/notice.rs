//! A message for people, from codex or the gateway.

use super::{
    Head, Tone,
    json::{fields, text_view},
    misc::is_long,
    of_kind,
};
use crate::{i18n::Texts, icon::Icon, live::EntryRef, node::Node};
use codex_gateway_wire::{Content, transcript::Notice};

pub(super) fn head(notice: &Notice, t: &Texts) -> Head {
    let (icon, tone) = if notice.failure { (Icon::Alert, Tone::Failed) } else { (Icon::Info, Tone::Quiet) };
    let first_line = notice.message.lines().next().unwrap_or_default();
    let more = notice.detail.is_some() || is_long(&notice.message);
    Head::new(icon, t.notice()).words(first_line).tone(tone).opens(more)
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
