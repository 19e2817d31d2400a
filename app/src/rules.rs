//! The dialog of the user's rules, which allow commands and hosts without a question.

use codex_gateway_wire::{Rule, RuleId, rule::RuleKind};
use leptos::{task::spawn_local, wasm_split::wasm_split};
use view::{Node, prelude::*};

use crate::{
    chunks::{Chunk, ChunkError},
    dialog::{Dialog, DialogHandle, DialogHead},
    i18n::{Texts, texts},
    icon::{Icon, icon},
    lazy::lazy,
    server_fns::{self, ApiError},
    text::hidden::{exact_name, plain_name},
};

/// Opens the dialog. In the context of all parts of the page.
#[derive(Clone, Copy)]
pub(crate) struct RulesDialogHandle(pub(crate) DialogHandle);

impl RulesDialogHandle {
    /// Puts the handle into the context.
    pub(crate) fn provide() -> Self {
        let handle = Self(DialogHandle::new("rules"));
        provide_context(handle);
        handle
    }

    /// Returns the handle of the page.
    pub(crate) fn current() -> Option<Self> {
        use_context()
    }
}

/// Returns the command or host that a rule allows. An ellipsis stands for arguments that may follow.
pub(crate) fn rule_title(rule: &Rule) -> String {
    let title = rule.title();
    if rule.kind == RuleKind::Command && rule.command.len() > 1 { title + " …" } else { title }
}

/// The rules that the dialog shows.
#[derive(Clone, Copy)]
struct RuleStore {
    /// `None` until the rules are loaded.
    rules: RwSignal<Option<Vec<Rule>>>,
    failure: RwSignal<Option<ApiError>>,
}

impl RuleStore {
    fn new() -> Self {
        Self { rules: RwSignal::new(None), failure: RwSignal::new(None) }
    }

    fn load(self) {
        spawn_local(async move {
            match server_fns::list_rules().await {
                Ok(rules) => self.rules.set(Some(rules)),
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    fn revoke(self, id: RuleId) {
        self.failure.set(None);
        spawn_local(async move {
            match server_fns::revoke_rule(id).await {
                Ok(()) => {}
                // Another page has revoked the rule.
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return self.failure.set(Some(failure)),
            }
            self.load();
        });
    }
}

/// The dialog. Its rules are loaded each time it opens.
#[component]
pub(crate) fn RulesDialog(handle: RulesDialogHandle) -> impl IntoView {
    let title = texts().rules();
    view! {
        <Dialog dialog=handle.0 label=title class="dialog rules">
            <DialogHead title/>
            {lazy(Chunk::Dialogs, rule_list())}
        </Dialog>
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(dialogs, wasm_split_path = ::leptos::wasm_split, preload(load_rules), fallible)]
pub(crate) fn rule_list() -> Result<Node, ChunkError> {
    Ok(view! { <RuleList/> })
}

#[component]
fn RuleList() -> impl IntoView {
    let (t, store) = (texts(), RuleStore::new());
    store.load();
    let error = move || {
        let failure = store.failure.get();
        failure.map(|failure| view! { <p class="failed" role="alert">{t.failure(&failure)}</p> })
    };
    let list = move || {
        let rules = store.rules.get()?;
        if rules.is_empty() {
            return Some(view! { <p class="note">{t.no_rules()}</p> });
        }
        let rows = rules.into_iter().map(|rule| view! { <RuleRow rule store t/> });
        Some(view! { <ul>{rows.collect::<Vec<_>>()}</ul> })
    };
    view! {
        <p class="note">{t.rules_hint()}</p>
        {error}
        {list}
    }
}

/// A rule, with its directory and a button that revokes it.
#[component]
fn RuleRow(rule: Rule, store: RuleStore, t: &'static Texts) -> impl IntoView {
    let title = rule_title(&rule);
    let revoke_label = format!("{}: {}", t.revoke(), plain_name(&title));
    let Rule { id, cwd, .. } = rule;
    view! {
        <li>
            <div>
                <code>{exact_name(&title, t)}</code>
                <span class="location" translate="no">
                    {icon(Icon::Folder)}
                    {exact_name(&cwd, t)}
                </span>
            </div>
            <button
                type="button"
                class="button quiet"
                aria-label=revoke_label
                on:click=move |_| store.revoke(id.clone())
            >
                {t.revoke()}
            </button>
        </li>
    }
}
