//! The model and reasoning effort of the next message, and how full the model's context window is.

use codex_gateway_wire::api::Model;
use view::{Node, prelude::*};

use super::{
    ComposerState, Options,
    picker::{Picker, option},
};
use crate::{
    browser,
    i18n::{Texts, texts},
    state::Chat,
};

/// A model and its reasoning effort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ModelChoice {
    /// `None` for codex's default model.
    pub(super) model: Option<String>,
    /// `None` if the model has no choice of efforts.
    pub(super) effort: Option<String>,
}

impl ModelChoice {
    /// Returns the value of the choice's `<option>`: the model and the effort, with a space between them.
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

/// Returns the choice for the next message: what the user picked, else what the conversation uses. Tracked.
pub(super) fn chosen(composer: ComposerState) -> ModelChoice {
    if let Some(picked) = composer.picked.try_with(|picked| picked.model.clone()).flatten() {
        return picked;
    }
    let in_use = composer.chat.map(|chat| {
        chat.transcript.meta(|transcript| ModelChoice {
            model: transcript.model.clone(),
            effort: transcript.effort.clone(),
        })
    });
    let in_use = in_use.unwrap_or_default();
    composer.options.with_value(|Options { models, .. }| {
        let default = || models.iter().find(|model| model.is_default).map(|model| model.model.clone());
        let model = in_use.model.or_else(default);
        let known = models.iter().find(|known| Some(&known.model) == model.as_ref());
        let effort = in_use.effort.or_else(|| known?.default_reasoning_effort.clone());
        // The picker has no option for an effort that the model does not list.
        let is_listed = |effort: &String| {
            known.is_some_and(|model| {
                model.supported_reasoning_efforts.iter().any(|listed| listed.reasoning_effort == *effort)
            })
        };
        ModelChoice { effort: effort.filter(is_listed), model }
    })
}

/// Returns `true` if the chosen model supports images, or is not in the list. Tracked.
pub(super) fn supports_images(composer: ComposerState) -> bool {
    let chosen = chosen(composer).model;
    composer.options.with_value(|Options { models, .. }| {
        let known = models.iter().find(|known| Some(&known.model) == chosen.as_ref());
        known.is_none_or(Model::supports_images)
    })
}

/// Gives the model picker the focus.
pub(super) fn focus_picker() {
    browser::focus(".compose select.model");
}

/// Chooses the model and its reasoning effort.
#[component]
pub(super) fn ModelPicker(composer: ComposerState) -> impl IntoView {
    let t = composer.t;
    let options = move || {
        let chosen = chosen(composer);
        composer.options.with_value(|Options { models, .. }| {
            let is_chosen = |model: &Model| Some(&model.model) == chosen.model.as_ref();
            let shown = models.iter().filter(|model| !model.hidden || is_chosen(model));
            let mut options = shown.map(|model| model_options(model, &chosen, t)).collect::<Vec<_>>();
            // A session may use a model that is not in the list, and the list may still be empty.
            if !models.iter().any(is_chosen) {
                let name = chosen.model.clone().unwrap_or_else(|| t.default_model().to_owned());
                options.insert(0, choice_option(&chosen, &chosen, name));
            }
            options
        })
    };
    let pick = move |value: &str| {
        let choice = ModelChoice::parse(value);
        composer.picked.update(|picked| picked.model = Some(choice).filter(|choice| choice.model.is_some()));
    };
    view! { <Picker label=t.model() title=t.model() options pick attr:class="model"/> }
}

/// Returns a model's option, or a group with an option for each of its efforts.
fn model_options(model: &Model, chosen: &ModelChoice, t: &'static Texts) -> Node {
    let name = if model.display_name.is_empty() { &model.model } else { &model.display_name };
    let choice = |effort| ModelChoice { model: Some(model.model.clone()), effort };
    if model.supported_reasoning_efforts.is_empty() {
        return choice_option(&choice(None), chosen, name.clone());
    }
    let efforts = model.supported_reasoning_efforts.iter().map(|effort| {
        let effort = &effort.reasoning_effort;
        let effort_name = (t.effort)(effort).unwrap_or(effort);
        choice_option(&choice(Some(effort.clone())), chosen, format!("{name} · {effort_name}"))
    });
    let efforts = efforts.collect::<Vec<_>>();
    view! { <optgroup label=name.clone()>{efforts}</optgroup> }
}

fn choice_option(choice: &ModelChoice, chosen: &ModelChoice, name: String) -> Node {
    option(choice.value(), choice == chosen, name)
}

/// Shows how full the model's context window is. Empty while that is not known.
#[component]
pub(super) fn ContextMeter(chat: Chat) -> impl IntoView {
    let t = texts();
    let meter = move || {
        chat.context_used().map(|percent| {
            let words = (t.context_used)(percent);
            view! {
                <span class="context" role="img" aria-label=words.clone() title=words>
                    <Ring percent/>
                    <span>{format!("{percent}%")}</span>
                </span>
            }
        })
    };
    view! { {meter} }
}

/// A ring that is filled up to a share.
#[component]
fn Ring(percent: u64) -> impl IntoView {
    view! {
        <svg class="ring" viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="5.5" pathLength="100"/>
            <circle
                cx="8"
                cy="8"
                r="5.5"
                pathLength="100"
                class="used"
                stroke-dasharray=format!("{percent} 100")
            />
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_value_parses_to_the_same_choice() {
        let some = |text: &str| Some(text.to_owned());
        for choice in [
            ModelChoice { model: some("gpt-6"), effort: some("high") },
            ModelChoice { model: some("gpt-6"), effort: None },
            ModelChoice::default(),
        ] {
            assert_eq!(ModelChoice::parse(&choice.value()), choice);
        }
    }
}
