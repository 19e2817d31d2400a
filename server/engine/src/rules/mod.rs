//! Rules of owners: what a person has allowed from then on, and what is allowed by that.
//!
//! Codex keeps such a decision in its home, where it holds for every owner and takes matching commands out of the
//! sandbox, even in sessions that are read-only or never ask. So codex is never told of one: the gateway keeps the
//! rule itself, and accepts for the owner what codex asks later.
//!
//! - `subject`: what a request asks for, if a rule can allow that
//! - `command_line`: the words of a simple command
//! - `breadth`: which beginnings of commands would allow anything
//! - [`home`]: rules that codex's home has already

mod breadth;
mod command_line;
pub mod home;
mod subject;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use codex_gateway_wire::{OwnerId, Rule, RuleId, SessionId, Timestamp, rule::RuleKind};
use uuid::Uuid;

pub(crate) use self::{
    command_line::program,
    subject::{Grant, Subject},
};
use crate::{
    clock::now_ms,
    config::Sandbox,
    error::SessionError,
    store::{Store, StoreError},
};

/// How many rules an owner may have.
pub const MAX_RULES: usize = 100;

/// The rules of all owners. Those of an owner are in memory while a session of theirs is. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    store: Store,
    loaded: Arc<tokio::sync::Mutex<HashMap<OwnerId, Weak<Inner>>>>,
}

impl Rules {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, loaded: Arc::default() }
    }

    /// The rules of an owner.
    pub(crate) async fn of(&self, owner: &OwnerId) -> Result<OwnerRules, StoreError> {
        let mut loaded = self.loaded.lock().await;
        if let Some(inner) = loaded.get(owner).and_then(Weak::upgrade) {
            return Ok(OwnerRules { inner });
        }
        let rules = Mutex::new(self.store.rules(owner).await?);
        let (store, owner) = (self.store.clone(), owner.clone());
        let inner = Arc::new(Inner {
            store,
            owner: owner.clone(),
            rules,
            changing: tokio::sync::Mutex::default(),
            deciding: tokio::sync::Mutex::default(),
        });
        loaded.retain(|_, inner| inner.strong_count() > 0);
        loaded.insert(owner, Arc::downgrade(&inner));
        Ok(OwnerRules { inner })
    }
}

/// The rules of one owner, the same for all their sessions. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct OwnerRules {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    owner: OwnerId,
    rules: Mutex<Vec<Rule>>,
    /// Held while a rule is added or removed, so that memory and store change in the same order.
    changing: tokio::sync::Mutex<()>,
    /// Held from before a rule is added for an answer until that answer has counted, or the rule is removed again.
    deciding: tokio::sync::Mutex<()>,
}

/// A rule that an answer would make.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// What it allows.
    pub grant: Grant,
    /// Where.
    pub cwd: String,
    /// The sandbox of the session in which it is made.
    pub sandbox: Sandbox,
    /// That session.
    pub session: SessionId,
}

impl OwnerRules {
    /// Keeps other answers of the owner from making rules, while the result is held: two that make the same rule must
    /// not take it from each other.
    pub(crate) async fn decide(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.deciding.lock().await
    }

    /// All of them, the oldest first.
    pub(crate) fn list(&self) -> Vec<Rule> {
        self.rules().clone()
    }

    /// The rule that allows something in this directory, in a session with this sandbox.
    pub(crate) fn find(&self, subject: &Subject, cwd: &str, sandbox: Sandbox) -> Option<Rule> {
        let holds = |rule: &&Rule| {
            rule.cwd == cwd && Sandbox::from(rule.sandbox) <= sandbox && subject.is_covered_by(rule)
        };
        self.rules().iter().find(holds).cloned()
    }

    /// Adds a rule. Returns it, and `true` if there was none like it.
    ///
    /// # Errors
    /// [`SessionError::TooManyRules`]; [`SessionError::Store`]: then there is no such rule.
    pub(crate) async fn add(&self, draft: Draft) -> Result<(Rule, bool), SessionError> {
        let Inner { store, owner, changing, .. } = &*self.inner;
        let _changing = changing.lock().await;
        let Draft { grant, cwd, sandbox, session } = draft;
        let (kind, command, host, protocol) = match grant {
            Grant::Command(words) => (RuleKind::Command, words, None, None),
            Grant::Network { host, protocol } => (RuleKind::Network, Vec::new(), Some(host), Some(protocol)),
        };
        let rule = Rule {
            id: RuleId::from(Uuid::now_v7().to_string()),
            kind,
            command,
            host,
            protocol,
            cwd,
            sandbox: sandbox.into(),
            session_id: session,
            created_at: Timestamp::from_ms(now_ms()),
        };
        let known = self.list();
        if let Some(same) = known.iter().find(|other| is_same(other, &rule)) {
            return Ok((same.clone(), false));
        }
        if known.len() >= MAX_RULES {
            return Err(SessionError::TooManyRules(MAX_RULES));
        }
        store.add_rule(owner, &rule).await?;
        self.rules().push(rule.clone());
        tracing::info!(%owner, rule = %rule.id, "a rule was made");
        Ok((rule, true))
    }

    /// Removes a rule. It allows nothing from now on.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRule`]; [`SessionError::Store`]: then it still holds.
    pub(crate) async fn remove(&self, id: &RuleId) -> Result<(), SessionError> {
        let Inner { store, owner, changing, .. } = &*self.inner;
        let _changing = changing.lock().await;
        if !self.rules().iter().any(|rule| rule.id == *id) {
            return Err(SessionError::NoSuchRule);
        }
        store.remove_rule(owner, id).await?;
        self.rules().retain(|rule| rule.id != *id);
        tracing::info!(%owner, rule = %id, "a rule was revoked");
        Ok(())
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.inner.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `true` if both allow the same, in the same sessions.
fn is_same(one: &Rule, other: &Rule) -> bool {
    let content = |rule: &Rule| {
        (
            rule.kind,
            rule.command.clone(),
            rule.host.clone(),
            rule.protocol.clone(),
            rule.cwd.clone(),
            rule.sandbox,
        )
    };
    content(one) == content(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(words: &[&str], sandbox: Sandbox) -> Draft {
        let grant = Grant::Command(words.iter().map(|&word| word.to_owned()).collect());
        Draft { grant, cwd: "/w".to_owned(), sandbox, session: "s".into() }
    }

    fn command(words: &[&str]) -> Subject {
        Subject::Command(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[tokio::test]
    async fn rule_holds_for_its_owner_in_its_directory_and_in_no_stricter_sandbox() {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules::new(Store::open(dir.path()).unwrap());
        let (ada, bob) = (rules.of(&"ada".into()).await.unwrap(), rules.of(&"bob".into()).await.unwrap());
        let (rule, new) = ada.add(draft(&["cargo", "test"], Sandbox::WorkspaceWrite)).await.unwrap();
        assert!(new);
        let tests = command(&["cargo", "test", "--all"]);
        assert_eq!(ada.find(&tests, "/w", Sandbox::WorkspaceWrite), Some(rule.clone()));
        assert_eq!(ada.find(&tests, "/w", Sandbox::DangerFullAccess), Some(rule.clone()));
        for (cwd, sandbox) in
            [("/w", Sandbox::ReadOnly), ("/w/sub", Sandbox::WorkspaceWrite), ("/", Sandbox::WorkspaceWrite)]
        {
            assert_eq!(ada.find(&tests, cwd, sandbox), None, "{cwd} {sandbox:?}");
        }
        assert_eq!(ada.find(&command(&["cargo", "testing"]), "/w", Sandbox::WorkspaceWrite), None);
        assert_eq!(bob.find(&tests, "/w", Sandbox::DangerFullAccess), None);
        assert!(matches!(bob.remove(&rule.id).await, Err(SessionError::NoSuchRule)));
    }

    #[tokio::test]
    async fn rule_outlives_the_gateway_until_it_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let owner = OwnerId::from("ada");
        let store = Store::open(dir.path()).unwrap();
        let (rule, _) = Rules::new(store.clone())
            .of(&owner)
            .await
            .unwrap()
            .add(draft(&["make", "all"], Sandbox::ReadOnly))
            .await
            .unwrap();
        let again = Rules::new(store.clone()).of(&owner).await.unwrap();
        assert_eq!(again.list(), std::slice::from_ref(&rule));
        again.remove(&rule.id).await.unwrap();
        assert!(again.list().is_empty());
        assert!(Rules::new(store).of(&owner).await.unwrap().list().is_empty());
    }

    #[tokio::test]
    async fn same_rule_is_kept_once_and_their_number_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules::new(Store::open(dir.path()).unwrap()).of(&"ada".into()).await.unwrap();
        for n in 0..MAX_RULES {
            rules.add(draft(&["make", &n.to_string()], Sandbox::ReadOnly)).await.unwrap();
        }
        assert!(!rules.add(draft(&["make", "1"], Sandbox::ReadOnly)).await.unwrap().1);
        let refused = rules.add(draft(&["make", "1"], Sandbox::WorkspaceWrite)).await;
        assert!(matches!(refused, Err(SessionError::TooManyRules(MAX_RULES))));
        assert_eq!(rules.list().len(), MAX_RULES);
    }
}
