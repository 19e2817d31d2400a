//! Stored approval rules.

use codex_gateway_wire::{OwnerId, Rule, RuleId};
use rusqlite::params;

use super::{Store, StoreError};

impl Store {
    /// Returns the rules of an owner, the oldest first. Skips a row that this version cannot read: it allows nothing.
    pub(crate) async fn rules(&self, owner: &OwnerId) -> Result<Vec<Rule>, StoreError> {
        let owner = owner.to_string();
        let rows = self.read(move |connection| {
            let mut rows =
                connection.prepare("SELECT rule FROM rules WHERE owner = ?1 ORDER BY created_ms, id")?;
            rows.query_map([owner], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        });
        let read = |row: &String| {
            serde_json::from_str(row)
                .inspect_err(|error| tracing::error!(%error, "a rule cannot be read"))
                .ok()
        };
        Ok(rows.await?.iter().filter_map(read).collect())
    }

    /// Stores a rule.
    pub(crate) async fn add_rule(&self, owner: &OwnerId, rule: &Rule) -> Result<(), StoreError> {
        let (owner, id, created) = (owner.to_string(), rule.id.to_string(), rule.created_at.ms());
        // Serialising our own types cannot fail.
        let json = serde_json::to_string(rule).unwrap_or_default();
        self.write(move |connection| {
            let sql = "INSERT INTO rules (id, owner, rule, created_ms) VALUES (?1, ?2, ?3, ?4)";
            connection.execute(sql, params![id, owner, json, created]).map(drop)
        })
        .await
    }

    /// Deletes a rule of an owner.
    pub(crate) async fn remove_rule(&self, owner: &OwnerId, id: &RuleId) -> Result<(), StoreError> {
        let (owner, id) = (owner.to_string(), id.to_string());
        self.write(move |connection| {
            let sql = "DELETE FROM rules WHERE id = ?1 AND owner = ?2";
            connection.execute(sql, params![id, owner]).map(drop)
        })
        .await
    }
}
