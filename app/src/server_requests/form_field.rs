//! The fields of a form.

use codex_gateway_wire::request::{FieldChoice, FieldInput, FormField};
use view::prelude::*;

use super::keyboard::{Keycap, Shortcut};
use crate::{
    i18n::Texts,
    text::hidden::{TextKind, exact, exact_name, plain_name},
};

/// The longest default, in bytes, that its text field shows in full.
const MAX_VISIBLE_DEFAULT_BYTES: usize = 30;

/// Returns the number of options of a field.
pub(super) fn option_count(field: &FormField) -> usize {
    match field.input {
        FieldInput::Boolean => 2,
        FieldInput::One | FieldInput::Many => field.choices.len(),
        _ => 0,
    }
}

/// A field with its label.
#[component]
pub(super) fn FieldRow(
    id: String,
    field: FormField,
    value: RwSignal<Vec<String>>,
    /// The number of the field's first option, by which a key chooses it.
    first_number: usize,
    t: &'static Texts,
) -> impl IntoView {
    let label = exact(&field.label, TextKind::Prose, t);
    let is_optional = !field.required;
    let hint = (!field.hint.is_empty())
        .then(|| view! { <div class="hint">{exact(&field.hint, TextKind::Prose, t)}</div> });
    let text_field = |kind: &'static str| {
        let default = field.default.first().cloned();
        view! { <TextField kind label_id=id.clone() value default t/> }
    };
    let input = match field.input {
        FieldInput::Text => text_field("text"),
        FieldInput::Secret => text_field("password"),
        FieldInput::Email => text_field("email"),
        FieldInput::Url => text_field("url"),
        FieldInput::Date => text_field("date"),
        FieldInput::Number => text_field("number"),
        FieldInput::Boolean => {
            let choice = |value: &str, label: &str| FieldChoice {
                value: value.to_owned(),
                label: label.to_owned(),
                hint: String::new(),
            };
            let choices = vec![choice("true", t.yes()), choice("false", t.no())];
            view! { <Options choices is_multiple=false label_id=id.clone() value first_number t/> }
        }
        FieldInput::One | FieldInput::Many => {
            let other = field.other.map(|input| {
                let kind = if input == FieldInput::Secret { "password" } else { "text" };
                view! { <TextInput kind label_id=id.clone() value default=None placeholder=t.other_answer()/> }
            });
            let is_multiple = field.input == FieldInput::Many;
            view! {
                <Options choices=field.choices is_multiple label_id=id.clone() value first_number t/>
                {other}
            }
        }
    };
    view! {
        <div class="field">
            <div class="name" id=id>
                <span>{label}</span>
                {is_optional.then(|| view! { <span class="optional">{t.optional()}</span> })}
            </div>
            {hint}
            {input}
        </div>
    }
}

/// A text field, and its default below if the field does not show all of that.
#[component]
fn TextField(
    kind: &'static str,
    label_id: String,
    value: RwSignal<Vec<String>>,
    default: Option<String>,
    t: &'static Texts,
) -> impl IntoView {
    // A text field has a single line, and does not mark hidden characters.
    let is_hidden = |text: &&String| text.len() > MAX_VISIBLE_DEFAULT_BYTES || plain_name(text) != **text;
    let full_default = default.as_ref().filter(is_hidden).filter(|_| kind != "password");
    let full_default = full_default.map(|text| {
        view! {
            <div class="hint">
                <code>{exact_name(text, t)}</code>
            </div>
        }
    });
    view! {
        <TextInput kind label_id value default/>
        {full_default}
    }
}

#[component]
fn TextInput(
    /// The `type` of the element.
    kind: &'static str,
    label_id: String,
    value: RwSignal<Vec<String>>,
    default: Option<String>,
    #[prop(optional)] placeholder: Option<&'static str>,
) -> impl IntoView {
    view! {
        <input
            type=kind
            step=(kind == "number").then_some("any")
            aria-labelledby=label_id
            autocomplete=if kind == "password" { "new-password" } else { "off" }
            data-1p-ignore=""
            data-lpignore="true"
            data-bwignore="true"
            data-form-type="other"
            value=default
            placeholder=placeholder
            on:input=move |event| value.set(vec![event_target_value(&event)])
        />
    }
}

/// Options as buttons that stay pressed.
#[component]
fn Options(
    choices: Vec<FieldChoice>,
    is_multiple: bool,
    label_id: String,
    value: RwSignal<Vec<String>>,
    first_number: usize,
    t: &'static Texts,
) -> impl IntoView {
    let options = choices.into_iter().zip(first_number..).map(|(choice, number)| {
        let shortcut = Shortcut::of_choice(number);
        let label = exact(&choice.label, TextKind::Prose, t);
        let hint = (!choice.hint.is_empty())
            .then(|| view! { <span class="hint">{exact(&choice.hint, TextKind::Prose, t)}</span> });
        let option = choice.value.clone();
        let is_chosen = move || value.with(|chosen| chosen.contains(&option));
        let toggle = move |_| {
            value.update(|chosen| match chosen.iter().position(|option| *option == choice.value) {
                Some(index) if is_multiple => drop(chosen.remove(index)),
                None if is_multiple => chosen.push(choice.value.clone()),
                _ => *chosen = vec![choice.value.clone()],
            });
        };
        view! {
            <button
                type="button"
                class="option"
                data-choice=shortcut.and_then(Shortcut::choice_attribute)
                aria-pressed=move || is_chosen().to_string()
                on:click=toggle
            >
                <span class="text">
                    <span>{label}</span>
                    {hint}
                </span>
                {shortcut.map(|shortcut| view! { <Keycap shortcut/> })}
            </button>
        }
    });
    view! {
        <div class="options" role="group" aria-labelledby=label_id>
            {options.collect::<Vec<_>>()}
        </div>
    }
}
