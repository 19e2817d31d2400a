//! The git branch and repository root of a directory, read from git's own files where possible.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use codex_app_server_client::{CommandOutput, Variables, process};

use crate::environment::{PassEnv, inherited_variables};

/// How long a git command may take.
const GIT_TIMEOUT: Duration = Duration::from_secs(2);
/// How many bytes of a file are read.
const MAX_FILE_BYTES: u64 = 4096;
/// The content of `HEAD` in a repository whose references are not in files (`--ref-format=reftable`). It makes older
/// versions of git refuse the repository.
const REFTABLE_HEAD: &str = "ref: refs/heads/.invalid";
/// How many digits of a commit hash are returned.
const HASH_DIGITS: usize = 8;

/// The branch of a directory, as far as the repository's files tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Branch {
    /// The checked-out branch, or the beginning of the commit hash if `HEAD` is detached. `None` outside of a
    /// repository, or if `HEAD` is malformed.
    Known(Option<String>),
    /// Only git itself can tell, because of how the repository stores its references: use [`query_git`].
    RequiresGit,
}

/// Reads the checked-out branch of the repository that contains a directory. Blocks.
pub(crate) fn branch(dir: &Path) -> Branch {
    let Some(head) = dir.ancestors().find_map(|dir| git_dir(&dir.join(".git"))).map(|git| git.join("HEAD"))
    else {
        return Branch::Known(None);
    };
    // In old repositories, HEAD is a symbolic link to the branch.
    if fs::symlink_metadata(&head).is_ok_and(|file| file.is_symlink()) {
        return Branch::RequiresGit;
    }
    let Some(head) = read(&head) else { return Branch::Known(None) };
    if head.trim_end() == REFTABLE_HEAD {
        return Branch::RequiresGit;
    }
    Branch::Known(parse_head(&head))
}

/// Runs git to get the checked-out branch, or the beginning of the commit hash. `None` if git fails.
pub(crate) async fn query_git(dir: &Path) -> Option<String> {
    let git = async |arguments: &[&str]| {
        let output = run(dir, arguments).await.ok()?;
        output.status.success().then_some(output.stdout)
    };
    match git(&["symbolic-ref", "--quiet", "HEAD"]).await {
        Some(reference) => parse_head(&format!("ref: {reference}")),
        None => parse_head(&git(&["rev-parse", "--verify", "--quiet", "HEAD"]).await?),
    }
}

/// Runs git in a directory until it exits.
async fn run(dir: &Path, arguments: &[&str]) -> io::Result<CommandOutput> {
    // Read only: git takes no lock, and starts no program that the repository's configuration names.
    let variables: Variables = inherited_variables(&PassEnv::default()).collect();
    let variables = variables.with("GIT_OPTIONAL_LOCKS", "0");
    let mut all = ["-c", "core.fsmonitor=false", "--no-pager", "-C"].map(OsStr::new).to_vec();
    all.push(dir.as_os_str());
    all.extend(arguments.iter().map(OsStr::new));
    process::run("git", &all, &variables, GIT_TIMEOUT).await
}

/// Parses the content of a `HEAD` file: returns the branch, or the beginning of the commit hash.
fn parse_head(head: &str) -> Option<String> {
    let name = match head.trim_end().strip_prefix("ref: ") {
        Some(reference) => reference.strip_prefix("refs/heads/").unwrap_or(reference),
        None => {
            head.get(..HASH_DIGITS).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?
        }
    };
    let is_plain = !name.is_empty() && !name.chars().any(char::is_control);
    is_plain.then(|| name.to_owned())
}

/// Returns the root of the repository that contains a directory. For a linked worktree, that is the root of the main
/// checkout. Blocks.
pub(crate) fn repository_root(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().find_map(|dir| {
        let dot_git = dir.join(".git");
        let git = git_dir(&dot_git)?;
        // A directory without HEAD is not a repository.
        read(&git.join("HEAD"))?;
        let worktrees =
            git.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "worktrees"));
        match worktrees {
            Some(worktrees) if !dot_git.is_dir() => worktrees.parent()?.parent()?.canonicalize().ok(),
            _ => Some(dir.to_owned()),
        }
    })
}

/// Returns the directory with git's data: `.git` itself, or in a worktree or submodule the directory that the file
/// `.git` names.
fn git_dir(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    let content = read(dot_git)?;
    let target = content.strip_prefix("gitdir: ")?.trim_end();
    Some(dot_git.parent()?.join(target))
}

fn read(path: &Path) -> Option<String> {
    // Only regular files: reading a pipe could block forever.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_FILE_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn branch_from_files(dir: &Path) -> Option<String> {
        match branch(dir) {
            Branch::Known(name) => name,
            Branch::RequiresGit => panic!("the branch should be readable from files"),
        }
    }

    /// A directory with a `.git` that has only this `HEAD`.
    fn repository(head: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(".git")).unwrap();
        fs::create_dir_all(dir.path().join("sub/deeper")).unwrap();
        fs::write(dir.path().join(".git/HEAD"), head).unwrap();
        dir
    }

    #[test]
    fn branch_is_found_from_the_root_and_from_subdirectories() {
        let dir = repository("ref: refs/heads/feature/größer\n");
        assert_eq!(branch_from_files(dir.path()).as_deref(), Some("feature/größer"));
        assert_eq!(branch_from_files(&dir.path().join("sub/deeper")).as_deref(), Some("feature/größer"));
    }

    #[test]
    fn detached_head_gives_the_beginning_of_the_commit_hash() {
        let dir = repository("1979e43b497abe0fecd7b1fc414ceafe75425c51\n");
        assert_eq!(branch_from_files(dir.path()).as_deref(), Some("1979e43b"));
    }

    #[test]
    fn linked_worktree_has_its_own_branch() {
        let dir = repository("ref: refs/heads/main\n");
        let own = dir.path().join(".git/worktrees/tree");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/other\n").unwrap();
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        assert_eq!(branch_from_files(tree.path()).as_deref(), Some("other"));
        let nested = dir.path().join("sub");
        fs::write(nested.join(".git"), "gitdir: ../.git/worktrees/tree\n").unwrap();
        assert_eq!(branch_from_files(&nested).as_deref(), Some("other"));
    }

    #[test]
    fn malformed_head_or_git_file_gives_no_branch() {
        for head in ["", "ref: ", "nonsense", "ref: refs/heads/a\nb", "\0\0\0\0\0\0\0\0", "ff"] {
            assert_eq!(branch_from_files(repository(head).path()), None, "{head:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        for file in ["", "gitdir: ", "gitdir: /no/such/place", "gitdir: /etc\n"] {
            fs::write(dir.path().join(".git"), file).unwrap();
            assert_eq!(branch_from_files(dir.path()), None, "{file:?}");
        }
    }

    /// Runs git in a directory.
    fn git(dir: &Path, arguments: &[&str]) {
        #[expect(clippy::disallowed_methods, reason = "the test creates a repository")]
        let mut command = std::process::Command::new("git");
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
        let output = command.arg("-C").arg(dir).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[tokio::test]
    async fn branch_of_a_reftable_repository_comes_from_git() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet", "--ref-format=reftable", "--initial-branch=feature/größer"]);
        fs::create_dir(dir.path().join("sub")).unwrap();
        for below in ["", "sub"] {
            let path = dir.path().join(below);
            assert_eq!(branch(&path), Branch::RequiresGit);
            assert_eq!(query_git(&path).await.as_deref(), Some("feature/größer"));
        }
        git(dir.path(), &["commit", "--quiet", "--allow-empty", "--message=x"]);
        git(dir.path(), &["checkout", "--quiet", "--detach"]);
        let commit = query_git(dir.path()).await.unwrap();
        assert!(
            commit.len() == HASH_DIGITS && commit.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{commit}"
        );
    }

    #[tokio::test]
    async fn branch_of_a_symlinked_head_comes_from_git() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet", "--ref-format=files"]);
        git(dir.path(), &["commit", "--quiet", "--allow-empty", "--message=x"]);
        git(dir.path(), &["branch", "linked"]);
        fs::remove_file(dir.path().join(".git/HEAD")).unwrap();
        std::os::unix::fs::symlink("refs/heads/linked", dir.path().join(".git/HEAD")).unwrap();
        assert_eq!(branch(dir.path()), Branch::RequiresGit);
        assert_eq!(query_git(dir.path()).await.as_deref(), Some("linked"));
    }

    #[tokio::test]
    async fn directory_that_git_rejects_has_no_branch() {
        let dir = repository(REFTABLE_HEAD);
        assert_eq!(branch(dir.path()), Branch::RequiresGit);
        assert_eq!(query_git(dir.path()).await, None);
    }
}
