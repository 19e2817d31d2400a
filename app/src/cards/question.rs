//! What codex asked of the user, once it stands in the log: what was asked, and how that ended. (While it waits
//! it is answered in the box above the composer.)

use codex_gateway_wire::{
    Content, RequestResolved, Rule,
    request::{Decision, RequestKind, RequestOutcome, ResolvedBy},
    transcript::Question,
};
use leptos::prelude::*;

use super::{
    Head, Tone, changes_view,
    json::{fields, json_view},
    misc::first_line,
    of_kind,
};
use crate::{
    i18n::Texts,
    icon::Icon,
    node::{El, ElementExt as _, Node, el, link_button},
    rules::{RulesDialogHandle, rule_title},
    server_requests::{RequestTitle, request_title},
    state::EntryRef,
    text::hidden::{exact_name, plain_name},
};

pub(super) fn head(question: &Question, t: &Texts) -> Head {
    let verb = match question.request.kind {
        RequestKind::Command => t.asked_command(),
        RequestKind::FileChange => t.asked_edit(),
        RequestKind::Permissions => t.asked_permissions(),
        RequestKind::UserInput => t.asked_input(),
        RequestKind::Elicitation => t.asked_form(),
        RequestKind::Other => t.asked_other(),
    };
    let head = Head::new(Icon::Shield, verb);
    let head = match request_title(&question.request) {
        Some(RequestTitle::Command(line)) => head.code(first_line(line.trim())),
        Some(RequestTitle::Host(host)) => head.code(host),
        Some(RequestTitle::Prose(text)) => head.words(text),
        None => head,
    };
    match &question.resolved {
        None => head.result(t.waits_for_you()).tone(Tone::NeedsYou).opens(false),
        Some(resolved) => head.result(end(resolved, t)).tone(tone(resolved)),
    }
}

/// What was decided without anybody having been asked wants to be seen.
fn tone(resolved: &RequestResolved) -> Tone {
    let unseen = matches!(
        resolved.by,
        ResolvedBy::Policy | ResolvedBy::Rule | ResolvedBy::Absence | ResolvedBy::Deadline
    );
    if unseen { Tone::NeedsYou } else { Tone::Quiet }
}

/// How it ended, in words.
fn end(resolved: &RequestResolved, t: &Texts) -> String {
    let words = match (resolved.outcome, resolved.by) {
        (_, ResolvedBy::Rule) => {
            let rule = resolved.rule.as_deref().map(|rule| plain_name(&rule_title(rule))).unwrap_or_default();
            return (t.ended_by_rule)(&rule);
        }
        (RequestOutcome::Accepted, _) if resolved.rule.is_some() => t.ended_accepted_always(),
        (RequestOutcome::Accepted, ResolvedBy::Policy) => t.ended_accepted_unasked(),
        (RequestOutcome::Accepted, _) if is_lasting(resolved) => t.ended_accepted_for_session(),
        (RequestOutcome::Accepted, _) => t.ended_accepted(),
        (RequestOutcome::Answered, _) => t.ended_answered(),
        (RequestOutcome::Declined, ResolvedBy::Absence) => t.ended_absence(),
        (RequestOutcome::Declined, ResolvedBy::Deadline) => t.ended_deadline(),
        (RequestOutcome::Declined, ResolvedBy::Policy) => t.declined(),
        (RequestOutcome::Declined, _) => t.ended_declined(),
        (RequestOutcome::Cancelled, _) => t.ended_cancelled(),
        (RequestOutcome::Withdrawn | RequestOutcome::Other, _) => t.ended_withdrawn(),
    };
    words.to_owned()
}

/// Whether more was allowed than this once.
fn is_lasting(resolved: &RequestResolved) -> bool {
    let words = [Decision::ACCEPT_FOR_SESSION, "\"session\""];
    resolved.result.as_ref().is_some_and(|result| words.iter().any(|word| result.get().contains(word)))
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    let dialog = RulesDialogHandle::current();
    fields(move || {
        let pieces = of_kind!(entry, Content::Question(question) => {
            let result = question.resolved.as_ref().and_then(|resolved| resolved.result.as_ref());
            vec![
                Some(json_view(t.asked(), &question.request.params, t)),
                result.map(|result| json_view(t.answered(), result, t)),
                question.resolved.as_ref().and_then(|resolved| Some(rule_view(resolved.rule.as_deref()?, dialog, t))),
                Some(&question.request.summary.changes).filter(|changes| !changes.is_empty()).map(|changes| {
                    el("div").class("files").child(changes_view(changes, "", RwSignal::new(false), t))
                }),
            ]
        });
        pieces.unwrap_or_default()
    })
}

/// The rule that an answer has made, or that gave it; and the way to where it can be revoked.
fn rule_view(rule: &Rule, dialog: Option<RulesDialogHandle>, t: &'static Texts) -> El {
    let open = dialog.map(|dialog| link_button(t.rules(), move || dialog.0.toggle()));
    let title = el("p").child(el("code").child(exact_name(&rule_title(rule), t))).child(" ").child(open);
    el("div").class("field").child(el("div").class("label").child(t.rule())).child(title)
}
