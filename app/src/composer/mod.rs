//! The composer: where one writes.

mod drafts;
mod models;

use codex_gateway_wire::api::Model;
use leptos::{ev::SubmitEvent, html, prelude::*};
use web_sys::KeyboardEvent;

use crate::{
    browser,
    i18n::texts,
    icon::{Icon, icon},
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
pub(crate) fn composer_view(setup: ComposerSetup) -> AnyView {
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
    let typed = move |_| {
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
    let submitted = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let action = move || {
        if running.get() {
            view! {
                <button type="button" class="act stop" aria-label=t.stop title=t.stop on:click=move |_| stop.run(())>
                    {icon(Icon::Stop)}
                </button>
            }
            .into_any()
        } else {
            let empty = move || text.read().trim().is_empty();
            view! {
                <button type="submit" class="act send" aria-label=t.send title=t.send disabled=empty>
                    {icon(Icon::Send)}
                </button>
            }
            .into_any()
        }
    };
    view! {
        <form class="composer" on:submit=submitted>
            <p class="held-back" role="status">{move || held_back.get().then_some(t.held_back)}</p>
            <div class="grow" data-value=move || text.get()>
                <textarea
                    node_ref=area
                    rows="1"
                    aria-label=t.message
                    placeholder=placeholder
                    enterkeyhint="send"
                    autocomplete="off"
                    disabled=move || closed.get()
                    on:input=typed
                    on:keydown=pressed
                ></textarea>
            </div>
            <div class="tools">
                {models::picker(models, model, picked, t)} {models::context_meter(context, t)}
                <span class="spring"></span> <span class="keys">{t.keys_hint}</span> {action}
            </div>
        </form>
    }
    .into_any()
}
