//! What a session may do, for all of its life and all of its processes.

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

/// Where a session works and what it may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The directory that its threads work in, absolute.
    pub cwd: PathBuf,
    /// What commands may touch.
    pub sandbox: Sandbox,
    /// When codex asks.
    pub approval_policy: ApprovalPolicy,
    /// Who answers.
    pub approvals: ApprovalMode,
}

impl Settings {
    /// What was asked for, as far as the operator allows it; where nothing was asked for, what the operator has.
    pub(crate) async fn choose(config: &Config, request: &CreateSession) -> Result<Self, SessionError> {
        let cwd = match request.cwd.as_deref().filter(|cwd| !cwd.is_empty()) {
            Some(cwd) => directory(config, cwd).await?,
            None => config.cwd.clone(),
        };
        let sandbox = sandbox(config, request.sandbox)?.unwrap_or(config.sandbox);
        let approval_policy =
            approval_policy(config, request.approval_policy)?.unwrap_or(config.approval_policy);
        let approvals = config.approvals.settle(request.approvals);
        let approvals = approvals
            .map_err(|most| SessionError::OverCeiling { field: "approvals", ceiling: most.as_str() })?;
        Ok(Self { cwd, sandbox, approval_policy, approvals })
    }

    /// Whether the directory is still the one that was chosen: an agent that can write above it may have put a link
    /// in its place.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]
    pub(crate) async fn check(&self, config: &Config) -> Result<(), SessionError> {
        let named = || self.cwd.display().to_string();
        // What the operator allows may have changed since the session was made.
        if !config.workspaces.iter().any(|root| self.cwd.starts_with(root)) && self.cwd != config.cwd {
            return Err(SessionError::OutsideWorkspaces(named()));
        }
        match fs::canonicalize(&self.cwd).await {
            Ok(real) if real == self.cwd => Ok(()),
            Ok(_) => Err(SessionError::OutsideWorkspaces(named())),
            Err(_) => Err(SessionError::BadCwd(named())),
        }
    }

    /// Takes over what a turn has changed, as far as the operator allows it.
    pub(crate) fn follow(&mut self, config: &Config, transcript: &Transcript) {
        let Transcript { sandbox, approval_policy, .. } = transcript;
        if let Some(sandbox) = sandbox {
            self.sandbox = config.sandbox.min((*sandbox).into());
        }
        if let Some(policy) = approval_policy {
            self.approval_policy = config.approval_policy.min((*policy).into());
        }
    }

    /// Lets the session work where its thread has worked before, if that is still there and allowed.
    pub(crate) async fn work_where(&mut self, config: &Config, thread: Option<String>) {
        if let Some(Ok(cwd)) = async { Some(directory(config, &thread?).await) }.await {
            self.cwd = cwd;
        }
    }
}

/// What commands may touch, if the operator allows that much.
///
/// # Errors
/// [`SessionError::OverCeiling`]
pub(crate) fn sandbox(
    config: &Config,
    asked: Option<api::SandboxMode>,
) -> Result<Option<Sandbox>, SessionError> {
    let asked = asked.map(Sandbox::from);
    match asked.filter(|asked| *asked > config.sandbox) {
        None => Ok(asked),
        Some(_) => Err(SessionError::OverCeiling { field: "sandbox", ceiling: config.sandbox.as_str() }),
    }
}

/// When codex asks, if the operator allows that much.
///
/// # Errors
/// [`SessionError::OverCeiling`]
pub(crate) fn approval_policy(
    config: &Config,
    asked: Option<api::ApprovalPolicy>,
) -> Result<Option<ApprovalPolicy>, SessionError> {
    let (asked, ceiling) = (asked.map(ApprovalPolicy::from), config.approval_policy);
    match asked.filter(|asked| *asked > ceiling) {
        None => Ok(asked),
        Some(_) => Err(SessionError::OverCeiling { field: "approvalPolicy", ceiling: ceiling.as_str() }),
    }
}

/// The directory that is meant, if it is inside a workspace once all symbolic links are followed.
///
/// # Errors
/// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]
pub(crate) async fn directory(config: &Config, asked: &str) -> Result<PathBuf, SessionError> {
    let bad = || SessionError::BadCwd(asked.to_owned());
    let real = inside(&config.workspaces, &config.cwd.join(asked)).await.map_err(|no| match no {
        NoPath::Outside => SessionError::OutsideWorkspaces(asked.to_owned()),
        NoPath::Missing => bad(),
    })?;
    match fs::metadata(&real).await {
        Ok(metadata) if metadata.is_dir() => Ok(real),
        _ => Err(bad()),
    }
}

/// Why a path is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPath {
    /// It leads to where one may not be.
    Outside,
    /// There is nothing.
    Missing,
}

/// A path without its symbolic links, if it is inside one of the roots then. Nobody is told what there is outside.
pub(crate) async fn inside(roots: &[PathBuf], path: &Path) -> Result<PathBuf, NoPath> {
    let inside = |path: &Path| roots.iter().any(|root| path.starts_with(root));
    if let Ok(real) = fs::canonicalize(path).await {
        return if inside(&real) { Ok(real) } else { Err(NoPath::Outside) };
    }
    for ancestor in path.ancestors().skip(1) {
        if let Ok(real) = fs::canonicalize(ancestor).await {
            return Err(if inside(&real) { NoPath::Missing } else { NoPath::Outside });
        }
    }
    Err(NoPath::Outside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use clap::Parser;

    use super::*;
    use crate::config::{Options, Surroundings};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn config(cwd: &Path, arguments: &[&str]) -> Config {
        let line = [&["x", "--codex-bin", "/bin/sh", "--cwd", cwd.to_str().unwrap()], arguments].concat();
        let surroundings = Surroundings { demo: false, tokens: false, data_dir: "/nowhere".into() };
        Config::new(Line::parse_from(line).options, surroundings).unwrap()
    }

    async fn code(config: &Config, cwd: &str) -> Result<PathBuf, &'static str> {
        let request = CreateSession { cwd: Some(cwd.to_owned()), ..CreateSession::default() };
        Settings::choose(config, &request).await.map(|it| it.cwd).map_err(|error| error.code().as_str())
    }

    #[tokio::test]
    async fn a_directory_is_inside_a_workspace_after_its_links() {
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
        for (asked, real) in [("sub", "sub"), ("in", "sub"), ("sub/../in/.", "sub"), ("sub/..", "")] {
            assert_eq!(code(&config, asked).await, Ok(root.join(real)), "{asked}");
        }
        assert_eq!(code(&config, root.join("sub").to_str().unwrap()).await, Ok(root.join("sub")));
        for asked in ["out", "out/new", "..", "../rootless", "/", "/etc", "/no/such/place", "../new"] {
            assert_eq!(code(&config, asked).await, Err("outside_workspaces"), "{asked}");
        }
        for asked in ["new", "new/deeper", "file", "file/x", "broken", "a\0b"] {
            assert_eq!(code(&config, asked).await, Err("bad_cwd"), "{asked}");
        }
    }

    #[tokio::test]
    async fn nobody_gets_more_than_the_operator_allows() {
        let dir = tempfile::tempdir().unwrap();
        let strict = config(dir.path(), &["--sandbox", "read-only", "--approval-policy", "never"]);
        let ask =
            |sandbox, approval_policy| CreateSession { sandbox, approval_policy, ..CreateSession::default() };
        let plain = Settings::choose(&strict, &ask(None, None)).await.unwrap();
        assert_eq!((plain.sandbox, plain.approval_policy), (Sandbox::ReadOnly, ApprovalPolicy::Never));
        for request in [
            ask(Some(api::SandboxMode::WorkspaceWrite), None),
            ask(Some(api::SandboxMode::DangerFullAccess), None),
            ask(None, Some(api::ApprovalPolicy::OnRequest)),
        ] {
            assert_eq!(
                Settings::choose(&strict, &request).await.unwrap_err().code(),
                api::ErrorCode::OverCeiling
            );
        }
        let usual = config(dir.path(), &[]);
        let less = ask(Some(api::SandboxMode::ReadOnly), Some(api::ApprovalPolicy::Never));
        let less = Settings::choose(&usual, &less).await.unwrap();
        assert_eq!((less.sandbox, less.approval_policy), (Sandbox::ReadOnly, ApprovalPolicy::Never));
    }
}
