//! The settings of a session. They apply to all of its processes.

use std::path::{Path, PathBuf};

use codex_gateway_wire::{
    ApprovalMode, Transcript,
    api::{self, CreateSession},
};
use tokio::fs;

use crate::{
    config::{ApprovalPolicy, Config, Sandbox},
    error::SessionError,
};

/// A session's directory and permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The absolute working directory of the session's threads.
    pub cwd: PathBuf,
    /// What commands can access.
    pub sandbox: Sandbox,
    /// When codex asks for approval.
    pub approval_policy: ApprovalPolicy,
    /// How approvals are answered.
    pub approvals: ApprovalMode,
}

impl Settings {
    /// Returns the requested settings. Settings that were not requested get the operator's
    /// defaults.
    pub(crate) async fn resolve(config: &Config, request: &CreateSession) -> Result<Self, SessionError> {
        let cwd = match request.cwd.as_deref().filter(|cwd| !cwd.is_empty()) {
            Some(cwd) => resolve_directory(config, cwd).await?,
            None => config.cwd.clone(),
        };
        let sandbox = check_sandbox(config, request.sandbox)?.unwrap_or(config.sandbox);
        let approval_policy =
            check_approval_policy(config, request.approval_policy)?.unwrap_or(config.approval_policy);
        let approvals = config.approvals.resolve(request.approvals);
        let approvals = approvals
            .map_err(|ceiling| SessionError::OverCeiling { field: "approvals", ceiling: ceiling.as_str() })?;
        Ok(Self { cwd, sandbox, approval_policy, approvals })
    }

    /// Checks that the directory still leads to the same place. An agent that can write above the
    /// directory may have replaced it with a link.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]
    pub(crate) async fn check(&self, config: &Config) -> Result<(), SessionError> {
        let named = || self.cwd.display().to_string();
        // The operator's workspaces may have changed since the session was created.
        if !config.workspaces.iter().any(|root| self.cwd.starts_with(root)) && self.cwd != config.cwd {
            return Err(SessionError::OutsideWorkspaces(named()));
        }
        match fs::canonicalize(&self.cwd).await {
            Ok(real) if real == self.cwd => Ok(()),
            Ok(_) => Err(SessionError::OutsideWorkspaces(named())),
            Err(_) => Err(SessionError::BadCwd(named())),
        }
    }

    /// Applies the settings that turns have changed, clamped to the operator's ceiling.
    pub(crate) fn apply(&mut self, config: &Config, transcript: &Transcript) {
        let Transcript { sandbox, approval_policy, .. } = transcript;
        if let Some(sandbox) = sandbox {
            self.sandbox = config.sandbox.min((*sandbox).into());
        }
        if let Some(policy) = approval_policy {
            self.approval_policy = config.approval_policy.min((*policy).into());
        }
    }

    /// Adopts the directory of the thread, if it exists and is allowed.
    pub(crate) async fn adopt_cwd(&mut self, config: &Config, thread: Option<String>) {
        if let Some(Ok(cwd)) = async { Some(resolve_directory(config, &thread?).await) }.await {
            self.cwd = cwd;
        }
    }
}

/// Returns the requested sandbox, if the operator's ceiling allows it.
///
/// # Errors
/// [`SessionError::OverCeiling`]
pub(crate) fn check_sandbox(
    config: &Config,
    requested: Option<api::SandboxMode>,
) -> Result<Option<Sandbox>, SessionError> {
    let requested = requested.map(Sandbox::from);
    match requested.filter(|requested| *requested > config.sandbox) {
        None => Ok(requested),
        Some(_) => Err(SessionError::OverCeiling { field: "sandbox", ceiling: config.sandbox.as_str() }),
    }
}

/// Returns the requested approval policy, if the operator's ceiling allows it.
///
/// # Errors
/// [`SessionError::OverCeiling`]
pub(crate) fn check_approval_policy(
    config: &Config,
    requested: Option<api::ApprovalPolicy>,
) -> Result<Option<ApprovalPolicy>, SessionError> {
    let (requested, ceiling) = (requested.map(ApprovalPolicy::from), config.approval_policy);
    match requested.filter(|requested| *requested > ceiling) {
        None => Ok(requested),
        Some(_) => Err(SessionError::OverCeiling { field: "approvalPolicy", ceiling: ceiling.as_str() }),
    }
}

/// Resolves a directory and all its symbolic links, if it is inside a workspace.
///
/// # Errors
/// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]
pub(crate) async fn resolve_directory(config: &Config, requested: &str) -> Result<PathBuf, SessionError> {
    let bad = || SessionError::BadCwd(requested.to_owned());
    let real =
        resolve_inside(&config.workspaces, &config.cwd.join(requested)).await.map_err(
            |error| match error {
                PathError::Outside => SessionError::OutsideWorkspaces(requested.to_owned()),
                PathError::Missing => bad(),
            },
        )?;
    match fs::metadata(&real).await {
        Ok(metadata) if metadata.is_dir() => Ok(real),
        _ => Err(bad()),
    }
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathError {
    /// The path leads outside the roots.
    Outside,
    /// The path does not exist.
    Missing,
}

/// Resolves the symbolic links of a path that must be inside one of the roots. The error does not
/// reveal what exists outside.
pub(crate) async fn resolve_inside(roots: &[PathBuf], path: &Path) -> Result<PathBuf, PathError> {
    let inside = |path: &Path| roots.iter().any(|root| path.starts_with(root));
    if let Ok(real) = fs::canonicalize(path).await {
        return if inside(&real) { Ok(real) } else { Err(PathError::Outside) };
    }
    for ancestor in path.ancestors().skip(1) {
        if let Ok(real) = fs::canonicalize(ancestor).await {
            return Err(if inside(&real) { PathError::Missing } else { PathError::Outside });
        }
    }
    Err(PathError::Outside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use clap::Parser;

    use super::*;
    use crate::config::{Options, RuntimeContext};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn config(cwd: &Path, arguments: &[&str]) -> Config {
        let line = [&["x", "--codex-bin", "/bin/sh", "--cwd", cwd.to_str().unwrap()], arguments].concat();
        let context = RuntimeContext { demo: false, auth_enabled: false, data_dir: "/nowhere".into() };
        Config::new(Line::parse_from(line).options, context).unwrap()
    }

    async fn code(config: &Config, cwd: &str) -> Result<PathBuf, &'static str> {
        let request = CreateSession { cwd: Some(cwd.to_owned()), ..CreateSession::default() };
        Settings::resolve(config, &request).await.map(|it| it.cwd).map_err(|error| error.code().as_str())
    }

    #[tokio::test]
    async fn directory_must_be_inside_a_workspace_after_resolving_links() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let (root, other) = (dir.join("root"), dir.join("rootless"));
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::create_dir(&other).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        symlink(root.join("sub"), root.join("in")).unwrap();
        symlink(&other, root.join("out")).unwrap();
        symlink("/no/such/place", root.join("broken")).unwrap();
        let config = config(&root, &[]);

        assert_eq!(code(&config, "").await, Ok(root.clone()));
        for (requested, real) in [("sub", "sub"), ("in", "sub"), ("sub/../in/.", "sub"), ("sub/..", "")] {
            assert_eq!(code(&config, requested).await, Ok(root.join(real)), "{requested}");
        }
        assert_eq!(code(&config, root.join("sub").to_str().unwrap()).await, Ok(root.join("sub")));
        for requested in ["out", "out/new", "..", "../rootless", "/", "/etc", "/no/such/place", "../new"] {
            assert_eq!(code(&config, requested).await, Err("outside_workspaces"), "{requested}");
        }
        for requested in ["new", "new/deeper", "file", "file/x", "broken", "a\0b"] {
            assert_eq!(code(&config, requested).await, Err("bad_cwd"), "{requested}");
        }
    }

    #[tokio::test]
    async fn settings_above_the_ceiling_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let strict = config(dir.path(), &["--sandbox", "read-only", "--approval-policy", "never"]);
        let ask =
            |sandbox, approval_policy| CreateSession { sandbox, approval_policy, ..CreateSession::default() };
        let plain = Settings::resolve(&strict, &ask(None, None)).await.unwrap();
        assert_eq!((plain.sandbox, plain.approval_policy), (Sandbox::ReadOnly, ApprovalPolicy::Never));
        for request in [
            ask(Some(api::SandboxMode::WorkspaceWrite), None),
            ask(Some(api::SandboxMode::DangerFullAccess), None),
            ask(None, Some(api::ApprovalPolicy::OnRequest)),
        ] {
            assert_eq!(
                Settings::resolve(&strict, &request).await.unwrap_err().code(),
                api::ErrorCode::OverCeiling
            );
        }
        let usual = config(dir.path(), &[]);
        let less = ask(Some(api::SandboxMode::ReadOnly), Some(api::ApprovalPolicy::Never));
        let less = Settings::resolve(&usual, &less).await.unwrap();
        assert_eq!((less.sandbox, less.approval_policy), (Sandbox::ReadOnly, ApprovalPolicy::Never));
    }
}
