//! The model: which one, and how full its window is.

use codex_gateway_wire::api::Model;
use leptos::prelude::event_target_value;
use web_sys::Event;

use crate::{
    conversation::Chat,
    i18n::Texts,
    node::{El, Node, el, live, many, svg},
    state::State,
};

/// A choice of models; the one in use is chosen until another is picked.
pub(super) fn picker(
    models: Vec<Model>,
    chat: Option<Chat>,
    picked: State<Option<String>>,
    t: &'static Texts,
) -> El {
    let choices = State::new(choices(models));
    let chosen = move || {
        let used = || chat.and_then(|chat| chat.live.meta(|transcript| transcript.model.clone()));
        let default = || choices.try_peek(|all| all.iter().find(|one| one.default).map(|one| one.id.clone()));
        picked.get().or_else(used).or_else(|| default().flatten())
    };
    let options = move || {
        let chosen = chosen();
        let mut all = choices.peek();
        // A session may use what is not in the list, or the list may still be empty.
        if all.iter().all(|one| Some(&one.id) != chosen.as_ref()) {
            let name = chosen.clone().unwrap_or_else(|| t.default_model.to_owned());
            all.insert(0, Choice { id: chosen.clone().unwrap_or_default(), name, default: false });
        }
        many(all.into_iter().map(|one| {
            let selected = Some(&one.id) == chosen.as_ref();
            el("option").attr("value", one.id).attr("selected", selected).child(one.name)
        }))
    };
    let pick = move |event: Event| {
        let value = event_target_value(&event);
        picked.set(Some(value).filter(|value| !value.is_empty()));
    };
    el("select")
        .class("model")
        .attr("aria-label", t.model)
        .attr("title", t.model)
        .attr("autocomplete", "off")
        .on("change", pick)
        .child(live(options))
}

#[derive(Clone, Debug, PartialEq)]
struct Choice {
    id: String,
    name: String,
    default: bool,
}

fn choices(models: Vec<Model>) -> Vec<Choice> {
    let shown = models.into_iter().filter(|model| !model.hidden);
    let choice = |model: Model| {
        let name = if model.display_name.is_empty() { model.model.clone() } else { model.display_name };
        Choice { id: model.model, name, default: model.is_default }
    };
    shown.map(choice).collect()
}

/// How full the model's window is: a ring.
pub(super) fn context_meter(chat: Option<Chat>, t: &'static Texts) -> Node {
    live(move || {
        chat.and_then(Chat::context_used).map(|percent| {
            let words = (t.context_used)(percent);
            el("span")
                .class("context")
                .attr("role", "img")
                .attr("aria-label", words.clone())
                .attr("title", words)
                .child(ring(percent))
                .child(el("span").child(format!("{percent}%")))
        })
    })
}

fn ring(percent: u64) -> El {
    let circle = || svg("circle").attr("cx", "8").attr("cy", "8").attr("r", "5.5").attr("pathLength", "100");
    let used = circle().class("used").attr("stroke-dasharray", format!("{percent} 100"));
    svg("svg")
        .class("ring")
        .attr("viewBox", "0 0 16 16")
        .attr("aria-hidden", "true")
        .child(circle())
        .child(used)
}
