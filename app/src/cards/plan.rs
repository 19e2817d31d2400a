//! The plan of a turn: a checklist that is kept up to date.

use codex_gateway_wire::{
    Content,
    codex::{PlanStep, PlanStepStatus, TurnPlan},
};
use view::prelude::*;

use super::{EntryHeader, of_kind};
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    state::EntryRef,
};

pub(super) fn header(plan: &TurnPlan, t: &Texts) -> EntryHeader {
    let done = plan.plan.iter().filter(|step| step.status == PlanStepStatus::Completed).count();
    let current = plan.plan.iter().find(|step| step.status == PlanStepStatus::InProgress);
    let result = (t.plan_progress)(done, plan.plan.len());
    EntryHeader::new(Icon::List, t.plan())
        .text(current.map(|step| step.step.clone()).unwrap_or_default())
        .result(result)
}

/// The plan's explanation and steps.
#[component]
pub(crate) fn PlanBody(entry: EntryRef) -> impl IntoView {
    let explanation = move || of_kind!(entry, Content::Plan(plan) => plan.explanation.clone()).flatten();
    let steps = move || {
        of_kind!(entry, Content::Plan(plan) => {
            plan.plan.iter().cloned().map(|step| view! { <Step step/> }).collect::<Vec<_>>()
        })
    };
    view! {
        <div class="plan">
            <p class="explanation">{explanation}</p>
            <ol>{steps}</ol>
        </div>
    }
}

#[component]
fn Step(step: PlanStep) -> impl IntoView {
    let (state, is_done) = match step.status {
        PlanStepStatus::Completed => ("done", true),
        PlanStepStatus::InProgress => ("now", false),
        PlanStepStatus::Pending | PlanStepStatus::Other => ("pending", false),
    };
    view! {
        <li data-state=state>
            <span class="mark">{is_done.then(|| icon(Icon::Check))}</span>
            {step.step}
        </li>
    }
}
