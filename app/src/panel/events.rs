//! The tab "Events": the events of the stream as they arrive.

use codex_gateway_wire::Json;
use view::prelude::*;

use crate::{
    copy_button::CopyButton,
    i18n::Texts,
    icon::{Icon, icon},
    state::{Chat, Panel, RawEvent},
    text::{
        format::time_of_day,
        hidden::{TextKind, exact, exact_name},
    },
};

/// Events are recorded only while this tab is open.
#[component]
pub(super) fn EventsTab(chat: Chat) -> impl IntoView {
    let (t, panel) = (chat.t, chat.panel());
    let recorder = panel.recorder;
    recorder.enable(true);
    on_cleanup(move || recorder.enable(false));
    let filter = RwSignal::new(String::new());
    let numbers = move || {
        let mut numbers = recorder.read(&filter.get(), |event| event.number);
        numbers.reverse();
        numbers
    };
    let row = move |number: u64| {
        let find = |event: &RawEvent| (event.number == number).then(|| event.clone());
        let event = untrack(|| recorder.read("", find)).into_iter().flatten().next();
        event.map(|event| view! { <EventRow event t/> })
    };
    let nothing = move || {
        let is_empty = recorder.read("", |_| ()).is_empty();
        is_empty.then(|| view! { <p class="note">{t.no_events()}</p> })
    };
    view! {
        <EventTools panel filter t/>
        {nothing}
        <ol class="events">
            <For each=numbers key=|number| *number children=row/>
        </ol>
    }
}

/// The filter, and buttons that pause the recording and copy the events.
#[component]
fn EventTools(panel: Panel, filter: RwSignal<String>, t: &'static Texts) -> impl IntoView {
    let recorder = panel.recorder;
    let is_paused = RwSignal::new(false);
    let pause = move |_| {
        is_paused.update(|is_paused| *is_paused = !*is_paused);
        recorder.pause(is_paused.get_untracked());
    };
    let events = move || {
        let events = untrack(|| recorder.read(&filter.get(), |event| event.data.clone()));
        Some(events.join("\n"))
    };
    view! {
        <div class="panel-tools">
            <input
                type="search"
                aria-label=t.filter_events()
                placeholder=t.filter_events()
                on:input=move |event| filter.set(event_target_value(&event))
            />
            <button type="button" class="plain" on:click=pause>
                {move || if is_paused.get() { t.resume() } else { t.pause() }}
            </button>
            <CopyButton label=t.copy() text=events class="plain" t/>
        </div>
    }
}

/// The time and method of an event. The user can expand its JSON.
#[component]
fn EventRow(event: RawEvent, t: &'static Texts) -> impl IntoView {
    let RawEvent { at, method, data, .. } = event;
    let is_expanded = RwSignal::new(false);
    let json = move || {
        is_expanded.get().then(|| {
            let json = serde_json::from_str::<Json>(&data);
            let json = json.map_or_else(|_| data.clone(), |json| json.pretty());
            view! {
                <pre tabindex="0">
                    <code>{exact(&json, TextKind::Code, t)}</code>
                </pre>
            }
        })
    };
    view! {
        <li>
            <button
                type="button"
                class="row"
                aria-expanded=move || is_expanded.get().to_string()
                on:click=move |_| is_expanded.update(|is_expanded| *is_expanded = !*is_expanded)
            >
                <span class="time">{time_of_day(at)}</span>
                <code class="target">{exact_name(&method, t)}</code>
                {icon(Icon::Chevron)}
            </button>
            {json}
        </li>
    }
}
