//! What becomes of a message that is sent while a turn runs: it waits for its turn, or the agent is told at once.

use codex_gateway_wire::api::WhenBusy;
use leptos::prelude::event_target_value;
use leptos::prelude::*;
use web_sys::Event;

use super::Composer;
use crate::{
    browser,
    node::{El, ElementExt as _, el, live, many},
};

/// Where the choice is kept.
const KEY: &str = "when-busy";

/// What was chosen in this browser.
pub(super) fn chosen() -> WhenBusy {
    browser::stored(KEY).and_then(|word| WhenBusy::parse(&word)).unwrap_or(WhenBusy::Queue)
}

/// The other way.
pub(super) fn other(way: WhenBusy) -> WhenBusy {
    if way == WhenBusy::Steer { WhenBusy::Queue } else { WhenBusy::Steer }
}

/// The choice; shown while a turn runs.
pub(super) fn picker(composer: Composer) -> El {
    let (t, way) = (composer.t, composer.when_busy);
    let options = move || {
        many([(WhenBusy::Queue, t.queue_it()), (WhenBusy::Steer, t.steer())].map(|(one, name)| {
            let chosen = way.try_with(|way| *way == one).unwrap_or_default();
            el("option").attr("value", one.as_str()).attr("selected", chosen).child(name)
        }))
    };
    let pick = move |event: Event| {
        let word = event_target_value(&event);
        browser::store(KEY, &word);
        way.set(WhenBusy::parse(&word).unwrap_or(WhenBusy::Queue));
    };
    el("select")
        .class("busy")
        .attr("aria-label", t.while_working())
        .attr("title", t.while_working_hint())
        .attr("autocomplete", "off")
        .on("change", pick)
        .child(live(options))
}
