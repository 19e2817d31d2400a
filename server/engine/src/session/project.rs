//! How codex treats the project in a session's folder, for each thread that it opens.
//!
//! Where a folder is trusted, the thread is told so. Everywhere else, codex shall read the project's instructions
//! (`AGENTS.md`) and use none of its settings (`.codex`). That is what codex does with a project that its configuration
//! does not mention, and the gateway keeps it so:
//!
//! - `thread/start` with a writable sandbox records the project as trusted in codex's home. So a thread is opened with the
//!   sandbox `read-only`, and gets its own sandbox right after, before anybody can use it.
//! - Codex's configuration may trust projects already: the user said so elsewhere, or an older codex recorded it. Only the
//!   owner's decision counts here, so the thread is told of each that it is not trusted.
//! - Codex's sandbox `workspace-write` would let commands write in `/tmp` and `$TMPDIR`. Each thread excludes both, and its
//!   commands have a directory for temporary files that is the session's own.
//! - Codex leaves the instructions of a project out that is explicitly not trusted. If that is the project of this folder,
//!   the gateway hands the instructions over.

use std::path::{Path, PathBuf};

use codex_gateway_wire::{api::SandboxMode, codex::SandboxPolicy};
use tokio::{join, task::spawn_blocking};

use super::open::Base;
use crate::{
    bridge::{
        Bridge, BridgeError,
        protocol::{
            CodexConfig, ConfigRead, Overrides, Projects, SandboxOverride, ThreadReply, ThreadSettingsUpdate,
            ThreadStart, TrustLevel, WorkspaceWrite,
        },
    },
    config::{Sandbox, TrustProjects},
    error::SessionError,
    git,
    greeting::Greeted,
    project::{ProjectRules, instructions::Instructions},
    version::Version,
};

/// The first codex that leaves the instructions of a project out that is explicitly not trusted. Those before it can be
/// told so of every project, and may lack what this module needs.
const FIRST_TO_HIDE_INSTRUCTIONS: Version = Version(0, 150, 0);

/// A thread that is about to be opened.
pub(super) struct Prepared {
    /// What it is opened with.
    pub start: ThreadStart,
    /// The sandbox that it gets once it is open; `None` if it is opened with that.
    grant: Option<(SandboxOverride, SandboxMode)>,
    /// What the sandbox `workspace-write` allows beside the directory.
    pub workspace_write: WorkspaceWrite,
    instructions: Instructions,
    /// Codex reads the instructions itself, and says so.
    read_by_codex: bool,
}

/// What the thread's project is made of.
struct Found {
    /// From its root down.
    dirs: Vec<PathBuf>,
    instructions: Instructions,
    /// The root of the repository that the folder is in.
    repository: Option<PathBuf>,
}

impl Base {
    /// Returns `true` if codex may use the settings of the session's folder.
    pub(crate) async fn trusts_project(&self) -> bool {
        let policy = self.config.trust_projects;
        if policy == TrustProjects::Never {
            return false;
        }
        match self.store.project_trust(&self.owner, &self.settings.cwd).await {
            Ok(decision) => policy.allows(decision),
            Err(error) => {
                tracing::error!(session = %self.session, %error, "the folder counts as not trusted");
                false
            }
        }
    }

    /// Settles how codex treats the project of the thread that a process is about to open.
    pub(super) async fn prepare(
        &self,
        process: &Greeted,
        mut start: ThreadStart,
    ) -> Result<Prepared, SessionError> {
        let read = ConfigRead::default();
        let (config, trusted, temp_dir) =
            join!(process.bridge.request(&read), self.trusts_project(), self.temp_dirs.create(&self.session));
        let config = match config {
            Ok(reply) => reply.config,
            // It is too old to be asked, and to need it.
            Err(BridgeError::Lacks(_)) if is_old(process) => CodexConfig::default(),
            Err(error) => return Err(error.into()),
        };
        let temp_dir = temp_dir.and_then(|dir| dir.into_os_string().into_string().ok());
        let allowed = config.sandbox_workspace_write.clone().unwrap_or_default();
        let workspace_write = allowed.with_temp_dir(temp_dir.clone());
        let found = find(self.settings.cwd.clone(), ProjectRules::new(&config)).await;
        let (mut grant, mut read_by_codex) = (None, true);
        let projects = if trusted {
            Projects::all(TrustLevel::Trusted, &found.dirs)
        } else if is_old(process) {
            // It reads the instructions all the same, and does not say which.
            read_by_codex = false;
            Projects::all(TrustLevel::Untrusted, self.settings.cwd.ancestors())
        } else {
            let listed = config.projects.clone().unwrap_or_default();
            let is_listed = |dir: &Path| {
                listed.iter().any(|(path, entry)| entry.trust_level.is_some() && Path::new(path) == dir)
            };
            read_by_codex =
                !is_listed(&self.settings.cwd) && !found.repository.as_deref().is_some_and(is_listed);
            if !read_by_codex {
                let own = config.developer_instructions.as_deref().filter(|own| !own.trim().is_empty());
                start.developer_instructions = found.instructions.handed_over(own);
            }
            grant = self.sandbox_to_grant(&workspace_write);
            start.sandbox = Sandbox::ReadOnly.as_str();
            Projects::all(TrustLevel::Untrusted, listed.keys())
        };
        start.config.projects = Some(projects).filter(|projects| !projects.is_empty());
        start.config.temp_dir = temp_dir;
        start.config.sandbox_workspace_write = Some(workspace_write.clone());
        Ok(Prepared { start, grant, workspace_write, instructions: found.instructions, read_by_codex })
    }

    /// The sandbox that a thread gets that was opened with `read-only`.
    fn sandbox_to_grant(&self, allowed: &WorkspaceWrite) -> Option<(SandboxOverride, SandboxMode)> {
        let mode = SandboxMode::from(self.settings.sandbox);
        (mode != SandboxMode::ReadOnly).then(|| (SandboxOverride::new(mode, allowed), mode))
    }
}

impl Prepared {
    /// Gives a thread that was opened its own sandbox.
    pub(super) async fn grant(&self, bridge: &Bridge, thread: &mut ThreadReply) -> Result<(), BridgeError> {
        let expected = |path: &String| self.instructions.contains(path);
        if self.read_by_codex
            && !self.instructions.is_empty()
            && !thread.instruction_sources.iter().any(expected)
        {
            tracing::warn!(thread = %thread.thread.id, "codex has left out the instructions of the project");
        }
        if let Some((sandbox, mode)) = &self.grant {
            let overrides = Overrides { sandbox_policy: Some(sandbox.clone()), ..Overrides::default() };
            let request = ThreadSettingsUpdate { thread_id: thread.thread.id.clone(), overrides };
            bridge.request(&request).await?;
            thread.sandbox = SandboxPolicy::of(*mode);
        }
        Ok(())
    }

    /// What people should know of the project's instructions.
    pub(super) fn notice(&self) -> Option<String> {
        self.instructions.notice()
    }
}

fn is_old(process: &Greeted) -> bool {
    process.runtime.version().is_some_and(|version| version < FIRST_TO_HIDE_INSTRUCTIONS)
}

async fn find(folder: PathBuf, rules: ProjectRules) -> Found {
    let read = move || {
        let dirs = rules.directories(&folder);
        let instructions = Instructions::read(&dirs, &rules);
        Found { instructions, repository: git::repository_root(&folder), dirs }
    };
    // Only a panic or the end of the runtime keeps it from being done.
    let nothing = Found { dirs: Vec::new(), instructions: Instructions::default(), repository: None };
    spawn_blocking(read).await.unwrap_or(nothing)
}
