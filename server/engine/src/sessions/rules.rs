//! The rules of an owner: approvals that are granted automatically.

use codex_gateway_wire::{OwnerId, Rule, RuleId};

use super::Sessions;
use crate::error::SessionError;

impl Sessions {
    /// Returns the rules of an owner, oldest first.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn rules(&self, owner: &OwnerId) -> Result<Vec<Rule>, SessionError> {
        Ok(self.inner.rules.for_owner(owner).await?.list())
    }

    /// Revokes a rule of an owner. Earlier approvals by the rule stay valid.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRule`], also for another owner's rule; or an error of the store, in
    /// which case the rule still applies.
    pub async fn revoke_rule(&self, owner: &OwnerId, id: &RuleId) -> Result<(), SessionError> {
        self.inner.rules.for_owner(owner).await?.remove(id).await
    }
}
