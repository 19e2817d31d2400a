//! The events of the stream as they come, for those who want to know exactly.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement};

use crate::state::RawEvent;
use crate::{
    conversation::Chat,
    i18n::Texts,
    icon::{Icon, icon},
    markdown::copy_text,
    node::{El, ElementExt as _, Node, el, list, live, many},
    signal::RwSignalExt as _,
    text::{
        format::time_of_day,
        hidden::{TextKind, exact, exact_name},
    },
};
use codex_gateway_wire::Json;

pub(super) fn events_view(chat: Chat) -> Node {
    let (t, recorder) = (chat.t, chat.panel().recorder);
    recorder.enable(true);
    on_cleanup(move || recorder.enable(false));
    let (filter, paused, copied) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(false));
    let typed = move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        filter.set(input.map(|input| input.value()).unwrap_or_default());
    };
    let pause = move || {
        paused.set(!paused.get_untracked_or_default());
        recorder.pause(paused.get_untracked_or_default());
    };
    let copy = move || {
        let all = untrack(|| recorder.read(&filter.get_untracked_or_default(), |event| event.data.clone()))
            .join("\n");
        spawn_local(async move { copied.set(copy_text(&all).await) });
    };
    let button = |act: Box<dyn FnMut() + Send>, label: Node| {
        el("button").attr("type", "button").class("plain").on_click(act).child(label)
    };
    let tools = el("div")
        .class("panel-tools")
        .child(
            el("input")
                .attr("type", "search")
                .attr("aria-label", t.filter_events())
                .attr("placeholder", t.filter_events())
                .on("input", typed),
        )
        .child(button(Box::new(pause), live(move || if paused.get() { t.go_on() } else { t.pause() })))
        .child(button(Box::new(copy), live(move || if copied.get() { t.copied() } else { t.copy() })));
    let numbers = move || {
        let mut numbers = recorder.read(&filter.get(), |event| event.number.to_string());
        numbers.reverse();
        numbers
    };
    let row = move |number: String| {
        let found = untrack(|| {
            recorder.read("", |event| (event.number.to_string() == number).then(|| event.clone()))
        });
        found.into_iter().flatten().next().map(|event| event_row(event, t)).into()
    };
    let nothing =
        move || recorder.read("", |_| ()).is_empty().then(|| el("p").class("note").child(t.no_events()));
    many([tools.into(), live(nothing), el("ol").class("events").child(list(numbers, row)).into()])
}

/// An event: its method, and its JSON on demand.
fn event_row(event: RawEvent, t: &'static Texts) -> El {
    let open = RwSignal::new(false);
    let RawEvent { at, method, data, .. } = event;
    let body = move || {
        open.get().then(|| {
            let json =
                serde_json::from_str::<Json>(&data).map_or_else(|_| data.clone(), |json| json.pretty());
            el("pre").attr("tabindex", "0").child(el("code").child(exact(&json, TextKind::Code, t)))
        })
    };
    let row = el("button")
        .attr("type", "button")
        .class("row")
        .live_attr("aria-expanded", move || open.get().to_string())
        .on_click(move || open.set(!open.get_untracked_or_default()))
        .child(el("span").class("took").child(time_of_day(at)))
        .child(el("code").class("target").child(exact_name(&method, t)))
        .child(icon(Icon::Chevron));
    el("li").child(row).child(live(body))
}
