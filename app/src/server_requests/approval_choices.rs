//! The available decisions, as buttons.

use codex_gateway_wire::{UserRequest, request::Decision};
use view::prelude::*;

use super::{
    card_context::CardContext,
    decline_with_message::DeclineWithMessage,
    heading::{is_longer, truncate},
    keyboard::{Keycap, Shortcut},
    read_gate::ReadGate,
};
use crate::{i18n::Texts, text::hidden::exact_name};

/// The longest label of a button, in characters. [`long_labels`] returns the labels that are cut.
const MAX_LABEL_CHARS: usize = 100;

/// A button for each decision, and "Decline and tell Codex…".
#[component]
pub(super) fn ApprovalChoices(card: CardContext) -> impl IntoView {
    let t = card.chat.t;
    let mut number = 0;
    let buttons = card.request.available_decisions.iter().map(|decision| {
        let declines = decision.kind() == Decision::DECLINE;
        number += usize::from(!declines);
        let shortcut = if declines { Some(Shortcut::Escape) } else { Shortcut::of_choice(number) };
        let label = exact_name(&truncate(&label(decision, t), MAX_LABEL_CHARS), t);
        let gate = accepts(decision).then_some(card.gate);
        let decide = {
            let (card, decision) = (card.clone(), decision.clone());
            move || card.decide(decision.clone())
        };
        view! {
            <ChoiceButton
                on_press=decide
                disabled=card.locked
                gate
                is_primary=number == 1 && !declines
                shortcut
            >
                <span>{label}</span>
            </ChoiceButton>
        }
    });
    let buttons = buttons.collect::<Vec<_>>();
    view! {
        <div class="choices">
            {buttons}
            <DeclineWithMessage card number=number + 1/>
        </div>
    }
}

/// A button that answers a request.
#[component]
pub(super) fn ChoiceButton<F>(
    on_press: F,
    #[prop(into)] disabled: Signal<bool>,
    /// For buttons that accept the request: they act only while the gate is open.
    gate: Option<ReadGate>,
    #[prop(optional)] is_primary: bool,
    shortcut: Option<Shortcut>,
    children: Children,
) -> impl IntoView
where
    F: Fn() + Send + 'static,
{
    let is_locked = move || gate.is_some_and(|gate| !gate.is_open());
    let press = move |_| match gate {
        Some(gate) => gate.run_if_open(&on_press),
        None => on_press(),
    };
    view! {
        <button
            type="button"
            class=if is_primary { "button" } else { "button quiet" }
            data-decline=shortcut.and_then(Shortcut::decline_attribute)
            data-choice=shortcut.and_then(Shortcut::choice_attribute)
            disabled=disabled
            aria-disabled=move || is_locked().then_some("true")
            aria-describedby=move || is_locked().then_some("question-locked")
            on:click=press
        >
            {children()}
            {shortcut.map(|shortcut| view! { <Keycap shortcut/> })}
        </button>
    }
}

/// Returns the labels that are cut on their buttons, in full.
pub(super) fn long_labels(request: &UserRequest, t: &Texts) -> Vec<String> {
    let labels = request.available_decisions.iter().map(|decision| label(decision, t));
    labels.filter(|label| is_longer(label, MAX_LABEL_CHARS)).collect()
}

/// Returns `true` if a decision may accept something. Unknown decisions may.
fn accepts(decision: &Decision) -> bool {
    let denies_host = || decision.network_rule().is_some_and(|(_, is_allowed)| !is_allowed);
    !matches!(decision.kind().as_str(), Decision::DECLINE | Decision::CANCEL) && !denies_host()
}

/// Returns the label of a decision. The label of an unknown decision is its kind.
fn label(decision: &Decision, t: &Texts) -> String {
    let kind = decision.kind();
    match kind.as_str() {
        Decision::ACCEPT => t.allow_once().to_owned(),
        Decision::ACCEPT_FOR_SESSION => t.allow_for_session().to_owned(),
        Decision::DECLINE => t.decline().to_owned(),
        Decision::CANCEL => t.decline_and_stop().to_owned(),
        Decision::ACCEPT_WITH_RULE => decision
            .command_rule()
            .map_or(kind, |prefix| (t.allow_commands_always)(&command_pattern(&prefix))),
        Decision::NETWORK_RULE => match decision.network_rule() {
            Some((host, true)) => (t.allow_host_always)(&host),
            _ => kind,
        },
        _ => kind,
    }
}

/// Returns the commands that a rule allows. A rule of a single word allows that command without arguments only.
fn command_pattern(prefix: &str) -> String {
    let more = if prefix.contains(' ') { " …" } else { "" };
    format!("{prefix}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decision_except_refusals_accepts() {
        let accepts = |json: &str| accepts(&serde_json::from_str(json).unwrap());
        let rule = |action: &str| {
            format!(
                r#"{{"applyNetworkPolicyAmendment":{{"network_policy_amendment":{{"host":"a.example","action":"{action}"}}}}}}"#
            )
        };
        for refusal in [r#""decline""#, r#""cancel""#, &rule("deny")] {
            assert!(!accepts(refusal), "{refusal}");
        }
        for other in [r#""accept""#, r#""acceptForSession""#, r#""ofTheFuture""#, &rule("allow"), "7"] {
            assert!(accepts(other), "{other}");
        }
    }
}
