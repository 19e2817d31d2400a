//! Approval rules of owners: lasting permissions that answer later requests of codex.
//!
//! Codex would store such a decision in its home. There it applies to every owner and runs matching commands outside of
//! the sandbox, even in sessions that are read-only or never ask. So the gateway stores the rules itself, and accepts
//! matching requests for the owner.
//!
//! - `subject`: what a request asks for, if a rule can allow it
//! - `command_line`: the words of a simple command
//! - `breadth`: command prefixes that would allow too much
//! - [`codex_home`]: rules in codex's home

mod breadth;
pub mod codex_home;
mod command_line;
mod subject;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use codex_gateway_wire::{OwnerId, Rule, RuleId, SessionId, Timestamp, rule::RuleKind};
use uuid::Uuid;

pub(crate) use self::{
    command_line::program_name,
    subject::{Grant, Subject},
};
use crate::{
    clock::now_ms,
    config::Sandbox,
    error::SessionError,
    store::{Store, StoreError},
};

/// The maximum number of rules of an owner.
pub const MAX_RULES: usize = 100;

/// The rules of all owners. An owner's rules are in memory while a session of the owner is. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    store: Store,
    loaded: Arc<tokio::sync::Mutex<HashMap<OwnerId, Weak<Inner>>>>,
}

impl Rules {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, loaded: Arc::default() }
    }

    /// Returns the rules of an owner. Loads them from the store if they are not in memory.
    pub(crate) async fn for_owner(&self, owner: &OwnerId) -> Result<OwnerRules, StoreError> {
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

/// The rules of one owner, shared by all sessions of the owner. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct OwnerRules {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    owner: OwnerId,
    rules: Mutex<Vec<Rule>>,
    /// Locked while a rule is added or removed, so that memory and store change in the same order.
    changing: tokio::sync::Mutex<()>,
    /// Locked from before a rule is added for an answer until the answer is accepted, or the rule is removed again.
    deciding: tokio::sync::Mutex<()>,
}

/// A rule that an answer would create.
#[derive(Clone, Debug)]
pub(crate) struct RuleDraft {
    /// What the rule allows.
    pub grant: Grant,
    /// The directory in which the rule applies.
    pub cwd: String,
    /// The sandbox of the session.
    pub sandbox: Sandbox,
    /// The session in which the rule is created.
    pub session: SessionId,
}

impl OwnerRules {
    /// Keeps other answers of the owner from creating rules until the returned guard is dropped. Otherwise, of two
    /// answers that create the same rule, one that fails could remove the rule of the other.
    pub(crate) async fn lock_decisions(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.deciding.lock().await
    }

    /// Returns the rules, the oldest first.
    pub(crate) fn list(&self) -> Vec<Rule> {
        self.rules().clone()
    }

    /// Returns the rule that allows `subject` in a directory, in a session with this sandbox. A rule from a session
    /// with a wider sandbox does not apply.
    pub(crate) fn find(&self, subject: &Subject, cwd: &str, sandbox: Sandbox) -> Option<Rule> {
        let applies = |rule: &&Rule| {
            rule.cwd == cwd && Sandbox::from(rule.sandbox) <= sandbox && subject.is_covered_by(rule)
        };
        self.rules().iter().find(applies).cloned()
    }

    /// Adds a rule. Returns the new rule and `true`, or an existing equal rule and `false`.
    ///
    /// # Errors
    /// [`SessionError::TooManyRules`]; [`SessionError::Store`], and then the rule does not exist.
    pub(crate) async fn add(&self, draft: RuleDraft) -> Result<(Rule, bool), SessionError> {
        let Inner { store, owner, changing, .. } = &*self.inner;
        let _changing = changing.lock().await;
        let RuleDraft { grant, cwd, sandbox, session } = draft;
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
        let existing = self.list();
        if let Some(same) = existing.iter().find(|other| is_same(other, &rule)) {
            return Ok((same.clone(), false));
        }
        if existing.len() >= MAX_RULES {
            return Err(SessionError::TooManyRules(MAX_RULES));
        }
        store.add_rule(owner, &rule).await?;
        self.rules().push(rule.clone());
        tracing::info!(%owner, rule = %rule.id, "a rule was made");
        Ok((rule, true))
    }

    /// Removes a rule, with immediate effect.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRule`]; [`SessionError::Store`], and then the rule still applies.
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

/// Returns `true` if both rules allow the same in the same sessions.
fn is_same(rule: &Rule, other: &Rule) -> bool {
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
    content(rule) == content(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(words: &[&str], sandbox: Sandbox) -> RuleDraft {
        let grant = Grant::Command(words.iter().map(|&word| word.to_owned()).collect());
        RuleDraft { grant, cwd: "/w".to_owned(), sandbox, session: "s".into() }
    }

    fn command(words: &[&str]) -> Subject {
        Subject::Command(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[tokio::test]
    async fn rule_applies_to_its_owner_in_its_directory_and_not_in_a_stricter_sandbox() {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules::new(Store::open(dir.path()).unwrap());
        let (ada, bob) =
            (rules.for_owner(&"ada".into()).await.unwrap(), rules.for_owner(&"bob".into()).await.unwrap());
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
    async fn rule_survives_a_restart_until_it_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let owner = OwnerId::from("ada");
        let store = Store::open(dir.path()).unwrap();
        let (rule, _) = Rules::new(store.clone())
            .for_owner(&owner)
            .await
            .unwrap()
            .add(draft(&["make", "all"], Sandbox::ReadOnly))
            .await
            .unwrap();
        let again = Rules::new(store.clone()).for_owner(&owner).await.unwrap();
        assert_eq!(again.list(), std::slice::from_ref(&rule));
        again.remove(&rule.id).await.unwrap();
        assert!(again.list().is_empty());
        assert!(Rules::new(store).for_owner(&owner).await.unwrap().list().is_empty());
    }

    #[tokio::test]
    async fn equal_rule_is_stored_once_and_number_of_rules_is_limited() {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules::new(Store::open(dir.path()).unwrap()).for_owner(&"ada".into()).await.unwrap();
        for n in 0..MAX_RULES {
            rules.add(draft(&["make", &n.to_string()], Sandbox::ReadOnly)).await.unwrap();
        }
        assert!(!rules.add(draft(&["make", "1"], Sandbox::ReadOnly)).await.unwrap().1);
        let refused = rules.add(draft(&["make", "1"], Sandbox::WorkspaceWrite)).await;
        assert!(matches!(refused, Err(SessionError::TooManyRules(MAX_RULES))));
        assert_eq!(rules.list().len(), MAX_RULES);
    }
}
