//! What the agent may do, in words: what it may touch, and whether it asks.

use codex_gateway_wire::{
    ApprovalMode,
    api::{ApprovalPolicy, SandboxMode},
};
use leptos::prelude::event_target_value;
use leptos::prelude::*;
use web_sys::Event;

use super::Composer;
use crate::{
    i18n::Texts,
    node::{El, ElementExt as _, el, live, many},
    server_fns::SiteConfig,
};

/// What the agent may touch, and whether it asks before it touches more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PermissionChoice {
    pub(crate) sandbox: SandboxMode,
    pub(crate) policy: ApprovalPolicy,
}

impl PermissionChoice {
    /// What the operator allows at most, and what a conversation begins with.
    fn of(site: &SiteConfig) -> Self {
        Self { sandbox: site.sandbox, policy: site.approval_policy }
    }

    /// All that can be chosen, the least first.
    fn all(site: &SiteConfig) -> Vec<Self> {
        let most = Self::of(site);
        let upto = |all: &'static [SandboxMode]| all.iter().take_while(move |one| **one != most.sandbox);
        let sandboxes = upto(SandboxMode::ALL).copied().chain([most.sandbox]);
        let policies: &[ApprovalPolicy] = match most.policy {
            ApprovalPolicy::OnRequest => &[ApprovalPolicy::OnRequest, ApprovalPolicy::Never],
            ApprovalPolicy::Never => &[ApprovalPolicy::Never],
        };
        sandboxes
            .flat_map(|sandbox| policies.iter().map(move |policy| Self { sandbox, policy: *policy }))
            .collect()
    }

    /// "Can edit this folder · asks first"
    fn words(self, approvals: ApprovalMode, t: &Texts) -> String {
        let may = match self.sandbox {
            SandboxMode::ReadOnly => t.may_read(),
            SandboxMode::WorkspaceWrite => t.may_edit(),
            SandboxMode::DangerFullAccess => t.may_everything(),
        };
        let asks = match (self.policy, approvals) {
            (ApprovalPolicy::Never, _) => t.never_asks(),
            (_, ApprovalMode::Ask) => t.asks_first(),
            (_, ApprovalMode::AskOrDecline) => t.asks_while_here(),
            (_, ApprovalMode::Decline) => t.asks_declined(),
            (_, ApprovalMode::Accept) => t.asks_nobody(),
        };
        format!("{may} · {asks}")
    }

    /// Whether nothing stands between the agent and the machine.
    fn is_alarming(self, approvals: ApprovalMode) -> bool {
        let accepts = approvals == ApprovalMode::Accept && self.policy == ApprovalPolicy::OnRequest;
        accepts || self.sandbox == SandboxMode::DangerFullAccess
    }

    fn value(self) -> String {
        format!("{} {}", self.sandbox.as_str(), self.policy.as_str())
    }

    fn parse(value: &str) -> Option<Self> {
        let (sandbox, policy) = value.split_once(' ')?;
        Some(Self { sandbox: SandboxMode::parse(sandbox)?, policy: ApprovalPolicy::parse(policy)? })
    }
}

/// What the agent may do from the next message on; tracked.
pub(super) fn chosen(composer: Composer) -> PermissionChoice {
    let used = || {
        composer.chat?.live.meta(|transcript| {
            Some(PermissionChoice { sandbox: transcript.sandbox?, policy: transcript.approval_policy? })
        })
    };
    let default = || composer.site.try_with_untracked(PermissionChoice::of);
    composer
        .picked
        .try_with(|picked| picked.access)
        .flatten()
        .or_else(used)
        .or_else(default)
        .unwrap_or(PermissionChoice { sandbox: SandboxMode::ReadOnly, policy: ApprovalPolicy::OnRequest })
}

/// A choice of what the agent may do.
pub(super) fn picker(composer: Composer) -> El {
    let t = composer.t;
    let site = composer.site.get_untracked();
    let approvals = composer.chat.map_or(site.approvals, |chat| chat.approvals);
    let all = PermissionChoice::all(&site);
    let options = move || {
        let chosen = chosen(composer);
        let mut all = all.clone();
        if !all.contains(&chosen) {
            all.push(chosen);
        }
        many(all.into_iter().map(|one| {
            let selected = one == chosen;
            let option = el("option").attr("value", one.value()).attr("selected", selected);
            option.child(one.words(approvals, t))
        }))
    };
    let pick = move |event: Event| {
        let access = PermissionChoice::parse(&event_target_value(&event));
        composer.picked.update(|picked| picked.access = access);
    };
    el("select")
        .class("access")
        .attr("aria-label", t.permissions())
        .attr("title", t.permissions())
        .attr("autocomplete", "off")
        .live_attr("data-alarm", move || chosen(composer).is_alarming(approvals))
        .on("change", pick)
        .child(live(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn site(sandbox: SandboxMode, approval_policy: ApprovalPolicy) -> SiteConfig {
        SiteConfig { sandbox, approval_policy, ..SiteConfig::default() }
    }

    #[test]
    fn no_more_can_be_chosen_than_the_operator_allows() {
        let all = PermissionChoice::all(&site(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest));
        let values: Vec<_> = all.iter().map(|one| one.value()).collect();
        let wanted = [
            "read-only on-request",
            "read-only never",
            "workspace-write on-request",
            "workspace-write never",
        ];
        assert_eq!(values, wanted);
        assert_eq!(PermissionChoice::all(&site(SandboxMode::ReadOnly, ApprovalPolicy::Never)).len(), 1);
    }

    #[test]
    fn a_choice_reads_back_and_has_words() {
        for one in PermissionChoice::all(&site(SandboxMode::DangerFullAccess, ApprovalPolicy::OnRequest)) {
            assert_eq!(PermissionChoice::parse(&one.value()), Some(one));
        }
        let usual =
            PermissionChoice { sandbox: SandboxMode::WorkspaceWrite, policy: ApprovalPolicy::OnRequest };
        assert_eq!(usual.words(ApprovalMode::Ask, Lang::En.texts()), "Can edit this folder · asks first");
        assert!(!usual.is_alarming(ApprovalMode::Ask) && usual.is_alarming(ApprovalMode::Accept));
    }
}
