//! Prompts for requests of codex.

use std::{collections::BTreeMap, io};

use codex_gateway_wire::{
    Json, UserRequest,
    request::{AnswerRequest, Decision, FieldInput, FormField, RequestKind},
};
use console::Term;
use dialoguer::{Confirm, Input as Text, MultiSelect, Password, Select, theme::ColorfulTheme};
use tokio_util::sync::CancellationToken;

use crate::lines::{plain, reveal_name};

/// Prompts for an answer. `None` if the user interrupted: then Ctrl-C has raised the signal. Blocks. Requests
/// that cannot be prompted for are declined. After `cancelled` is cancelled, no further field is prompted for.
pub(crate) fn ask(request: &UserRequest, cancelled: &CancellationToken) -> Option<AnswerRequest> {
    let answer = match request.kind {
        RequestKind::UserInput => fields(&request.summary.fields, cancelled)
            .map(|answers| AnswerRequest { answers: Some(answers), ..AnswerRequest::default() }),
        RequestKind::Elicitation if request.summary.tool.is_none() => elicitation(request, cancelled),
        _ => decision(&request.available_decisions)
            .map(|decision| AnswerRequest { decision: Some(decision), ..AnswerRequest::default() }),
    };
    match answer {
        Ok(answer) => Some(answer),
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => None,
        Err(_) => Some(decline()),
    }
}

/// Returns the answer that allows nothing. Every request accepts it.
pub(crate) fn decline() -> AnswerRequest {
    AnswerRequest { decision: Some(Decision::from_kind(Decision::DECLINE)), ..AnswerRequest::default() }
}

fn theme() -> ColorfulTheme {
    ColorfulTheme::default()
}

fn decision(available: &[Decision]) -> dialoguer::Result<Decision> {
    let labels: Vec<String> = available.iter().map(|decision| reveal_name(&label(decision))).collect();
    // Enter alone allows nothing.
    let safe = available.iter().position(|decision| decision.kind() == Decision::DECLINE).unwrap_or(0);
    let chosen = Select::with_theme(&theme())
        .with_prompt("May it?")
        .items(&labels)
        .default(safe)
        .interact_on(&Term::stderr())?;
    Ok(available[chosen].clone())
}

fn label(decision: &Decision) -> String {
    if let Some(rule) = decision.command_rule() {
        // Rules live as long as the sessions of this program, which end with it.
        return format!("Yes, as long as this runs, and whatever begins with: {rule}");
    }
    if let Some((host, true)) = decision.network_rule() {
        return format!("Yes, as long as this runs: {host}");
    }
    match decision.kind().as_str() {
        Decision::ACCEPT => "Yes, once".to_owned(),
        Decision::ACCEPT_FOR_SESSION => "Yes, as long as this runs".to_owned(),
        Decision::DECLINE => "No; go on without".to_owned(),
        Decision::CANCEL => "No, and stop".to_owned(),
        _ => decision.json().get().to_owned(),
    }
}

fn elicitation(request: &UserRequest, cancelled: &CancellationToken) -> dialoguer::Result<AnswerRequest> {
    let accepted =
        Confirm::with_theme(&theme()).with_prompt("Answer it?").default(false).interact_on(&Term::stderr())?;
    let action = Some(if accepted { "accept" } else { "decline" }.to_owned());
    let content = if accepted && !request.summary.fields.is_empty() {
        Some(fields(&request.summary.fields, cancelled)?)
    } else {
        None
    };
    Ok(AnswerRequest { action, content, ..AnswerRequest::default() })
}

/// Prompts for each field. Returns the values by field name.
fn fields(fields: &[FormField], cancelled: &CancellationToken) -> dialoguer::Result<Json> {
    let mut values: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
    for one in fields {
        if cancelled.is_cancelled() {
            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
        }
        values.insert(&one.name, field(one)?);
    }
    // Serialising texts cannot fail.
    Ok(serde_json::value::to_raw_value(&values).map(Json::from).unwrap_or_default())
}

fn field(field: &FormField) -> dialoguer::Result<serde_json::Value> {
    let prompt = plain(if field.hint.is_empty() { &field.label } else { &field.hint });
    let labels: Vec<String> = field.choices.iter().map(|choice| plain(&choice.label)).collect();
    let (theme, term) = (theme(), Term::stderr());
    Ok(match field.input {
        FieldInput::One if !labels.is_empty() => {
            let mut labels = labels;
            if field.other.is_some() {
                labels.push("Something else".to_owned());
            }
            let chosen = Select::with_theme(&theme)
                .with_prompt(&prompt)
                .items(&labels)
                .default(0)
                .interact_on(&term)?;
            match field.choices.get(chosen) {
                Some(choice) => choice.value.clone().into(),
                None => typed(field.other, &prompt, &theme, &term)?,
            }
        }
        FieldInput::Many => {
            let chosen =
                MultiSelect::with_theme(&theme).with_prompt(&prompt).items(&labels).interact_on(&term)?;
            chosen.into_iter().map(|at| field.choices[at].value.clone()).collect()
        }
        FieldInput::Boolean => Confirm::with_theme(&theme).with_prompt(&prompt).interact_on(&term)?.into(),
        input => typed(Some(input), &prompt, &theme, &term)?,
    })
}

/// Prompts for text.
fn typed(
    input: Option<FieldInput>,
    prompt: &str,
    theme: &ColorfulTheme,
    term: &Term,
) -> dialoguer::Result<serde_json::Value> {
    Ok(match input {
        Some(FieldInput::Secret) => Password::with_theme(theme).with_prompt(prompt).interact_on(term)?.into(),
        Some(FieldInput::Number) => {
            Text::<serde_json::Number>::with_theme(theme).with_prompt(prompt).interact_on(term)?.into()
        }
        _ => {
            Text::<String>::with_theme(theme).with_prompt(prompt).allow_empty(true).interact_on(term)?.into()
        }
    })
}
