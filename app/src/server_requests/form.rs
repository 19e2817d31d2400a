//! Questions and forms: they are filled in and sent, or declined.

use leptos::prelude::*;
use std::sync::Arc;

use codex_gateway_wire::request::{AnswerRequest, Decision, FieldChoice, FieldInput, FormField, RequestKind};
use leptos::prelude::event_target_value;
use web_sys::Event;

use super::{
    approval_choices::{choice, locked, numbered, with_key},
    card::Card,
    form_content::filled,
};
use crate::{
    cards::json_view,
    i18n::Texts,
    node::{El, ElementExt as _, Node, el, many},
    text::hidden::{TextKind, exact, exact_name, plain_name},
};

/// The longest default, in bytes, that is shown in its field alone.
const MAX_IN_FIELD: usize = 30;

/// What was filled in so far, field by field.
type Values = RwSignal<Vec<Vec<String>>>;

/// A form, and what it is filled in with.
#[derive(Clone)]
struct Form {
    fields: Arc<Vec<FormField>>,
    values: Values,
    /// Questions of the agent, not a server's form.
    questions: bool,
}

/// What is to be filled in, and the buttons below.
pub(super) fn form_view(card: &Card) -> (Node, El) {
    let t = card.chat.t;
    let fields = Arc::new(card.request.summary.fields.clone());
    let values = RwSignal::new(fields.iter().map(|field| field.default.clone()).collect());
    let questions = card.request.kind == RequestKind::UserInput;
    let form = Form { fields, values, questions };
    let mut number = 0;
    let rows = (0..form.fields.len()).map(|at| field_view(card, &form, at, &mut number));
    let rows = el("div").class("form").child(many(rows.collect::<Vec<_>>()));
    let link = card.request.summary.url.clone();
    // What is neither a form nor a link that we know is shown as it is.
    let raw = (form.fields.is_empty() && link.is_none() && !questions)
        .then(|| json_view(t.asked(), &card.request.params, t));
    let offered =
        |word: &str| card.request.available_decisions.iter().any(|decision| decision.kind() == word);
    let send = (questions || offered(Decision::ACCEPT)).then(|| send_view(card, form, link.is_some()));
    let decline = card.answer.clone();
    let decline =
        choice(card, false, false, move || decline(decision(Decision::DECLINE))).attr("data-decline", "");
    let cancel = card.answer.clone();
    let cancel = offered(Decision::CANCEL).then(|| {
        choice(card, false, false, move || cancel(decision(Decision::CANCEL))).child(t.decline_and_stop())
    });
    let buttons: [Node; 3] =
        [send.into(), with_key(decline.child(el("span").child(t.decline())), "Esc").into(), cancel.into()];
    let parts: [Node; 3] = [rows.into(), link.map(|link| link_view(link, t)).into(), raw.into()];
    (many(parts), el("div").class("choices").child(many(buttons)))
}

fn decision(word: &str) -> AnswerRequest {
    AnswerRequest { decision: Some(Decision::from_kind(word)), ..Default::default() }
}

/// The button that sends what is filled in; not while something is missing.
fn send_view(card: &Card, form: Form, is_link: bool) -> El {
    let t = card.chat.t;
    let (answer, closed, values) = (card.answer.clone(), card.closed, form.values);
    let questions = form.questions;
    let content = move |values: &Vec<Vec<String>>| filled(&form.fields, values, questions);
    let ready = content.clone();
    let act = move || {
        let Some(content) = values.try_with_untracked(&content).flatten() else { return };
        answer(if questions {
            AnswerRequest { answers: Some(content), ..Default::default() }
        } else {
            AnswerRequest {
                action: Some(Decision::ACCEPT.to_owned()),
                content: Some(content),
                ..Default::default()
            }
        });
    };
    let label = if is_link { t.link_done() } else { t.send_answers() };
    let button = el("button")
        .attr("type", "button")
        .class("button")
        .live_attr("disabled", move || closed.get() || values.try_with(&ready).flatten().is_none());
    locked(button, card, act).child(label)
}

/// A link of a server's: one sees where it goes before one follows it.
fn link_view(url: String, t: &Texts) -> El {
    let shown = el("code").child(exact_name(&url, t));
    let web = ["https://", "http://"].into_iter().find_map(|scheme| url.strip_prefix(scheme));
    // What stands before an @ is no part of the host, and looks like it.
    let is_plain =
        |rest: &str| rest.is_ascii() && !rest.split(['/', '?', '#']).next().unwrap_or_default().contains('@');
    if !web.is_some_and(is_plain) {
        return el("p").class("where").child(shown);
    }
    let link = el("a").attr("href", url).attr("target", "_blank").attr("rel", "noopener noreferrer");
    el("p").class("where").child(link.child(shown))
}

fn field_view(card: &Card, form: &Form, at: usize, number: &mut usize) -> El {
    let t = card.chat.t;
    let (field, values) = (&form.fields[at], form.values);
    let id = format!("field-{at}");
    let label = el("div")
        .class("name")
        .attr("id", id.clone())
        .child(el("span").child(exact(&field.label, TextKind::Prose, t)))
        .child((!field.required).then(|| el("span").class("optional").child(t.optional())));
    let hint = (!field.hint.is_empty())
        .then(|| el("div").class("hint").child(exact(&field.hint, TextKind::Prose, t)));
    let default = field.default.first();
    let written = |kind: &'static str| {
        let input = text_input(kind, &id, values, at, default.cloned());
        // A field of one line shows neither all of a long text nor what is hidden in it.
        let hides = |text: &&String| text.len() > MAX_IN_FIELD || plain_name(text) != **text;
        let all = default.filter(hides).filter(|_| kind != "password");
        let all = all.map(|text| el("div").class("hint").child(el("code").child(exact_name(text, t))));
        many([Some(input), all])
    };
    let input: Node = match field.input {
        FieldInput::Text => written("text"),
        FieldInput::Secret => written("password"),
        FieldInput::Email => written("email"),
        FieldInput::Url => written("url"),
        FieldInput::Date => written("date"),
        FieldInput::Number => written("number"),
        FieldInput::Boolean => {
            let choice = |value: &str, label: &str| FieldChoice {
                value: value.to_owned(),
                label: label.to_owned(),
                hint: String::new(),
            };
            let choices = [choice("true", t.yes()), choice("false", t.no())];
            options_view(t, &id, &choices, false, values, at, number).into()
        }
        FieldInput::One | FieldInput::Many => {
            let several = field.input == FieldInput::Many;
            let options = options_view(t, &id, &field.choices, several, values, at, number);
            let other = field.other.map(|input| {
                let kind = if input == FieldInput::Secret { "password" } else { "text" };
                text_input(kind, &id, values, at, None).attr("placeholder", t.other_answer())
            });
            many([Some(options), other])
        }
    };
    el("div").class("field").child(label).child(hint).child(input)
}

fn text_input(kind: &'static str, id: &str, values: Values, at: usize, default: Option<String>) -> El {
    let typed = move |event: Event| set(values, at, vec![event_target_value(&event)]);
    el("input")
        .attr("type", kind)
        .attr("step", (kind == "number").then_some("any"))
        .attr("aria-labelledby", id.to_owned())
        .attr("autocomplete", if kind == "password" { "new-password" } else { "off" })
        .unmanaged()
        .attr("value", default)
        .on("input", typed)
}

/// Choices as buttons that stay pressed.
fn options_view(
    t: &Texts,
    id: &str,
    choices: &[FieldChoice],
    several: bool,
    values: Values,
    at: usize,
    number: &mut usize,
) -> El {
    let buttons = choices.iter().map(|choice| {
        *number += 1;
        let (value, same) = (choice.value.clone(), choice.value.clone());
        let pressed = move || values.try_with(|values| values[at].contains(&same)).unwrap_or_default();
        let press = move || {
            let mut now = values.try_with_untracked(|values| values[at].clone()).unwrap_or_default();
            match now.iter().position(|one| *one == value) {
                Some(place) if several => drop(now.remove(place)),
                _ if several => now.push(value.clone()),
                _ => now = vec![value.clone()],
            }
            set(values, at, now);
        };
        let prose = |text: &str| exact(text, TextKind::Prose, t);
        let words = el("span").class("words").child(el("span").child(prose(&choice.label)));
        let words = words
            .child((!choice.hint.is_empty()).then(|| el("span").class("hint").child(prose(&choice.hint))));
        let button = el("button").attr("type", "button").class("option");
        numbered(
            button.live_attr("aria-pressed", move || pressed().to_string()).on_click(press).child(words),
            *number,
        )
    });
    let buttons = many(buttons.collect::<Vec<_>>());
    el("div").class("options").attr("role", "group").attr("aria-labelledby", id.to_owned()).child(buttons)
}

fn set(values: Values, at: usize, value: Vec<String>) {
    values.update(|values| values[at] = value);
}
