//! Folders that contain codex settings, and the decisions of owners to trust them.

use std::path::{Path, PathBuf};

use codex_gateway_wire::{
    OwnerId,
    api::{DecidedProject, Project, ProjectTrust},
};

use super::Sessions;
use crate::{
    clock::rfc3339,
    config::TrustProjects,
    error::SessionError,
    project,
    session::{Session, settings},
    store::ProjectDecision,
};

impl Sessions {
    /// Returns the codex settings in a folder and whether the owner trusts it. `None` for the
    /// folder of new sessions.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]; an error of the store.
    pub async fn project(&self, owner: &OwnerId, cwd: Option<&str>) -> Result<Project, SessionError> {
        let folder = self.folder(cwd).await?;
        let policy = self.inner.config.trust_projects;
        let decision = self.inner.store.project_trust(owner, &folder).await?;
        let trust = match policy {
            TrustProjects::Never => ProjectTrust::Untrusted,
            TrustProjects::Always if policy.allows(decision) => ProjectTrust::Trusted,
            _ => decision,
        };
        let path = folder.to_string_lossy().into_owned();
        let (rules, home) = (self.catalog().project_rules, self.inner.config.launch.home());
        let read = move || project::settings::read(&rules.directories(&folder), home.as_deref());
        let settings = tokio::task::spawn_blocking(read).await.unwrap_or_default();
        Ok(Project { path, trust, can_trust: policy != TrustProjects::Never, settings })
    }

    /// Records the owner's decision about a folder. The owner's sessions in that folder restart
    /// their processes before the next turn, or once a running turn has ended.
    ///
    /// # Errors
    /// [`SessionError::OverCeiling`] if the operator trusts no folder; those of
    /// [`Sessions::project`].
    pub async fn decide_project(
        &self,
        owner: &OwnerId,
        cwd: Option<&str>,
        decision: ProjectTrust,
    ) -> Result<Project, SessionError> {
        self.check_trust(decision)?;
        let folder = match self.folder(cwd).await {
            Ok(folder) => folder,
            // The decision about a folder that no longer exists or is no longer allowed can be
            // removed, by the path in the list.
            Err(error) if decision == ProjectTrust::Undecided => {
                let path = self.decided_folder(owner, cwd).await?.ok_or(error)?;
                self.inner.store.set_project_trust(owner, &path, decision).await?;
                return Ok(Project { path, ..Project::default() });
            }
            Err(error) => return Err(error),
        };
        self.decide_folder(owner, &folder, decision).await?;
        self.project(owner, folder.to_str()).await
    }

    /// Returns the owner's decisions, newest first.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn projects(&self, owner: &OwnerId) -> Result<Vec<DecidedProject>, SessionError> {
        let decided = self.inner.store.project_decisions(owner).await?;
        let decided = decided.into_iter().map(|ProjectDecision { folder, trust, decided_ms }| {
            let path = folder.to_string_lossy().into_owned();
            DecidedProject { path, trust, decided_at: rfc3339(decided_ms) }
        });
        Ok(decided.collect())
    }

    /// Checks whether the operator allows a decision.
    pub(super) fn check_trust(&self, decision: ProjectTrust) -> Result<(), SessionError> {
        let never = self.inner.config.trust_projects == TrustProjects::Never;
        if never && decision == ProjectTrust::Trusted {
            return Err(SessionError::OverCeiling { field: "trustProject", ceiling: "false" });
        }
        Ok(())
    }

    /// Records a decision about an allowed folder and informs the sessions in that folder.
    pub(super) async fn decide_folder(
        &self,
        owner: &OwnerId,
        folder: &Path,
        decision: ProjectTrust,
    ) -> Result<(), SessionError> {
        // Codex's protocol has paths as text.
        let path = folder.to_str().ok_or_else(|| SessionError::BadCwd(folder.display().to_string()))?;
        let before = self.inner.store.project_trust(owner, folder).await?;
        if before == decision {
            return Ok(());
        }
        self.inner.store.set_project_trust(owner, path, decision).await?;
        tracing::info!(%owner, folder = path, decision = decision.as_str(), "an owner has decided about a folder");
        let policy = self.inner.config.trust_projects;
        if policy.allows(before) != policy.allows(decision) {
            for session in self.sessions_in(owner, folder) {
                session.project_trust_changed().await;
            }
        }
        Ok(())
    }

    /// Resolves a folder, if the operator allows it.
    async fn folder(&self, cwd: Option<&str>) -> Result<PathBuf, SessionError> {
        match cwd.filter(|cwd| !cwd.is_empty()) {
            Some(cwd) => settings::resolve_directory(&self.inner.config, cwd).await,
            None => Ok(self.inner.config.cwd.clone()),
        }
    }

    /// Returns the path of an earlier decision, if it equals `cwd`.
    async fn decided_folder(
        &self,
        owner: &OwnerId,
        cwd: Option<&str>,
    ) -> Result<Option<String>, SessionError> {
        let decided = self.projects(owner).await?;
        Ok(decided.into_iter().map(|decided| decided.path).find(|path| Some(path.as_str()) == cwd))
    }

    /// Returns the loaded sessions of an owner that work in a folder.
    fn sessions_in(&self, owner: &OwnerId, folder: &Path) -> Vec<Session> {
        let works_there = |session: &&Session| session.owner() == owner && session.settings().cwd == folder;
        self.loaded().values().filter(works_there).cloned().collect()
    }
}
