//! Folders that bring codex settings along, and what their owners decide about them.

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
    /// Returns what a folder brings along and whether that owner trusts it. Without `cwd`, the folder in which new
    /// sessions work.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]; what the store says.
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

    /// Records what an owner decides about a folder. Their sessions that work there restart their processes before the
    /// next turn, or once a running turn has ended.
    ///
    /// # Errors
    /// [`SessionError::OverCeiling`] if the operator trusts no folder; those of [`Sessions::project`].
    pub async fn decide_project(
        &self,
        owner: &OwnerId,
        cwd: Option<&str>,
        decision: ProjectTrust,
    ) -> Result<Project, SessionError> {
        self.check_trust(decision)?;
        let folder = match self.folder(cwd).await {
            Ok(folder) => folder,
            // A folder that is gone, or not allowed any more, can still be forgotten, by the path in the list.
            Err(error) if decision == ProjectTrust::Undecided => {
                let path = self.decided_folder(owner, cwd).await?.ok_or(error)?;
                self.inner.store.decide_project(owner, &path, decision).await?;
                return Ok(Project { path, ..Project::default() });
            }
            Err(error) => return Err(error),
        };
        self.decide_folder(owner, &folder, decision).await?;
        self.project(owner, folder.to_str()).await
    }

    /// Lists what an owner has decided, the newest first.
    ///
    /// # Errors
    /// What the store says.
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

    /// Records a decision about a folder that is allowed, and lets the sessions there know.
    pub(super) async fn decide_folder(
        &self,
        owner: &OwnerId,
        folder: &Path,
        decision: ProjectTrust,
    ) -> Result<(), SessionError> {
        // Codex takes paths as text.
        let path = folder.to_str().ok_or_else(|| SessionError::BadCwd(folder.display().to_string()))?;
        let before = self.inner.store.project_trust(owner, folder).await?;
        if before == decision {
            return Ok(());
        }
        self.inner.store.decide_project(owner, path, decision).await?;
        tracing::info!(%owner, folder = path, decision = decision.as_str(), "an owner has decided about a folder");
        let policy = self.inner.config.trust_projects;
        if policy.allows(before) != policy.allows(decision) {
            for session in self.sessions_in(owner, folder) {
                session.project_decided().await;
            }
        }
        Ok(())
    }

    /// The folder that is meant, if the operator allows it.
    async fn folder(&self, cwd: Option<&str>) -> Result<PathBuf, SessionError> {
        match cwd.filter(|cwd| !cwd.is_empty()) {
            Some(cwd) => settings::directory(&self.inner.config, cwd).await,
            None => Ok(self.inner.config.cwd.clone()),
        }
    }

    /// The path of an earlier decision, if it is written exactly so.
    async fn decided_folder(
        &self,
        owner: &OwnerId,
        cwd: Option<&str>,
    ) -> Result<Option<String>, SessionError> {
        let decided = self.projects(owner).await?;
        Ok(decided.into_iter().map(|decided| decided.path).find(|path| Some(path.as_str()) == cwd))
    }

    /// The sessions of an owner in memory that work in a folder.
    fn sessions_in(&self, owner: &OwnerId, folder: &Path) -> Vec<Session> {
        let works_there = |session: &&Session| session.owner() == owner && session.settings().cwd == folder;
        self.live().values().filter(works_there).cloned().collect()
    }
}
