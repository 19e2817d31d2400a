//! The git branch of a directory, read from git's own files.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

/// How much of a file is read, in bytes.
const LONGEST: u64 = 4096;
/// How many digits of a commit are told.
const DIGITS: usize = 8;

/// The branch that is checked out where this directory is, or the beginning of the commit, if it is on none. Nothing
/// outside of git. Blocks.
pub(crate) fn branch(dir: &Path) -> Option<String> {
    let head = dir.ancestors().find_map(|dir| git_dir(&dir.join(".git")))?.join("HEAD");
    let head = read(&head)?;
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
        assert_eq!(branch(dir.path()).as_deref(), Some("feature/größer"));
        assert_eq!(branch(&dir.path().join("sub/deeper")).as_deref(), Some("feature/größer"));
    }

    #[test]
    fn without_a_branch_it_is_the_commit() {
        let dir = repository("1979e43b497abe0fecd7b1fc414ceafe75425c51\n");
        assert_eq!(branch(dir.path()).as_deref(), Some("1979e43b"));
    }

    #[test]
    fn a_worktree_has_its_own() {
        let dir = repository("ref: refs/heads/main\n");
        let own = dir.path().join(".git/worktrees/tree");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/other\n").unwrap();
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        assert_eq!(branch(tree.path()).as_deref(), Some("other"));
        let nested = dir.path().join("sub");
        fs::write(nested.join(".git"), "gitdir: ../.git/worktrees/tree\n").unwrap();
        assert_eq!(branch(&nested).as_deref(), Some("other"));
    }

    #[test]
    fn what_is_none_is_none() {
        for head in ["", "ref: ", "nonsense", "ref: refs/heads/a\nb", "\0\0\0\0\0\0\0\0", "ff"] {
            assert_eq!(branch(repository(head).path()), None, "{head:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        for file in ["", "gitdir: ", "gitdir: /no/such/place", "gitdir: /etc\n"] {
            fs::write(dir.path().join(".git"), file).unwrap();
            assert_eq!(branch(dir.path()), None, "{file:?}");
        }
    }
}
