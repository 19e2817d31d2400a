//! A message for people, from codex or the gateway.

use codex_gateway_wire::{Content, transcript::Notice};
use leptos::prelude::*;

use super::{Head, Tone, json::text_view, of_kind};
use crate::{i18n::Texts, icon::Icon, live::EntryRef};

pub(super) fn head(notice: &Notice, t: &Texts) -> Head {
    let (icon, tone) = if notice.failure { (Icon::Alert, Tone::Failed) } else { (Icon::Info, Tone::Quiet) };
    let first_line = notice.message.lines().next().unwrap_or_default();
    Head::new(icon, t.notice).words(first_line).tone(tone)
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> AnyView {
    let text = move || {
        of_kind!(entry, Content::Notice(notice) => {
            let parts = [Some(notice.message.as_str()), notice.detail.as_deref()];
            text_view(t.details, parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
        })
    };
    view! { <div class="fields">{text}</div> }.into_any()
}
