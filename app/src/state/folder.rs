//! The folder that a conversation works in, and whether the user trusts its settings.

use codex_gateway_wire::api::{Project, ProjectTrust};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
};

/// What the page knows of a folder.
#[derive(Clone, Copy)]
pub(crate) struct Folder {
    /// `None` while the folder is not known.
    pub(crate) project: RwSignal<Option<Project>>,
    /// Why a decision could not be recorded.
    pub(crate) failure: RwSignal<Option<ApiError>>,
}

impl Folder {
    pub(crate) fn new(project: Option<Project>) -> Self {
        Self { project: RwSignal::new(project), failure: RwSignal::new(None) }
    }

    /// Changes to another folder. `None` for the one that the operator has set.
    pub(crate) fn show(self, cwd: Option<String>) {
        self.project.set(None);
        spawn_local(async move { self.project.set(server_fns::read_project(cwd).await.ok()) });
    }

    /// Records whether the user trusts the folder.
    pub(crate) fn decide(self, trust: ProjectTrust) {
        let Some(project) = self.project.get_untracked_or_default() else { return };
        spawn_local(async move {
            match server_fns::trust_project(project.path.clone(), trust).await {
                Ok(decided) => {
                    self.failure.set(None);
                    // The user may have changed to another folder meanwhile.
                    let is_same =
                        |now: &Option<Project>| now.as_ref().is_some_and(|now| now.path == decided.path);
                    if self.project.try_with_untracked(is_same) == Some(true) {
                        self.project.set(Some(decided));
                    }
                }
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }
}
