//! The model and how hard it thinks, and how full its window is.

use codex_gateway_wire::api::Model;
use leptos::prelude::event_target_value;
use leptos::prelude::*;
use web_sys::Event;

use super::Composer;
use crate::{
    browser,
    conversation::Chat,
    i18n::Texts,
    node::{El, ElementExt as _, Node, el, live, many, svg},
};

/// A model, and how hard it is to think, if that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ModelChoice {
    pub(super) model: Option<String>,
    pub(super) effort: Option<String>,
}

impl ModelChoice {
    fn value(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{} {}", part(&self.model), part(&self.effort))
    }

    fn parse(value: &str) -> Self {
        let (model, effort) = value.split_once(' ').unwrap_or((value, ""));
        let part = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
        Self { model: part(model), effort: part(effort) }
    }
}

/// What the next message is for; tracked. The model in use, until another is picked.
pub(super) fn chosen(composer: Composer) -> ModelChoice {
    if let Some(picked) = composer.picked.try_with(|picked| picked.mind.clone()).flatten() {
        return picked;
    }
    let used = composer.chat.map(|chat| {
        chat.live.meta(|transcript| ModelChoice {
            model: transcript.model.clone(),
            effort: transcript.effort.clone(),
        })
    });
    let used = used.unwrap_or_default();
    composer.models.with_untracked(|models| {
        let model =
            used.model.or_else(|| models.iter().find(|one| one.is_default).map(|one| one.model.clone()));
        let known = models.iter().find(|one| Some(&one.model) == model.as_ref());
        let effort = used.effort.or_else(|| known?.default_reasoning_effort.clone());
        // One that the model does not list is no choice of the reader's.
        let lists = |effort: &String| {
            known.is_some_and(|one| {
                one.supported_reasoning_efforts.iter().any(|it| it.reasoning_effort == *effort)
            })
        };
        ModelChoice { effort: effort.filter(lists), model }
    })
}

/// Whether the model looks at images; tracked. One that is not known may.
pub(super) fn sees(composer: Composer) -> bool {
    let chosen = chosen(composer).model;
    composer.models.with_untracked(|models| {
        models.iter().find(|one| Some(&one.model) == chosen.as_ref()).is_none_or(Model::supports_images)
    })
}

/// Goes to the choice: the arrows choose there.
pub(super) fn go_to_picker() {
    if let Some(select) = browser::find(".compose select.model") {
        let _ = select.focus();
    }
}

/// A choice of models, each with the ways in which it can think.
pub(super) fn picker(composer: Composer) -> El {
    let t = composer.t;
    let options = move || {
        let chosen = chosen(composer);
        composer.models.with_untracked(|models| {
            let shown = models.iter().filter(|one| !one.hidden || Some(&one.model) == chosen.model.as_ref());
            let mut groups: Vec<El> = shown.map(|one| model_view(one, &chosen, t)).collect();
            // A session may use what is not in the list, or the list may still be empty.
            if models.iter().all(|one| Some(&one.model) != chosen.model.as_ref()) {
                let name = chosen.model.clone().unwrap_or_else(|| t.default_model().to_owned());
                groups.insert(0, option_view(&chosen, &chosen, name));
            }
            many(groups)
        })
    };
    let pick = move |event: Event| {
        let mind = ModelChoice::parse(&event_target_value(&event));
        composer.picked.update(|picked| picked.mind = Some(mind).filter(|mind| mind.model.is_some()));
    };
    el("select")
        .class("model")
        .attr("aria-label", t.model())
        .attr("title", t.model())
        .attr("autocomplete", "off")
        .on("change", pick)
        .child(live(options))
}

fn model_view(model: &Model, chosen: &ModelChoice, t: &Texts) -> El {
    let name = if model.display_name.is_empty() { &model.model } else { &model.display_name };
    let mind = |effort| ModelChoice { model: Some(model.model.clone()), effort };
    if model.supported_reasoning_efforts.is_empty() {
        return option_view(&mind(None), chosen, name.clone());
    }
    let efforts = model.supported_reasoning_efforts.iter().map(|one| {
        let effort = &one.reasoning_effort;
        let word = (t.effort)(effort).unwrap_or(effort);
        option_view(&mind(Some(effort.clone())), chosen, format!("{name} · {word}"))
    });
    el("optgroup").attr("label", name.clone()).child(many(efforts))
}

fn option_view(mind: &ModelChoice, chosen: &ModelChoice, name: String) -> El {
    el("option").attr("value", mind.value()).attr("selected", mind == chosen).child(name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_back_as_written() {
        let some = |text: &str| Some(text.to_owned());
        for mind in [
            ModelChoice { model: some("gpt-6"), effort: some("high") },
            ModelChoice { model: some("gpt-6"), effort: None },
            ModelChoice::default(),
        ] {
            assert_eq!(ModelChoice::parse(&mind.value()), mind);
        }
    }
}
