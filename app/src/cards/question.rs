//! Requests to the user, and how they were resolved.
//!
//! A request that is pending is answered above the composer, not here.

use codex_gateway_wire::{
    Content, RequestResolved, Rule,
    request::{Decision, RequestKind, RequestOutcome, ResolvedBy},
    transcript::Question,
};
use view::{Node, prelude::*};

use super::{
    EntryHeader, FileChanges, Tone,
    field::JsonField,
    misc::first_line,
    of_kind,
    request_title::{RequestTitle, request_title},
};
use crate::{
    i18n::Texts,
    icon::Icon,
    rules::{RulesDialogHandle, rule_title},
    state::EntryRef,
    text::hidden::{exact_name, plain_name},
};

pub(super) fn header(question: &Question, t: &Texts) -> EntryHeader {
    let verb = match question.request.kind {
        RequestKind::Command => t.asked_command(),
        RequestKind::FileChange => t.asked_edit(),
        RequestKind::Permissions => t.asked_permissions(),
        RequestKind::UserInput => t.asked_input(),
        RequestKind::Elicitation => t.asked_form(),
        RequestKind::Other => t.asked_other(),
    };
    let header = EntryHeader::new(Icon::Shield, verb);
    let header = match request_title(&question.request) {
        Some(RequestTitle::Command(line)) => header.code(first_line(line.trim())),
        Some(RequestTitle::Host(host)) => header.code(host),
        Some(RequestTitle::Prose(text)) => header.text(text),
        None => header,
    };
    match &question.resolved {
        None => header.result(t.waiting_for_you()).tone(Tone::NeedsYou).expandable(false),
        Some(resolved) => header.result(resolution(resolved, t)).tone(tone(resolved)),
    }
}

/// Returns a tone that stands out if the request was resolved without the user.
fn tone(resolved: &RequestResolved) -> Tone {
    let is_automatic = matches!(
        resolved.by,
        ResolvedBy::Policy | ResolvedBy::Rule | ResolvedBy::Absence | ResolvedBy::Deadline
    );
    if is_automatic { Tone::NeedsYou } else { Tone::Quiet }
}

/// Says how the request was resolved.
fn resolution(resolved: &RequestResolved, t: &Texts) -> String {
    let text = match (resolved.outcome, resolved.by) {
        (_, ResolvedBy::Rule) => {
            let rule = resolved.rule.as_deref().map(|rule| plain_name(&rule_title(rule))).unwrap_or_default();
            return (t.resolved_by_rule)(&rule);
        }
        (RequestOutcome::Accepted, _) if resolved.rule.is_some() => t.resolved_accepted_always(),
        (RequestOutcome::Accepted, ResolvedBy::Policy) => t.resolved_accepted_automatically(),
        (RequestOutcome::Accepted, _) if is_for_session(resolved) => t.resolved_accepted_for_session(),
        (RequestOutcome::Accepted, _) => t.resolved_accepted(),
        (RequestOutcome::Answered, _) => t.resolved_answered(),
        (RequestOutcome::Declined, ResolvedBy::Absence) => t.resolved_by_absence(),
        (RequestOutcome::Declined, ResolvedBy::Deadline) => t.resolved_by_deadline(),
        (RequestOutcome::Declined, ResolvedBy::Policy) => t.declined_automatically(),
        (RequestOutcome::Declined, _) => t.resolved_declined(),
        (RequestOutcome::Cancelled, _) => t.resolved_cancelled(),
        (RequestOutcome::Withdrawn | RequestOutcome::Other, _) => t.resolved_withdrawn(),
    };
    text.to_owned()
}

/// Returns `true` if the answer holds for the rest of the session.
fn is_for_session(resolved: &RequestResolved) -> bool {
    let words = [Decision::ACCEPT_FOR_SESSION, "\"session\""];
    resolved.result.as_ref().is_some_and(|result| words.iter().any(|word| result.get().contains(word)))
}

/// The request, its answer, the rule that goes with it, and the changed files.
#[component]
pub(super) fn QuestionBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let dialog = RulesDialogHandle::current();
    let fields = move || {
        let question = of_kind!(entry, Content::Question(question) => question.clone());
        question.map(|question| question_fields(&question, dialog, t)).unwrap_or_default()
    };
    view! { <div class="fields">{fields}</div> }
}

fn question_fields(question: &Question, dialog: Option<RulesDialogHandle>, t: &'static Texts) -> Vec<Node> {
    let resolved = question.resolved.as_ref();
    let answer = resolved.and_then(|resolved| resolved.result.clone());
    let rule = resolved.and_then(|resolved| resolved.rule.as_deref().cloned());
    let changes = Some(question.request.summary.changes.clone()).filter(|changes| !changes.is_empty());
    let fields = [
        Some(view! { <JsonField label=t.request_params() json=question.request.params.clone() t/> }),
        answer.map(|json| view! { <JsonField label=t.request_answer() json t/> }),
        rule.map(|rule| view! { <RuleField rule dialog t/> }),
        changes.map(|changes| {
            let expand_all = RwSignal::new(false);
            view! { <div class="files"><FileChanges changes cwd=String::new() expand_all t/></div> }
        }),
    ];
    fields.into_iter().flatten().collect()
}

/// The rule that the answer created, or that resolved the request; with a link to the rules dialog.
#[component]
fn RuleField(rule: Rule, dialog: Option<RulesDialogHandle>, t: &'static Texts) -> impl IntoView {
    let open = dialog.map(|dialog| {
        view! { <button type="button" class="link" on:click=move |_| dialog.0.toggle()>{t.rules()}</button> }
    });
    view! {
        <div class="field">
            <div class="label">{t.rule()}</div>
            <p><code>{exact_name(&rule_title(&rule), t)}</code>" "{open}</p>
        </div>
    }
}
