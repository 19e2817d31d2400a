//! What codex asked of the user, once it stands in the log: what was asked, and how that ended. (While it waits
//! it is answered in the box above the composer.)

use codex_gateway_wire::{
    Content, RequestResolved,
    request::{Decision, Outcome, RequestKind, ResolvedBy},
    transcript::Question,
};

use super::{
    Head, Tone, changes_view,
    json::{fields, json_view},
    misc::first_line,
    of_kind,
};
use crate::{
    i18n::Texts,
    icon::Icon,
    live::EntryRef,
    node::{Node, el},
    questions::{Subject, subject},
    state::State,
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
    let head = match subject(&question.request) {
        Subject::Command(line) => head.code(first_line(line.trim())),
        Subject::Host(host) => head.code(host),
        Subject::Words(words) => head.words(words),
        Subject::Nothing => head,
    };
    match &question.resolved {
        None => head.result(t.waits_for_you()).tone(Tone::NeedsYou).opens(false),
        Some(resolved) => head.result(end(resolved, t)).tone(tone(resolved)),
    }
}

/// What was not allowed without anybody having been asked wants to be seen.
fn tone(resolved: &RequestResolved) -> Tone {
    let unseen = matches!(resolved.by, ResolvedBy::Policy | ResolvedBy::Absence | ResolvedBy::Deadline);
    if unseen { Tone::NeedsYou } else { Tone::Quiet }
}

/// How it ended, in words.
fn end(resolved: &RequestResolved, t: &Texts) -> &'static str {
    match (resolved.outcome, resolved.by) {
        (Outcome::Accepted, ResolvedBy::Policy) => t.ended_accepted_unasked(),
        (Outcome::Accepted, _) if is_lasting(resolved) => t.ended_accepted_for_session(),
        (Outcome::Accepted, _) => t.ended_accepted(),
        (Outcome::Answered, _) => t.ended_answered(),
        (Outcome::Declined, ResolvedBy::Absence) => t.ended_absence(),
        (Outcome::Declined, ResolvedBy::Deadline) => t.ended_deadline(),
        (Outcome::Declined, ResolvedBy::Policy) => t.declined(),
        (Outcome::Declined, _) => t.ended_declined(),
        (Outcome::Cancelled, _) => t.ended_cancelled(),
        (Outcome::Withdrawn | Outcome::Other, _) => t.ended_withdrawn(),
    }
}

/// Whether more was allowed than this once.
fn is_lasting(resolved: &RequestResolved) -> bool {
    let words =
        [Decision::ACCEPT_FOR_SESSION, Decision::ACCEPT_WITH_RULE, Decision::NETWORK_RULE, "\"session\""];
    resolved.result.as_ref().is_some_and(|result| words.iter().any(|word| result.get().contains(word)))
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let pieces = of_kind!(entry, Content::Question(question) => {
            let result = question.resolved.as_ref().and_then(|resolved| resolved.result.as_ref());
            vec![
                Some(json_view(t.asked(), &question.request.params, t)),
                result.map(|result| json_view(t.answered(), result, t)),
                Some(&question.request.summary.changes).filter(|changes| !changes.is_empty()).map(|changes| {
                    el("div").class("files").child(changes_view(changes, "", State::new(false), t))
                }),
            ]
        });
        pieces.unwrap_or_default()
    })
}
