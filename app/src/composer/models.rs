//! The model: which one, and how full its window is.

use codex_gateway_wire::api::Model;
use leptos::prelude::*;

use crate::i18n::Texts;

/// A choice of models; the one in use is chosen until another is picked.
pub(super) fn picker(
    models: Vec<Model>,
    used: Signal<Option<String>>,
    picked: RwSignal<Option<String>>,
    t: &'static Texts,
) -> AnyView {
    let choices = StoredValue::new(choices(models));
    let chosen = Memo::new(move |_| {
        let wanted = picked.get().or_else(|| used.get());
        wanted.or_else(|| {
            choices.with_value(|all| all.iter().find(|one| one.default).map(|one| one.id.clone()))
        })
    });
    let options = move || {
        let chosen = chosen.get();
        let mut all = choices.get_value();
        // A session may use what is not in the list, or the list may still be empty.
        if all.iter().all(|one| Some(&one.id) != chosen.as_ref()) {
            let name = chosen.clone().unwrap_or_else(|| t.default_model.to_owned());
            all.insert(0, Choice { id: chosen.clone().unwrap_or_default(), name, default: false });
        }
        let option = |one: Choice| {
            let selected = Some(&one.id) == chosen.as_ref();
            view! { <option value=one.id selected=selected>{one.name}</option> }
        };
        all.into_iter().map(option).collect::<Vec<_>>()
    };
    let pick = move |event| {
        let value = event_target_value(&event);
        picked.set(Some(value).filter(|value| !value.is_empty()));
    };
    view! {
        <select class="model" aria-label=t.model title=t.model autocomplete="off" on:change=pick>
            {options}
        </select>
    }
    .into_any()
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
pub(super) fn context_meter(percent: Signal<Option<u64>>, t: &'static Texts) -> AnyView {
    (move || {
        percent.get().map(|percent| {
            let words = (t.context_used)(percent);
            view! {
                <span class="context" role="img" aria-label=words.clone() title=words>
                    <svg class="ring" viewBox="0 0 16 16" aria-hidden="true">
                        <circle cx="8" cy="8" r="5.5" pathLength="100"></circle>
                        <circle
                            class="used"
                            cx="8"
                            cy="8"
                            r="5.5"
                            pathLength="100"
                            stroke-dasharray=format!("{percent} 100")
                        ></circle>
                    </svg>
                    <span>{percent}"%"</span>
                </span>
            }
        })
    })
    .into_any()
}
