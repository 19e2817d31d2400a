//! A step of the work: a row of one line that opens.

use codex_gateway_wire::{Content, Phase};
use view::prelude::*;

use super::turn::Turn;
use crate::{
    cards::{EntryBody, EntryHeader, Target, entry_header},
    diff::DiffStat,
    icon::{Icon, icon},
    signal::RwSignalExt as _,
    state::{Chat, DisclosureKey, EntryRef},
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
    let is_running = move || {
        let is_running = entry.read(|entry| entry.phase == Phase::Running).unwrap_or_default();
        (is_running && chat.connection.get_or_default().is_live()).then_some("true")
    };
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
        <div class="step" data-tone=tone data-running=is_running>
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

/// Returns `true` if a step is open unless the user folds it: the current step, the plan of a running turn, a failure
/// that matters, and a notice of a failure.
fn is_open_by_default(turn: Turn, entry: EntryRef) -> bool {
    let is_plan = || entry.read(|entry| matches!(entry.content, Content::Plan(_))).unwrap_or_default();
    let is_failure_notice =
        || entry.read(|entry| matches!(&entry.content, Content::Notice(notice) if notice.failure));
    let facts = turn.facts.read();
    facts.current.as_ref() == Some(&entry.id())
        || facts.open_failures.contains(&entry.id())
        || (facts.running() && is_plan())
        || is_failure_notice().unwrap_or_default()
}

/// The line of a step: icon, verb, target, result, changed lines, duration.
#[component]
pub(super) fn StepLine(
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
        {(!head.scope.is_empty()).then(|| view! { <span class="scope">{exact_name(&head.scope, t)}</span> })}
        <span class="result">{exact_name(&head.result, t)}</span>
        {head.lines.map(|lines| view! { <DiffStat lines/> })}
        <span class="time">{time}</span>
        {icon(Icon::Chevron)}
    }
}
