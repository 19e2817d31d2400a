//! The files that a build of the image gets to see: what `.dockerignore` lets through.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project;

/// The files and directories that `.dockerignore` lets through, by their names. Ours forbids all and allows some; what
/// else could stand there is refused rather than misread.
pub(crate) fn allowed(text: &str) -> Result<BTreeSet<String>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if lines.next() != Some("*") {
        bail!(".dockerignore is to begin with *, and to name what is allowed after it");
    }
    lines
        .map(|line| match line.strip_prefix('!') {
            Some(name) if !name.contains(['*', '?', '/', '[']) => Ok(name.to_owned()),
            _ => bail!(".dockerignore: {line}: only !name is expected after the *"),
        })
        .collect()
}

/// All files of the context, relative to the workspace.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let text =
        fs::read_to_string(project::root().join(".dockerignore")).context(".dockerignore is missing")?;
    let mut files = Vec::new();
    for name in allowed(&text)? {
        let path = project::root().join(&name);
        if path.is_file() {
            files.push(name.into());
        } else if path.is_dir() {
            for file in project::files_below(&path)? {
                files.push(file.strip_prefix(project::root())?.to_owned());
            }
        } else {
            bail!(".dockerignore allows {name}, which is not there");
        }
    }
    Ok(files)
}

/// Copies what differs, so that a build finds what it has built already.
pub(crate) fn copy(file: &Path, to: &Path) -> Result<()> {
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(file, to).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_let_through() {
        assert_eq!(allowed("# why\n*\n!a\n!b.c\n").unwrap(), ["a".to_owned(), "b.c".to_owned()].into());
        for unknown in ["", "!a", "target\n", "*\ntarget", "*\n!a/b", "*\n!*.rs"] {
            assert!(allowed(unknown).is_err(), "{unknown:?}");
        }
    }

    #[test]
    fn nothing_private_is_in_the_context() {
        let files = files().unwrap();
        assert!(files.contains(&"server/src/main.rs".into()) && files.contains(&".cargo/config.toml".into()));
        for part in [".git", "target", "node_modules", ".env"] {
            assert!(!files.iter().any(|file| file.iter().any(|name| name == part)), "{part}");
        }
    }
}
