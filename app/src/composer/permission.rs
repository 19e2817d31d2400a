//! The permissions of the next message: the sandbox, and whether Codex asks for more.

use codex_gateway_wire::{
    ApprovalMode,
    api::{ApprovalPolicy, SandboxMode},
};
use view::prelude::*;

use super::{
    ComposerState, Options,
    picker::{Picker, option},
};
use crate::{i18n::Texts, server_fns::SiteConfig};

/// A sandbox and an approval policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PermissionChoice {
    pub(super) sandbox: SandboxMode,
    pub(super) policy: ApprovalPolicy,
}

impl PermissionChoice {
    /// Returns the most permissive choice that the operator allows, which is also the default.
    fn ceiling(site: &SiteConfig) -> Self {
        Self { sandbox: site.sandbox, policy: site.approval_policy }
    }

    /// Returns the choices that the operator allows, the strictest sandbox first.
    fn all(site: &SiteConfig) -> Vec<Self> {
        let ceiling = Self::ceiling(site);
        let below = SandboxMode::ALL.iter().take_while(|sandbox| **sandbox != ceiling.sandbox);
        let sandboxes = below.copied().chain([ceiling.sandbox]);
        let policies: &[ApprovalPolicy] = match ceiling.policy {
            ApprovalPolicy::OnRequest => &[ApprovalPolicy::OnRequest, ApprovalPolicy::Never],
            ApprovalPolicy::Never => &[ApprovalPolicy::Never],
        };
        sandboxes
            .flat_map(|sandbox| policies.iter().map(move |policy| Self { sandbox, policy: *policy }))
            .collect()
    }

    /// Returns the label: "Can edit this folder · asks first".
    fn label(self, approvals: ApprovalMode, t: &Texts) -> String {
        let may = match self.sandbox {
            SandboxMode::ReadOnly => t.can_read_folder(),
            SandboxMode::WorkspaceWrite => t.can_edit_folder(),
            SandboxMode::DangerFullAccess => t.full_access(),
        };
        let asks = match (self.policy, approvals) {
            (ApprovalPolicy::Never, _) => t.never_asks(),
            (_, ApprovalMode::Ask) => t.asks_for_approval(),
            (_, ApprovalMode::AskOrDecline) => t.asks_while_present(),
            (_, ApprovalMode::Decline) => t.approvals_declined(),
            (_, ApprovalMode::Accept) => t.approves_everything(),
        };
        format!("{may} · {asks}")
    }

    /// Returns `true` if Codex can do anything on the machine without a user's approval.
    fn is_dangerous(self, approvals: ApprovalMode) -> bool {
        let approves_all = approvals == ApprovalMode::Accept && self.policy == ApprovalPolicy::OnRequest;
        approves_all || self.sandbox == SandboxMode::DangerFullAccess
    }

    /// Returns the value of the choice's `<option>`: the sandbox and the policy, with a space between them.
    fn value(self) -> String {
        format!("{} {}", self.sandbox.as_str(), self.policy.as_str())
    }

    fn parse(value: &str) -> Option<Self> {
        let (sandbox, policy) = value.split_once(' ')?;
        Some(Self { sandbox: SandboxMode::parse(sandbox)?, policy: ApprovalPolicy::parse(policy)? })
    }
}

/// Returns the choice for the next message: what the user picked, else what the conversation uses, else the default.
/// Tracked.
pub(super) fn chosen(composer: ComposerState) -> PermissionChoice {
    let in_use = || {
        composer.chat?.transcript.meta(|transcript| {
            Some(PermissionChoice { sandbox: transcript.sandbox?, policy: transcript.approval_policy? })
        })
    };
    let picked = composer.picked.try_with(|picked| picked.permission).flatten();
    picked
        .or_else(in_use)
        .unwrap_or_else(|| composer.options.with_value(|options| PermissionChoice::ceiling(&options.site)))
}

/// Chooses the sandbox and whether Codex asks for more.
#[component]
pub(super) fn PermissionPicker(composer: ComposerState) -> impl IntoView {
    let t = composer.t;
    let (allowed, approvals) = composer.options.with_value(|Options { site, .. }| {
        let approvals = composer.chat.map_or(site.approvals, |chat| chat.approvals);
        (PermissionChoice::all(site), approvals)
    });
    let options = move || {
        let chosen = chosen(composer);
        // A session may have been started with permissions that the page does not offer.
        let other = (!allowed.contains(&chosen)).then_some(chosen);
        let choice_option =
            |choice: PermissionChoice| option(choice.value(), choice == chosen, choice.label(approvals, t));
        allowed.iter().copied().chain(other).map(choice_option).collect::<Vec<_>>()
    };
    let pick = move |value: &str| {
        let choice = PermissionChoice::parse(value);
        composer.picked.update(|picked| picked.permission = choice);
    };
    view! {
        <Picker
            label=t.permissions()
            title=t.permissions()
            options
            pick
            attr:data-alarm=move || chosen(composer).is_dangerous(approvals)
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn site(sandbox: SandboxMode, approval_policy: ApprovalPolicy) -> SiteConfig {
        SiteConfig { sandbox, approval_policy, ..SiteConfig::default() }
    }

    #[test]
    fn choices_end_at_what_the_operator_allows() {
        let all = PermissionChoice::all(&site(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest));
        let values: Vec<_> = all.iter().map(|choice| choice.value()).collect();
        let expected = [
            "read-only on-request",
            "read-only never",
            "workspace-write on-request",
            "workspace-write never",
        ];
        assert_eq!(values, expected);
        assert_eq!(PermissionChoice::all(&site(SandboxMode::ReadOnly, ApprovalPolicy::Never)).len(), 1);
    }

    #[test]
    fn option_value_parses_to_the_same_choice() {
        for choice in PermissionChoice::all(&site(SandboxMode::DangerFullAccess, ApprovalPolicy::OnRequest)) {
            assert_eq!(PermissionChoice::parse(&choice.value()), Some(choice));
        }
    }

    #[test]
    fn label_names_the_sandbox_and_who_approves() {
        let choice =
            PermissionChoice { sandbox: SandboxMode::WorkspaceWrite, policy: ApprovalPolicy::OnRequest };
        assert_eq!(choice.label(ApprovalMode::Ask, Lang::En.texts()), "Can edit this folder · asks first");
    }

    #[test]
    fn choice_is_dangerous_if_everything_is_approved() {
        let choice =
            PermissionChoice { sandbox: SandboxMode::WorkspaceWrite, policy: ApprovalPolicy::OnRequest };
        assert!(!choice.is_dangerous(ApprovalMode::Ask) && choice.is_dangerous(ApprovalMode::Accept));
    }
}
