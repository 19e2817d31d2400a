//! The composer: where one writes.

mod drafts;
mod models;

use codex_gateway_wire::api::Model;
use leptos::{html, prelude::*};
use web_sys::{Event, KeyboardEvent};

use crate::{
    browser,
    i18n::texts,
    icon::{Icon, icon},
    node::{El, el, live},
};

/// A message as it leaves the composer.
pub(crate) struct Draft {
    pub(crate) text: String,
    /// The model, if another was chosen than is used now.
    pub(crate) model: Option<String>,
    /// To be called once it has arrived: until then the browser keeps it.
    pub(crate) done: Box<dyn FnOnce()>,
}

/// What a composer works with.
pub(crate) struct ComposerSetup {
    /// Names the conversation that the draft belongs to.
    pub(crate) draft_key: String,
    pub(crate) placeholder: &'static str,
    /// The models that can be chosen.
    pub(crate) models: Vec<Model>,
    /// The model that is used now.
    pub(crate) model: Signal<Option<String>>,
    /// How full the model's window is, in percent.
    pub(crate) context: Signal<Option<u64>>,
    /// Whether a turn runs: then messages are held back.
    pub(crate) running: Signal<bool>,
    /// Whether nothing can be sent any more.
    pub(crate) closed: Signal<bool>,
    pub(crate) submit: Callback<Draft>,
    pub(crate) stop: Callback<()>,
}

/// Enter sends, Shift Enter breaks the line. The draft survives a reload.
pub(crate) fn composer_view(setup: ComposerSetup) -> El {
    let t = texts();
    let area = NodeRef::<html::Textarea>::new();
    let text = RwSignal::new(String::new());
    // Somebody tried to send while a turn runs.
    let held_back = RwSignal::new(false);
    let picked = RwSignal::new(None::<String>);
    let key = StoredValue::new(drafts::key(&setup.draft_key));
    let ComposerSetup { placeholder, models, model, context, running, closed, submit, stop, .. } = setup;

    Effect::new(move |_| {
        let Some(area) = area.get() else { return };
        // Somebody may have begun to write before this program ran.
        if area.value().is_empty() {
            area.set_value(&browser::stored(&key.get_value()).unwrap_or_default());
        }
        text.set(area.value());
        if !browser::touch() {
            let _ = area.focus();
        }
    });
    Effect::new(move |_| {
        if !running.get() {
            held_back.set(false);
        }
    });

    let send = move || {
        let written = text.get_untracked();
        if written.trim().is_empty() || closed.get_untracked() {
            return;
        }
        if running.get_untracked() {
            return held_back.set(true);
        }
        let model = picked.get_untracked().filter(|picked| Some(picked) != model.get_untracked().as_ref());
        text.set(String::new());
        if let Some(area) = area.get_untracked() {
            area.set_value("");
        }
        let (key, kept) = (key.get_value(), written.clone());
        let done = Box::new(move || drafts::forget(&key, &kept));
        submit.run(Draft { text: written, model, done });
    };
    let typed = move |_: Event| {
        if let Some(area) = area.get_untracked() {
            text.set(area.value());
            browser::store(&key.get_value(), &area.value());
        }
    };
    let pressed = move |event: KeyboardEvent| {
        // While a word is being composed (Chinese, Japanese, …) Enter chooses it. (229 is Safari's way to say so.)
        let composing = event.is_composing() || event.key_code() == 229;
        if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            send();
        }
    };
    let submitted = move |event: Event| {
        event.prevent_default();
        send();
    };
    let act = |label: &'static str| el("button").attr("aria-label", label).attr("title", label);
    let action = move || {
        if running.get() {
            act(t.stop)
                .attr("type", "button")
                .class("act stop")
                .on_click(move || stop.run(()))
                .child(icon(Icon::Stop))
        } else {
            act(t.send)
                .attr("type", "submit")
                .class("act send")
                .live_attr("disabled", move || text.read().trim().is_empty())
                .child(icon(Icon::Send))
        }
    };
    let area = el("textarea")
        .node_ref(area)
        .attr("rows", "1")
        .attr("aria-label", t.message)
        .attr("placeholder", placeholder)
        .attr("enterkeyhint", "send")
        .attr("autocomplete", "off")
        .live_attr("disabled", move || closed.get())
        .on("input", typed)
        .on("keydown", pressed);
    let tools = el("div")
        .class("tools")
        .child(models::picker(models, model, picked, t))
        .child(models::context_meter(context, t))
        .child(el("span").class("spring"))
        .child(el("span").class("keys").child(t.keys_hint))
        .child(live(action));
    let hint = live(move || held_back.get().then_some(t.held_back));
    el("form")
        .class("composer")
        .on("submit", submitted)
        .child(el("p").class("held-back").attr("role", "status").child(hint))
        .child(el("div").class("grow").live_attr("data-value", move || text.get()).child(area))
        .child(tools)
}
