//! The git branch of a directory, read from git's own files where these can be understood.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::bridge::run_git;

/// How much of a file is read, in bytes.
const LONGEST: u64 = 4096;
/// The HEAD of a repository whose references are not in files (`--ref-format=reftable`): there for older versions of git,
/// which refuse it.
const STUB: &str = "ref: refs/heads/.invalid";
/// How many digits of a commit are told.
const DIGITS: usize = 8;

/// What the files of a repository say about its branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Branch {
    /// The branch that is checked out, or the beginning of the commit if none is. `None` outside of git.
    Known(Option<String>),
    /// The repository keeps its references in a way that only git understands: [`ask_git`].
    Unknown,
}

/// Reads which branch is checked out where this directory is. Blocks.
pub(crate) fn branch(dir: &Path) -> Branch {
    let Some(head) = dir.ancestors().find_map(|dir| git_dir(&dir.join(".git"))).map(|git| git.join("HEAD"))
    else {
        return Branch::Known(None);
    };
    // Old versions of git made HEAD a symbolic link to the branch.
    if fs::symlink_metadata(&head).is_ok_and(|file| file.is_symlink()) {
        return Branch::Unknown;
    }
    let Some(head) = read(&head) else { return Branch::Known(None) };
    if head.trim_end() == STUB {
        return Branch::Unknown;
    }
    Branch::Known(name(&head))
}

/// Asks git which branch is checked out, or which commit. `None` if git cannot tell.
pub(crate) async fn ask_git(dir: &Path) -> Option<String> {
    let answer = async |arguments: &[&str]| {
        let ran = run_git(dir, arguments).await.ok()?;
        ran.status.success().then_some(ran.stdout)
    };
    match answer(&["symbolic-ref", "--quiet", "HEAD"]).await {
        Some(reference) => name(&format!("ref: {reference}")),
        None => name(&answer(&["rev-parse", "--verify", "--quiet", "HEAD"]).await?),
    }
}

/// The name in the content of a HEAD file: a branch, or the beginning of a commit.
fn name(head: &str) -> Option<String> {
    let name = match head.trim_end().strip_prefix("ref: ") {
        Some(reference) => reference.strip_prefix("refs/heads/").unwrap_or(reference),
        None => head.get(..DIGITS).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?,
    };
    let is_plain = !name.is_empty() && !name.chars().any(char::is_control);
    is_plain.then(|| name.to_owned())
}

/// The root of the repository that a directory is in; for a linked worktree, that of the main checkout. Blocks.
pub(crate) fn repository_root(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().find_map(|dir| {
        let dot_git = dir.join(".git");
        let git = git_dir(&dot_git)?;
        // What has no HEAD is no repository.
        read(&git.join("HEAD"))?;
        let worktrees =
            git.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "worktrees"));
        match worktrees {
            Some(worktrees) if !dot_git.is_dir() => worktrees.parent()?.parent()?.canonicalize().ok(),
            _ => Some(dir.to_owned()),
        }
    })
}

/// Where git keeps what `.git` is about: itself, or what it names, in a worktree or a submodule.
fn git_dir(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    let named = read(dot_git)?;
    let named = named.strip_prefix("gitdir: ")?.trim_end();
    Some(dot_git.parent()?.join(named))
}

fn read(path: &Path) -> Option<String> {
    // Only what can be read to its end: nobody waits for a pipe.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn known(dir: &Path) -> Option<String> {
        match branch(dir) {
            Branch::Known(name) => name,
            Branch::Unknown => panic!("the files should be understood"),
        }
    }

    fn repository(head: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(".git")).unwrap();
        fs::create_dir_all(dir.path().join("sub/deeper")).unwrap();
        fs::write(dir.path().join(".git/HEAD"), head).unwrap();
        dir
    }

    #[test]
    fn a_branch_is_named_in_the_repository_and_below() {
        let dir = repository("ref: refs/heads/feature/größer\n");
        assert_eq!(known(dir.path()).as_deref(), Some("feature/größer"));
        assert_eq!(known(&dir.path().join("sub/deeper")).as_deref(), Some("feature/größer"));
    }

    #[test]
    fn without_a_branch_it_is_the_commit() {
        let dir = repository("1979e43b497abe0fecd7b1fc414ceafe75425c51\n");
        assert_eq!(known(dir.path()).as_deref(), Some("1979e43b"));
    }

    #[test]
    fn a_worktree_has_its_own() {
        let dir = repository("ref: refs/heads/main\n");
        let own = dir.path().join(".git/worktrees/tree");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/other\n").unwrap();
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        assert_eq!(known(tree.path()).as_deref(), Some("other"));
        let nested = dir.path().join("sub");
        fs::write(nested.join(".git"), "gitdir: ../.git/worktrees/tree\n").unwrap();
        assert_eq!(known(&nested).as_deref(), Some("other"));
    }

    #[test]
    fn what_is_none_is_none() {
        for head in ["", "ref: ", "nonsense", "ref: refs/heads/a\nb", "\0\0\0\0\0\0\0\0", "ff"] {
            assert_eq!(known(repository(head).path()), None, "{head:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        for file in ["", "gitdir: ", "gitdir: /no/such/place", "gitdir: /etc\n"] {
            fs::write(dir.path().join(".git"), file).unwrap();
            assert_eq!(known(dir.path()), None, "{file:?}");
        }
    }

    /// Runs git in a directory.
    fn git(dir: &Path, arguments: &[&str]) {
        #[expect(clippy::disallowed_methods, reason = "the test makes a repository")]
        let mut command = std::process::Command::new("git");
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
        let ran = command.arg("-C").arg(dir).args(identity).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    #[tokio::test]
    async fn reftable_repository_has_the_branch_that_git_tells() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet", "--ref-format=reftable", "--initial-branch=feature/größer"]);
        fs::create_dir(dir.path().join("sub")).unwrap();
        for below in ["", "sub"] {
            let path = dir.path().join(below);
            assert_eq!(branch(&path), Branch::Unknown);
            assert_eq!(ask_git(&path).await.as_deref(), Some("feature/größer"));
        }
        git(dir.path(), &["commit", "--quiet", "--allow-empty", "--message=x"]);
        git(dir.path(), &["checkout", "--quiet", "--detach"]);
        let commit = ask_git(dir.path()).await.unwrap();
        assert!(commit.len() == DIGITS && commit.bytes().all(|digit| digit.is_ascii_hexdigit()), "{commit}");
    }

    #[tokio::test]
    async fn head_that_is_a_link_has_the_branch_that_git_tells() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet", "--ref-format=files"]);
        git(dir.path(), &["commit", "--quiet", "--allow-empty", "--message=x"]);
        git(dir.path(), &["branch", "linked"]);
        fs::remove_file(dir.path().join(".git/HEAD")).unwrap();
        std::os::unix::fs::symlink("refs/heads/linked", dir.path().join(".git/HEAD")).unwrap();
        assert_eq!(branch(dir.path()), Branch::Unknown);
        assert_eq!(ask_git(dir.path()).await.as_deref(), Some("linked"));
    }

    #[tokio::test]
    async fn directory_that_git_does_not_know_has_no_branch() {
        let dir = repository(STUB);
        assert_eq!(branch(dir.path()), Branch::Unknown);
        assert_eq!(ask_git(dir.path()).await, None);
    }
}
