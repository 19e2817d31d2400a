//! A step of the work: a row of one line that opens.

use codex_gateway_wire::{Content, Phase};
use view::prelude::*;

use super::turn::Turn;
use crate::{
    cards::{EntryBody, EntryHeader, Target, entry_header},
    diff::DiffStat,
    icon::{Icon, icon},
    state::{Chat, DisclosureKey, EntryRef, is_failed},
    text::{
        format::{clock, duration},
        hidden::{TextKind, escaped, exact_name},
    },
};

/// A step: its line, and its body while it is open.
#[component]
pub(super) fn StepRow(chat: Chat, turn: Turn, entry: EntryRef) -> impl IntoView {
    let t = chat.t;
    let head = move || {
        let cwd = chat.transcript.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
        entry.read(|entry| entry_header(entry, &cwd, t))
    };
    let can_open = move || head().is_some_and(|head| head.is_expandable);
    let is_open = Memo::new(move |_| {
        let chosen = chat.disclosures.get(&DisclosureKey::Step(entry.id()));
        can_open() && chosen.unwrap_or_else(|| is_open_by_default(turn, entry))
    });
    let tone = move || head().map(|head| head.tone.name());
    // A command can outlive its turn.
    let outliving_since = move || {
        let since_ms = entry.read(|entry| (entry.phase == Phase::Running).then_some(entry.started_at_ms));
        since_ms.flatten().filter(|_| !turn.facts.read().running())
    };
    let line = move || {
        let head = head()?;
        let Some(since_ms) = outliving_since() else {
            return Some(view! { <StepLine chat head elapsed=None/> });
        };
        let elapsed =
            since_ms.and_then(|since_ms| u64::try_from((chat.now.get() - since_ms).max(0) / 1000).ok());
        let head = EntryHeader { verb: t.still_running(), ..head };
        Some(view! { <StepLine chat head elapsed=elapsed.map(clock)/> })
    };
    let toggle = move |_| chat.disclosures.set(DisclosureKey::Step(entry.id()), !is_open.get_untracked());
    let body = move || is_open.get().then(|| view! { <div class="body"><EntryBody entry t/></div> });
    view! {
        <div class="step" data-tone=tone>
            <button
                type="button"
                class="row"
                aria-expanded=move || is_open.get().to_string()
                disabled=move || !can_open()
                on:click=toggle
            >
                {line}
            </button>
            {body}
        </div>
    }
}

/// Returns `true` if a step is open unless the user folds it: the current step, the plan of a running turn, and a step
/// that failed.
fn is_open_by_default(turn: Turn, entry: EntryRef) -> bool {
    let (is_turn_running, is_current) = {
        let facts = turn.facts.read();
        (facts.running(), facts.current.as_ref() == Some(&entry.id()))
    };
    let kind = entry.read(|entry| (is_failed(entry), matches!(entry.content, Content::Plan(_))));
    let (has_failed, is_plan) = kind.unwrap_or_default();
    has_failed || is_current || (is_turn_running && is_plan)
}

/// The line of a step: icon, verb, target, result, changed lines, duration.
#[component]
fn StepLine(
    chat: Chat,
    head: EntryHeader,
    /// The time since the start, shown while the step has no duration.
    elapsed: Option<String>,
) -> impl IntoView {
    let t = chat.t;
    let target = match head.target {
        Target::Text(text) => view! { <span class="target">{escaped(&text, TextKind::Prose)}</span> },
        Target::Code(code) => view! { <code class="target">{exact_name(&code, t)}</code> },
    };
    let time = head.duration_ms.map(|ms| duration(ms, t)).or(elapsed);
    view! {
        {icon(head.icon)}
        <span class="verb">{head.verb}</span>
        {target}
        <span class="result">{exact_name(&head.result, t)}</span>
        {head.lines.map(|lines| view! { <DiffStat lines/> })}
        <span class="time">{time}</span>
        {icon(Icon::Chevron)}
    }
}
