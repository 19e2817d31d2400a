//! The rules of an owner: what they allow without being asked.

use codex_gateway_wire::{OwnerId, Rule, RuleId};

use super::Sessions;
use crate::error::SessionError;

impl Sessions {
    /// The rules of an owner, the oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn rules(&self, owner: &OwnerId) -> Result<Vec<Rule>, SessionError> {
        Ok(self.inner.rules.of(owner).await?.list())
    }

    /// Revokes a rule of an owner. It allows nothing from now on; what it has allowed stays done.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRule`], also if it is another owner's; what the store says: then it still holds.
    pub async fn revoke_rule(&self, owner: &OwnerId, id: &RuleId) -> Result<(), SessionError> {
        self.inner.rules.of(owner).await?.remove(id).await
    }
}
