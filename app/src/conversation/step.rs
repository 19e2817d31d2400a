//! A step of the work: a row of one line that opens.

use codex_gateway_wire::Content;
use leptos::prelude::*;

use super::{Chat, turn::Turn};
use crate::{
    cards::{self, Head, Target, counts_view},
    icon::{Icon, icon},
    live::{EntryRef, is_failed},
    text::format::duration,
};

pub(crate) fn step_view(chat: Chat, turn: Turn, entry: EntryRef) -> AnyView {
    let t = chat.t;
    let choice = RwSignal::new(None::<bool>);
    let head = Memo::new(move |_| {
        let cwd = chat.live.peek(|transcript| transcript.cwd.clone()).unwrap_or_default();
        entry.read(|entry| cards::head(entry, &cwd, t))
    });
    let opens = move || head.read().as_ref().is_some_and(|head| head.opens);
    let open = Memo::new(move |_| opens() && choice.get().unwrap_or_else(|| opens_itself(turn, entry)));
    let tone = move || head.read().as_ref().map_or("", |head| head.tone.word());
    let line = move || head.get().map(|head| line_view(chat, head));
    view! {
        <div class="step" data-tone=tone>
            <button
                type="button"
                class="row"
                aria-expanded=move || open.get().to_string()
                disabled=move || !opens()
                on:click=move |_| choice.set(Some(!open.get_untracked()))
            >
                {line}
            </button>
            {move || open.get().then(|| view! { <div class="body">{cards::body(entry, t)}</div> })}
        </div>
    }
    .into_any()
}

/// Whether a row is open while the reader has not said otherwise: the step that the agent is at, the plan of
/// a running turn, and what failed.
fn opens_itself(turn: Turn, entry: EntryRef) -> bool {
    let id = entry.id();
    let (running, current) = {
        let facts = turn.facts.read();
        (facts.running(), facts.current.as_ref() == Some(&id))
    };
    let seen = entry.read(|entry| (is_failed(entry), matches!(entry.content, Content::Plan(_))));
    let (failed, plan) = seen.unwrap_or_default();
    failed || current || (running && plan)
}

fn line_view(chat: Chat, head: Head) -> impl IntoView {
    let target = match head.target {
        Target::Words(words) => view! { <span class="target">{words}</span> }.into_any(),
        Target::Code(code) => view! { <code class="target">{code}</code> }.into_any(),
    };
    view! {
        {icon(head.icon)}
        <span class="verb">{head.verb}</span>
        {target}
        <span class="result">{head.result}</span>
        {head.lines.map(counts_view)}
        <span class="took">{head.took_ms.map(|ms| duration(ms, chat.t))}</span>
        {icon(Icon::Chevron)}
    }
}
