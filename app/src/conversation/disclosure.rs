//! The line that the work of a turn folds to: "Worked 14 s · 2 commands · 1 file +3".

use codex_gateway_wire::diff::LineCounts;
use view::prelude::*;

use super::turn::Turn;
use crate::{
    diff::DiffStat,
    icon::{Icon, icon},
    state::Chat,
    text::format::duration,
};

/// The line that folds and unfolds the work of a turn. Hidden while the turn runs.
#[component]
pub(super) fn WorkDisclosure(chat: Chat, turn: Turn) -> impl IntoView {
    let t = chat.t;
    let summary = move || {
        let facts = turn.facts.read();
        let work = facts.work;
        let elapsed = facts.duration_ms.map(|ms| duration(ms, t)).unwrap_or_default();
        let has_changed_lines = work.lines != LineCounts::default();
        view! {
            <span>{format!("{} {elapsed}", t.worked())}</span>
            {(work.commands > 0).then(|| view! { <span>{(t.command_count)(work.commands)}</span> })}
            {(work.files > 0).then(|| view! { <span>{(t.file_count)(work.files)}</span> })}
            {has_changed_lines.then(|| view! { <DiffStat lines=work.lines/> })}
            {(work.failed > 0).then(|| view! { <span class="failed">{(t.failed_count)(work.failed)}</span> })}
        }
    };
    view! {
        <button
            type="button"
            class="fold"
            aria-expanded=move || turn.is_unfolded().to_string()
            hidden=move || turn.facts.read().running()
            on:click=move |_| turn.set_unfolded(!turn.is_unfolded())
        >
            <span class="parts">{summary}</span>
            {icon(Icon::Chevron)}
        </button>
    }
}
