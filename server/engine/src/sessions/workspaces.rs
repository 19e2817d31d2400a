//! Directories that are suggested for new sessions.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use codex_gateway_wire::api::Workspace;
use futures::{StreamExt, stream};
use tokio::task::spawn_blocking;

use super::Sessions;
use crate::git::{self, Branch};

/// Maximum number of repositories, in addition to the operator's directories.
const MAX_REPOSITORIES: usize = 200;
/// Maximum number of git processes at the same time.
const MAX_CONCURRENT_GIT: usize = 4;
/// Maximum number of directory entries that are read in each of the operator's directories.
const MAX_DIR_ENTRIES: usize = 10_000;

impl Sessions {
    /// Returns the directories to suggest for new sessions: the default directory, the operator's
    /// directories, and the git repositories directly below those. A session may use any directory
    /// below them.
    pub async fn workspaces(&self) -> Vec<Workspace> {
        let (cwd, roots) = (self.inner.config.cwd.clone(), self.inner.config.workspaces.clone());
        let offers = spawn_blocking(move || offered(&cwd, &roots)).await.unwrap_or_default();
        let workspace = async |(dir, branch): (PathBuf, Branch)| {
            let branch = match branch {
                Branch::Known(branch) => branch,
                Branch::RequiresGit => git::query_git(&dir).await,
            };
            Workspace { path: dir.display().to_string(), branch }
        };
        stream::iter(offers).map(workspace).buffered(MAX_CONCURRENT_GIT).collect().await
    }
}

fn offered(cwd: &Path, roots: &[PathBuf]) -> Vec<(PathBuf, Branch)> {
    let below: BTreeSet<PathBuf> = roots.iter().flat_map(|root| repositories(root)).collect();
    let mut all = vec![cwd.to_owned()];
    let others = roots.iter().cloned().chain(below.into_iter().take(MAX_REPOSITORIES));
    for dir in others {
        if !all.contains(&dir) {
            all.push(dir);
        }
    }
    all.into_iter().map(|dir| (dir.clone(), git::branch(&dir))).collect()
}

/// Returns the git repositories directly below a directory. Links are not followed.
fn repositories(root: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten().take(MAX_DIR_ENTRIES);
    let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    dirs.map(|entry| entry.path()).filter(|dir| dir.join(".git").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(offered: Vec<(PathBuf, Branch)>) -> Vec<String> {
        offered.into_iter().map(|(path, _)| path.display().to_string()).collect()
    }

    #[test]
    fn default_directory_is_first_and_repositories_follow_their_roots() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for repository in ["projects/b", "projects/a", "elsewhere"] {
            fs::create_dir_all(path(repository).join(".git")).unwrap();
        }
        fs::write(path("projects/a/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::create_dir_all(path("projects/plain/nested/.git")).unwrap();
        fs::write(path("projects/file"), "").unwrap();
        std::os::unix::fs::symlink(path("elsewhere"), path("projects/link")).unwrap();

        let offers = offered(&path("projects/b"), &[path("projects"), path("gone")]);
        let branches: Vec<_> = offers.iter().map(|(_, branch)| branch.clone()).collect();
        let known = |name: Option<&str>| Branch::Known(name.map(str::to_owned));
        assert_eq!(branches, [known(None), known(None), known(None), known(Some("main"))]);
        let expected = ["projects/b", "projects", "gone", "projects/a"];
        assert_eq!(paths(offers), expected.map(|name| path(name).display().to_string()));
    }

    #[test]
    fn directory_without_repositories_is_the_only_suggestion() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        let offers = paths(offered(dir.path(), &[dir.path().to_owned()]));
        assert_eq!(offers, [dir.path().display().to_string()]);
    }
}
