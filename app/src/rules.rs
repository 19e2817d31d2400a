//! The reader's rules: what they allow always, in a dialog in which each can be revoked.

use codex_gateway_wire::{Rule, RuleId, rule::RuleKind};
use leptos::prelude::*;
use leptos::{
    prelude::{provide_context, use_context},
    task::spawn_local,
};

use crate::{
    dialog::{Dialog, close_all},
    i18n::{Texts, texts},
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live, many},
    server_fns::{ApiError, revoke, rules},
    text::hidden::{exact_name, plain_name},
};

/// What the dialog shows.
#[derive(Clone, Copy)]
struct Shown {
    /// `None` until they have come.
    rules: RwSignal<Option<Vec<Rule>>>,
    failure: RwSignal<Option<ApiError>>,
}

/// The dialog, for all parts of the page that open it.
#[derive(Clone, Copy)]
pub(crate) struct RulesDialog(pub(crate) Dialog);

impl RulesDialog {
    pub(crate) fn provide() -> Self {
        let dialog = Self(Dialog::new("rules"));
        provide_context(dialog);
        dialog
    }

    pub(crate) fn current() -> Option<Self> {
        use_context()
    }
}

/// The dialog itself.
pub(crate) fn rules_view(dialog: RulesDialog) -> El {
    let shown = Shown { rules: RwSignal::new(None), failure: RwSignal::new(None) };
    dialog.0.view(texts().rules(), move || shown.body()).class("dialog rules")
}

/// What a rule allows, as a person reads it. What begins with several words can go on.
pub(crate) fn rule_title(rule: &Rule) -> String {
    let title = rule.title();
    if rule.kind == RuleKind::Command && rule.command.len() > 1 { title + " …" } else { title }
}

impl Shown {
    fn body(self) -> Node {
        let t = texts();
        self.rules.set(None);
        self.failure.set(None);
        self.load();
        let close = el("button")
            .attr("type", "button")
            .class("icon-button")
            .attr("aria-label", t.close())
            .attr("title", t.close())
            .on_click(close_all)
            .child(icon(Icon::Close));
        let failed = move || {
            let failure = self.failure.get();
            failure.map(|failure| el("p").class("failed").attr("role", "alert").child(t.failure(&failure)))
        };
        let list = move || match self.rules.get() {
            Some(rules) if rules.is_empty() => el("p").class("note").child(t.no_rules()).into(),
            Some(rules) => el("ul").child(many(rules.iter().map(|rule| self.row(rule, t)))).into(),
            None => Node::Empty,
        };
        many([
            el("div").class("head").child(el("h2").child(t.rules())).child(close).into(),
            el("p").class("note").child(t.rules_hint()).into(),
            live(failed),
            live(list),
        ])
    }

    fn row(self, rule: &Rule, t: &'static Texts) -> El {
        let title = rule_title(rule);
        let id = rule.id.clone();
        let revoke = el("button")
            .attr("type", "button")
            .class("button quiet")
            .attr("aria-label", format!("{}: {}", t.revoke(), plain_name(&title)))
            .on_click(move || self.revoke(id.clone()))
            .child(t.revoke());
        let place = el("span")
            .class("where")
            .attr("translate", "no")
            .child(icon(Icon::Folder))
            .child(exact_name(&rule.cwd, t));
        el("li").child(el("div").child(el("code").child(exact_name(&title, t))).child(place)).child(revoke)
    }

    fn load(self) {
        spawn_local(async move {
            match rules().await {
                Ok(rules) => self.rules.set(Some(rules)),
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    fn revoke(self, id: RuleId) {
        self.failure.set(None);
        spawn_local(async move {
            match revoke(id).await {
                // Another page was faster: it is gone all the same.
                Ok(()) => {}
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return self.failure.set(Some(failure)),
            }
            self.load();
        });
    }
}
