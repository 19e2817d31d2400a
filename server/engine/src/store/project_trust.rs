//! Stored decisions of owners about trusting the settings of folders.

use std::path::{Path, PathBuf};

use codex_gateway_wire::{OwnerId, api::ProjectTrust};
use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use crate::clock::now_ms;

/// The maximum number of decisions of an owner. A new decision replaces the oldest.
const MAX_DECISIONS: i64 = 1000;

/// An owner's decision about a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectDecision {
    pub folder: PathBuf,
    pub trust: ProjectTrust,
    /// In Unix milliseconds.
    pub decided_ms: i64,
}

impl Store {
    /// Returns an owner's decision about a folder.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub(crate) async fn project_trust(
        &self,
        owner: &OwnerId,
        folder: &Path,
    ) -> Result<ProjectTrust, StoreError> {
        // Decisions are stored for paths in UTF-8 only.
        let Some(folder) = folder.to_str().map(str::to_owned) else { return Ok(ProjectTrust::Undecided) };
        let owner = owner.to_string();
        self.read(move |connection| {
            let sql = "SELECT trusted FROM project_trust WHERE owner = ?1 AND folder = ?2";
            let found = connection.query_row(sql, params![owner, folder], |row| row.get(0)).optional()?;
            Ok(found.map_or(ProjectTrust::Undecided, trust))
        })
        .await
    }

    /// Stores an owner's decision about a folder. [`ProjectTrust::Undecided`] deletes an earlier decision.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub(crate) async fn set_project_trust(
        &self,
        owner: &OwnerId,
        folder: &str,
        decision: ProjectTrust,
    ) -> Result<(), StoreError> {
        let (owner, folder) = (owner.to_string(), folder.to_owned());
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "DELETE FROM project_trust WHERE owner = ?1 AND folder = ?2",
                params![owner, folder],
            )?;
            if decision != ProjectTrust::Undecided {
                let trusted = decision == ProjectTrust::Trusted;
                let sql =
                    "INSERT INTO project_trust (owner, folder, trusted, decided_ms) VALUES (?1, ?2, ?3, ?4)";
                transaction.execute(sql, params![owner, folder, trusted, now_ms()])?;
                let surplus = "DELETE FROM project_trust WHERE owner = ?1 AND folder IN (SELECT folder FROM \
                               project_trust WHERE owner = ?1 ORDER BY decided_ms DESC, folder = ?2 DESC \
                               LIMIT -1 OFFSET ?3)";
                transaction.execute(surplus, params![owner, folder, MAX_DECISIONS])?;
            }
            transaction.commit()
        })
        .await
    }

    /// Returns all decisions of an owner, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub(crate) async fn project_decisions(
        &self,
        owner: &OwnerId,
    ) -> Result<Vec<ProjectDecision>, StoreError> {
        let owner = owner.to_string();
        self.read(move |connection| {
            let mut all = connection.prepare(
                "SELECT folder, trusted, decided_ms FROM project_trust WHERE owner = ?1 \
                 ORDER BY decided_ms DESC, folder",
            )?;
            let rows = all.query_map(params![owner], |row| {
                Ok(ProjectDecision {
                    folder: row.get::<_, String>(0)?.into(),
                    trust: trust(row.get(1)?),
                    decided_ms: row.get(2)?,
                })
            })?;
            rows.collect()
        })
        .await
    }
}

fn trust(trusted: bool) -> ProjectTrust {
    if trusted { ProjectTrust::Trusted } else { ProjectTrust::Untrusted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn decision_applies_to_one_owner_and_folder_and_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (ada, bob, shared) = (OwnerId::from("ada"), OwnerId::from("bob"), OwnerId::shared());
        let store = Store::open(dir.path()).unwrap();
        store.set_project_trust(&ada, "/w", ProjectTrust::Untrusted).await.unwrap();
        store.set_project_trust(&ada, "/w", ProjectTrust::Trusted).await.unwrap();
        store.set_project_trust(&bob, "/w", ProjectTrust::Untrusted).await.unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let of = async |owner, folder| store.project_trust(owner, Path::new(folder)).await.unwrap();
        assert_eq!(of(&ada, "/w").await, ProjectTrust::Trusted);
        assert_eq!(of(&bob, "/w").await, ProjectTrust::Untrusted);
        assert_eq!(of(&ada, "/w/sub").await, ProjectTrust::Undecided);
        assert_eq!(of(&shared, "/w").await, ProjectTrust::Undecided);
        assert_eq!(store.project_decisions(&ada).await.unwrap().len(), 1);
        store.set_project_trust(&ada, "/w", ProjectTrust::Undecided).await.unwrap();
        assert_eq!(of(&ada, "/w").await, ProjectTrust::Undecided);
        assert_eq!(store.project_decisions(&ada).await.unwrap(), []);
    }

    #[tokio::test]
    async fn oldest_decision_is_deleted_beyond_the_maximum() {
        let dir = tempfile::tempdir().unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let store = Store::open(dir.path()).unwrap();
        store.set_project_trust(&bob, "/w", ProjectTrust::Trusted).await.unwrap();
        let fill = store.write(|connection| {
            let mut insert = connection.prepare("INSERT INTO project_trust VALUES ('ada', ?1, 1, ?2)")?;
            for number in 0..MAX_DECISIONS {
                insert.execute(params![format!("/{number}"), number])?;
            }
            Ok(())
        });
        fill.await.unwrap();
        store.set_project_trust(&ada, "/new", ProjectTrust::Trusted).await.unwrap();
        let kept = store.project_decisions(&ada).await.unwrap();
        assert_eq!(kept.len(), 1000);
        assert_eq!(kept.first().map(|kept| kept.folder.clone()), Some("/new".into()));
        assert_eq!(kept.last().map(|kept| kept.folder.clone()), Some("/1".into()));
        assert_eq!(store.project_decisions(&bob).await.unwrap().len(), 1);
    }
}
