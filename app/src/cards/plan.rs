//! The plan of a turn: a checklist that is updated in place.

use codex_gateway_wire::{
    Content,
    codex::{PlanStep, PlanStepStatus, TurnPlan},
};
use leptos::prelude::*;

use super::{Head, of_kind};
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    live::EntryRef,
};

pub(super) fn head(plan: &TurnPlan, t: &Texts) -> Head {
    let done = plan.plan.iter().filter(|step| step.status == PlanStepStatus::Completed).count();
    let now = plan.plan.iter().find(|step| step.status == PlanStepStatus::InProgress);
    Head::new(Icon::List, t.plan).words(now.map(|step| step.step.clone()).unwrap_or_default()).result((t
        .plan_done)(
        done,
        plan.plan.len(),
    ))
}

pub(super) fn body(entry: EntryRef, _: &'static Texts) -> AnyView {
    let explanation = move || of_kind!(entry, Content::Plan(plan) => plan.explanation.clone()).flatten();
    let steps =
        move || of_kind!(entry, Content::Plan(plan) => plan.plan.iter().map(step_view).collect::<Vec<_>>());
    view! {
        <div class="plan">
            <p class="explanation">{explanation}</p>
            <ol>{steps}</ol>
        </div>
    }
    .into_any()
}

fn step_view(step: &PlanStep) -> impl IntoView + use<> {
    let (state, mark) = match step.status {
        PlanStepStatus::Completed => ("done", Some(icon(Icon::Check))),
        PlanStepStatus::InProgress => ("now", None),
        PlanStepStatus::Pending | PlanStepStatus::Other => ("pending", None),
    };
    view! {
        <li data-state=state>
            <span class="mark">{mark}</span>
            {step.step.clone()}
        </li>
    }
}
