//! The plan of a turn: a checklist that is updated in place.

use super::{Head, of_kind};
use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    live::EntryRef,
    node::{El, ElementExt as _, Node, el, live, many},
};
use codex_gateway_wire::{
    Content,
    codex::{PlanStep, PlanStepStatus, TurnPlan},
};

pub(super) fn head(plan: &TurnPlan, t: &Texts) -> Head {
    let done = plan.plan.iter().filter(|step| step.status == PlanStepStatus::Completed).count();
    let now = plan.plan.iter().find(|step| step.status == PlanStepStatus::InProgress);
    Head::new(Icon::List, t.plan()).words(now.map(|step| step.step.clone()).unwrap_or_default()).result((t
        .plan_done)(
        done,
        plan.plan.len(),
    ))
}

pub(super) fn body(entry: EntryRef, _: &'static Texts) -> Node {
    let explanation = move || of_kind!(entry, Content::Plan(plan) => plan.explanation.clone()).flatten();
    let steps = move || of_kind!(entry, Content::Plan(plan) => many(plan.plan.iter().map(step_view)));
    el("div")
        .class("plan")
        .child(el("p").class("explanation").child(live(explanation)))
        .child(el("ol").child(live(steps)))
        .into()
}

fn step_view(step: &PlanStep) -> El {
    let (state, mark) = match step.status {
        PlanStepStatus::Completed => ("done", Some(icon(Icon::Check))),
        PlanStepStatus::InProgress => ("now", None),
        PlanStepStatus::Pending | PlanStepStatus::Other => ("pending", None),
    };
    let mark = el("span").class("mark").child(mark);
    el("li").attr("data-state", state).child(mark).child(step.step.clone())
}
