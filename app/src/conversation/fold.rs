//! The line that the work of a turn folds to: "Worked 14 s · 2 commands · 1 file +3 −0".

use leptos::prelude::*;

use super::{Chat, turn::Turn};
use crate::{
    cards::counts_view,
    icon::{Icon, icon},
    text::{diff::Counts, format::duration},
};

/// The line; out of sight while the turn runs.
pub(crate) fn fold_view(chat: Chat, turn: Turn) -> AnyView {
    let t = chat.t;
    let line = move || {
        let facts = turn.facts.read();
        let work = facts.work;
        let took = facts.duration_ms.map(|ms| duration(ms, t)).unwrap_or_default();
        let parts = [
            (work.commands > 0).then(|| view! { <span>{(t.commands)(work.commands)}</span> }.into_any()),
            (work.files > 0).then(|| view! { <span>{(t.files)(work.files)}</span> }.into_any()),
            (work.lines != Counts::default()).then(|| counts_view(work.lines)),
            (work.failed > 0)
                .then(|| view! { <span class="failed">{(t.failed_steps)(work.failed)}</span> }.into_any()),
        ];
        view! {
            <span>{t.worked}" "{took}</span>
            {parts.into_iter().flatten().collect::<Vec<_>>()}
        }
    };
    view! {
        <button
            type="button"
            class="fold"
            aria-expanded=move || turn.unfolded().to_string()
            hidden=move || turn.facts.read().running()
            on:click=move |_| turn.choice.set(Some(!turn.unfolded()))
        >
            <span class="parts">{line}</span>
            {icon(Icon::Chevron)}
        </button>
    }
    .into_any()
}
