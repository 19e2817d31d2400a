//! The composer: where one writes.

mod drafts;
mod models;

use codex_gateway_wire::api::Model;
use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlTextAreaElement, KeyboardEvent};

use crate::{
    browser,
    conversation::Chat,
    i18n::texts,
    icon::{Icon, icon},
    node::{El, ElementRef, el, live},
    state::State,
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
    /// The conversation, if there is one already.
    pub(crate) chat: Option<Chat>,
    pub(crate) submit: Submit,
}

/// What to do with a message.
pub(crate) type Submit = Arc<dyn Fn(Draft) + Send + Sync>;

/// Enter sends, Shift Enter breaks the line. The draft survives a reload.
pub(crate) fn composer_view(setup: ComposerSetup) -> El {
    let t = texts();
    let area = Area(ElementRef::new());
    let text = State::new(String::new());
    // Somebody tried to send while a turn runs.
    let held_back = State::new(false);
    let picked = State::new(None::<String>);
    let key = State::new(drafts::key(&setup.draft_key));
    let ComposerSetup { placeholder, models, chat, submit, .. } = setup;
    let running = move || chat.is_some_and(Chat::running);
    let closed = move || chat.is_some_and(Chat::ended);
    let signed_out = move || chat.is_some_and(Chat::signed_out);

    Effect::new(move |_| begin(area, &key.peek(), text));
    Effect::new(move |_| {
        if !running() {
            held_back.set_to(false);
        }
    });

    if let Some(chat) = chat {
        Effect::new(move |_| keep_unsent(chat, area, &key.peek(), text));
        Effect::new(move |_| take_addition(chat, area, &key.peek(), text));
    }

    let send = move || {
        let written = text.peek();
        if written.trim().is_empty() || untrack(|| closed() || signed_out()) {
            return;
        }
        if untrack(running) {
            return held_back.set(true);
        }
        let used = chat.and_then(|chat| chat.live.peek(|transcript| transcript.model.clone()));
        let model = picked.peek().filter(|picked| Some(picked) != used.as_ref());
        area.set("");
        text.set(String::new());
        let (key, kept) = (key.peek(), written.clone());
        let done = Box::new(move || drafts::forget(&key, &kept));
        submit(Draft { text: written, model, done });
    };
    let typed = move |_: Event| {
        let written = area.get().map(|area| area.value()).unwrap_or_default();
        browser::store(&key.peek(), &written);
        text.set(written);
    };
    let send_too = send.clone();
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
        send_too();
    };
    let act = |label: &'static str| el("button").attr("aria-label", label).attr("title", label);
    let action = move || {
        if running() {
            act(t.stop)
                .attr("type", "button")
                .class("act stop")
                .on_click(move || chat.iter().for_each(|chat| chat.stop()))
                .child(icon(Icon::Stop))
        } else {
            act(t.send)
                .attr("type", "submit")
                .class("act send")
                .live_attr("disabled", move || text.get().trim().is_empty() || signed_out())
                .child(icon(Icon::Send))
        }
    };
    let area = el("textarea")
        .node_ref(area.0)
        .attr("rows", "1")
        .attr("aria-label", t.message)
        .attr("placeholder", placeholder)
        .attr("enterkeyhint", "send")
        .attr("autocomplete", "off")
        .live_attr("disabled", closed)
        .on("input", typed)
        .on("keydown", pressed);
    let tools = el("div")
        .class("tools")
        .child(models::picker(models, chat, picked, t))
        .child(models::context_meter(chat, t))
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

/// As soon as the field is there: what was written before stands in it.
fn begin(area: Area, key: &str, text: State<String>) {
    let Some(area) = area.track() else { return };
    // Somebody may have begun to write before this program ran, which has not kept it then.
    if area.value().is_empty() {
        area.set_value(&browser::stored(key).unwrap_or_default());
    } else {
        browser::store(key, &area.value());
    }
    text.set(area.value());
    // It is part of the page only after this.
    request_animation_frame(move || {
        if !browser::touch() {
            let _ = area.focus();
        }
    });
}

/// Once one is signed out, the page will be loaded anew: what did not arrive survives that only as a draft.
fn keep_unsent(chat: Chat, area: Area, key: &str, text: State<String>) {
    let settled = chat.signed_out() && !chat.outbox.busy();
    let unsent = if settled { chat.outbox.take_failed() } else { Vec::new() };
    if !unsent.is_empty() {
        let all = drafts::join(unsent, text.peek());
        browser::store(key, &all);
        area.set(&all);
        text.set(all);
    }
}

/// What is added from elsewhere on the page stands at the end of the draft.
fn take_addition(chat: Chat, area: Area, key: &str, text: State<String>) {
    if !chat.addition.get().is_empty() {
        let all = drafts::join(vec![text.peek()], chat.addition.take());
        browser::store(key, &all);
        area.set(&all);
        text.set(all);
    }
}

/// The field that one writes in.
#[derive(Clone, Copy)]
struct Area(ElementRef);

impl Area {
    /// The field, as soon as it is there.
    fn track(self) -> Option<HtmlTextAreaElement> {
        self.0.get().and_then(|area| area.dyn_into().ok())
    }

    fn get(self) -> Option<HtmlTextAreaElement> {
        untrack(|| self.track())
    }

    fn set(self, text: &str) {
        if let Some(area) = self.get() {
            area.set_value(text);
        }
    }
}
