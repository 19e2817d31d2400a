//! How codex treats the project in the session's folder, decided for each thread.
//!
//! In a trusted folder, the thread's configuration marks the project as trusted. In any other
//! folder, codex reads the project's instructions (`AGENTS.md`) and ignores its settings
//! (`.codex`). That is codex's default for a project that its configuration does not mention. To
//! keep that default:
//!
//! - `thread/start` with a writable sandbox records the project as trusted in codex's home. The
//!   thread is therefore opened with the sandbox `read-only` and gets its own sandbox before anyone
//!   can use it.
//! - Codex's configuration may already trust projects, by the user's choice or because an older
//!   codex recorded it. Only the owner's decision counts here, so the thread's configuration marks
//!   each of them as untrusted.
//! - Codex's sandbox `workspace-write` lets commands write to `/tmp` and `$TMPDIR`. Each thread
//!   excludes both, and its commands get the session's own temporary directory.
//! - Codex ignores the instructions of a project that is explicitly untrusted. If that is the
//!   project of this folder, the gateway passes the instructions on.

use std::path::{Path, PathBuf};

use codex_app_server_client::{
    Bridge, BridgeError, InitializedProcess, Version,
    protocol::{
        CodexConfig, ConfigRead, Overrides, Projects, SandboxOverride, ThreadReply, ThreadSettingsUpdate,
        ThreadStart, TrustLevel, WorkspaceWrite,
    },
};
use codex_gateway_wire::{api::SandboxMode, codex::SandboxPolicy};
use tokio::{join, task::spawn_blocking};

use super::attach::SessionContext;
use crate::{
    config::{Sandbox, TrustProjects},
    error::SessionError,
    git,
    project::{ProjectRules, instructions::Instructions},
};

/// The first version that ignores the instructions of an explicitly untrusted project. For older
/// versions every project can be marked as untrusted. They may also lack requests that this module
/// uses.
const FIRST_TO_HIDE_INSTRUCTIONS: Version = Version(0, 150, 0);

/// The parameters of a thread that is about to be opened.
pub(super) struct PreparedThread {
    /// The parameters of `thread/start`, `thread/resume` and `thread/fork`.
    pub start: ThreadStart,
    /// The sandbox to set once the thread is open. `None` if the thread is opened with it.
    grant: Option<(SandboxOverride, SandboxMode)>,
    /// What the sandbox `workspace-write` allows in addition to the session's directory.
    pub workspace_write: WorkspaceWrite,
    instructions: Instructions,
    /// Codex reads the instructions itself and reports their paths.
    read_by_codex: bool,
}

/// The directories and instructions of the folder's project.
struct ProjectLayout {
    /// From the project's root to the folder.
    dirs: Vec<PathBuf>,
    instructions: Instructions,
    /// The root of the git repository that contains the folder.
    repository: Option<PathBuf>,
}

impl SessionContext {
    /// Returns `true` if codex may use the settings of the session's folder.
    pub(crate) async fn trusts_project(&self) -> bool {
        let policy = self.config.trust_projects;
        if policy == TrustProjects::Never {
            return false;
        }
        match self.store.project_trust(&self.owner, &self.settings.cwd).await {
            Ok(decision) => policy.allows(decision),
            Err(error) => {
                tracing::error!(session = %self.session, %error, "the trust of a folder cannot be read: it counts as untrusted");
                false
            }
        }
    }

    /// Prepares the parameters of a thread in the given process.
    pub(super) async fn prepare(
        &self,
        process: &InitializedProcess,
        mut start: ThreadStart,
    ) -> Result<PreparedThread, SessionError> {
        let read = ConfigRead::default();
        let (config, trusted, temp_dir) =
            join!(process.bridge.request(&read), self.trusts_project(), self.temp_dirs.create(&self.session));
        let config = match config {
            Ok(reply) => reply.config,
            // The version is too old for the request, and does not need it.
            Err(BridgeError::Unsupported(_)) if is_old(process) => CodexConfig::default(),
            Err(error) => return Err(error.into()),
        };
        let temp_dir = temp_dir.and_then(|dir| dir.into_os_string().into_string().ok());
        let allowed = config.sandbox_workspace_write.clone().unwrap_or_default();
        let workspace_write = allowed.with_temp_dir(temp_dir.clone());
        let layout = read_layout(self.settings.cwd.clone(), ProjectRules::new(&config)).await;
        let (mut grant, mut read_by_codex) = (None, true);
        let projects = if trusted {
            Projects::all(TrustLevel::Trusted, &layout.dirs)
        } else if is_old(process) {
            // This version always reads the instructions, and does not report their paths.
            read_by_codex = false;
            Projects::all(TrustLevel::Untrusted, self.settings.cwd.ancestors())
        } else {
            let listed = config.projects.clone().unwrap_or_default();
            let is_listed = |dir: &Path| {
                listed.iter().any(|(path, entry)| entry.trust_level.is_some() && Path::new(path) == dir)
            };
            read_by_codex =
                !is_listed(&self.settings.cwd) && !layout.repository.as_deref().is_some_and(is_listed);
            if !read_by_codex {
                let own = config.developer_instructions.as_deref().filter(|own| !own.trim().is_empty());
                start.developer_instructions = layout.instructions.as_developer_instructions(own);
            }
            grant = self.sandbox_to_grant(&workspace_write);
            start.sandbox = Sandbox::ReadOnly.as_str();
            Projects::all(TrustLevel::Untrusted, listed.keys())
        };
        start.config.projects = Some(projects).filter(|projects| !projects.is_empty());
        start.config.temp_dir = temp_dir;
        start.config.sandbox_workspace_write = Some(workspace_write.clone());
        Ok(PreparedThread { start, grant, workspace_write, instructions: layout.instructions, read_by_codex })
    }

    /// Returns the sandbox for a thread that is opened with `read-only`. `None` if `read-only` is
    /// its sandbox.
    fn sandbox_to_grant(&self, allowed: &WorkspaceWrite) -> Option<(SandboxOverride, SandboxMode)> {
        let mode = SandboxMode::from(self.settings.sandbox);
        (mode != SandboxMode::ReadOnly).then(|| (SandboxOverride::new(mode, allowed), mode))
    }
}

impl PreparedThread {
    /// Gives an opened thread its own sandbox.
    pub(super) async fn grant_sandbox(
        &self,
        bridge: &Bridge,
        thread: &mut ThreadReply,
    ) -> Result<(), BridgeError> {
        let is_known = |path: &String| self.instructions.contains(path);
        if self.read_by_codex
            && !self.instructions.is_empty()
            && !thread.instruction_sources.iter().any(is_known)
        {
            tracing::warn!(thread = %thread.thread.id, "codex has ignored the instructions of the project");
        }
        if let Some((sandbox, mode)) = &self.grant {
            let overrides = Overrides { sandbox_policy: Some(sandbox.clone()), ..Overrides::default() };
            let request = ThreadSettingsUpdate { thread_id: thread.thread.id.clone(), overrides };
            bridge.request(&request).await?;
            thread.sandbox = SandboxPolicy::from_mode(*mode);
        }
        Ok(())
    }

    /// Returns a warning for the user about the project's instructions.
    pub(super) fn notice(&self) -> Option<String> {
        self.instructions.truncation_notice()
    }
}

fn is_old(process: &InitializedProcess) -> bool {
    process.runtime.version().is_some_and(|version| version < FIRST_TO_HIDE_INSTRUCTIONS)
}

async fn read_layout(folder: PathBuf, rules: ProjectRules) -> ProjectLayout {
    let read = move || {
        let dirs = rules.directories(&folder);
        let instructions = Instructions::read(&dirs, &rules);
        ProjectLayout { instructions, repository: git::repository_root(&folder), dirs }
    };
    // The task fails only if it panics or the runtime shuts down.
    let empty = ProjectLayout { dirs: Vec::new(), instructions: Instructions::default(), repository: None };
    spawn_blocking(read).await.unwrap_or(empty)
}
