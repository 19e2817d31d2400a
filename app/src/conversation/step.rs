//! A step of the work: a row of one line that opens.

use codex_gateway_wire::{Content, Phase};
use leptos::prelude::*;

use super::{Chat, turn::Turn};
use crate::{
    cards::{self, Head, Target},
    diff::counts_view,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    state::{DisclosureKey, EntryRef, is_failed},
    text::{
        format::{clock, duration},
        hidden::{TextKind, escaped, exact_name},
    },
};

pub(crate) fn step_view(chat: Chat, turn: Turn, entry: EntryRef) -> El {
    let t = chat.t;
    let chosen = move || chat.disclosures.get(&DisclosureKey::Step(entry.id()));
    let head = move || {
        let cwd = chat.live.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        entry.read(|entry| cards::head(entry, &cwd, t))
    };
    let opens = move || head().is_some_and(|head| head.opens);
    let open = Memo::new(move |_| opens() && chosen().unwrap_or_else(|| opens_by_default(turn, entry)));
    let tone = move || head().map(|head| head.tone.word());
    // A command can outlive its turn.
    let outlives = move || {
        let since = entry.read(|entry| (entry.phase == Phase::Running).then_some(entry.started_at_ms));
        since.flatten().filter(|_| !turn.facts.read().running())
    };
    let line = move || {
        let head = head()?;
        let Some(since) = outlives() else { return Some(line_view(chat, head, None)) };
        let elapsed = since.and_then(|since| u64::try_from((chat.now.get() - since).max(0) / 1000).ok());
        Some(line_view(chat, Head { verb: t.still_running(), ..head }, elapsed.map(clock)))
    };
    let row = el("button")
        .attr("type", "button")
        .class("row")
        .live_attr("aria-expanded", move || open.get().to_string())
        .live_attr("disabled", move || !opens())
        .on_click(move || chat.disclosures.set(DisclosureKey::Step(entry.id()), !open.get_untracked()))
        .child(live(line));
    let body = move || open.get().then(|| el("div").class("body").child(cards::body(entry, t)));
    el("div").class("step").live_attr("data-tone", tone).child(row).child(live(body))
}

/// Whether a row is open while the reader has not said otherwise: the step that the agent is at, the plan of
/// a running turn, and what failed.
fn opens_by_default(turn: Turn, entry: EntryRef) -> bool {
    let id = entry.id();
    let (running, current) = {
        let facts = turn.facts.read();
        (facts.running(), facts.current.as_ref() == Some(&id))
    };
    let seen = entry.read(|entry| (is_failed(entry), matches!(entry.content, Content::Plan(_))));
    let (failed, plan) = seen.unwrap_or_default();
    failed || current || (running && plan)
}

fn line_view(chat: Chat, head: Head, elapsed: Option<String>) -> Node {
    let target = match head.target {
        Target::Words(words) => el("span").class("target").child(escaped(&words, TextKind::Prose)),
        Target::Code(code) => el("code").class("target").child(exact_name(&code, chat.t)),
    };
    let took = head.took_ms.map(|ms| duration(ms, chat.t)).or(elapsed);
    let parts: [Node; 7] = [
        icon(head.icon).into(),
        el("span").class("verb").child(head.verb).into(),
        target.into(),
        el("span").class("result").child(exact_name(&head.result, chat.t)).into(),
        head.lines.map(counts_view).into(),
        el("span").class("took").child(took).into(),
        icon(Icon::Chevron).into(),
    ];
    many(parts)
}
