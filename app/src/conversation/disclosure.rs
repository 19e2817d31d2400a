//! The line that the work of a turn folds to: "Worked 14 s · 2 commands · 1 file +3".

use codex_gateway_wire::diff::LineCounts;
use leptos::prelude::*;

use super::{Chat, turn::Turn};
use crate::{
    diff::counts_view,
    icon::{Icon, icon},
    node::{El, ElementExt as _, el, live, many},
    text::format::duration,
};

/// The line; out of sight while the turn runs.
pub(crate) fn fold_view(chat: Chat, turn: Turn) -> El {
    let t = chat.t;
    let line = move || {
        let facts = turn.facts.read();
        let work = facts.work;
        let took = facts.duration_ms.map(|ms| duration(ms, t)).unwrap_or_default();
        let part =
            |count: usize, words: fn(usize) -> String| (count > 0).then(|| el("span").child(words(count)));
        many([
            Some(el("span").child(format!("{} {took}", t.worked()))),
            part(work.commands, t.commands),
            part(work.files, t.files),
            (work.lines != LineCounts::default()).then(|| counts_view(work.lines)),
            part(work.failed, t.failed_steps).map(|part| part.class("failed")),
        ])
    };
    el("button")
        .attr("type", "button")
        .class("fold")
        .live_attr("aria-expanded", move || turn.unfolded().to_string())
        .live_attr("hidden", move || turn.facts.read().running())
        .on_click(move || turn.choose(!turn.unfolded()))
        .child(el("span").class("parts").child(live(line)))
        .child(icon(Icon::Chevron))
}
