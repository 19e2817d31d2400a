//! The build context of the image: the files that `.dockerignore` allows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project;

/// Returns the names of the files and directories that `.dockerignore` allows.
///
/// Supports only the form that the project uses: `*` first, then `!name` lines. Anything else is an error.
pub(crate) fn allowed(text: &str) -> Result<BTreeSet<String>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if lines.next() != Some("*") {
        bail!(".dockerignore must begin with *, followed by the names that are allowed");
    }
    lines
        .map(|line| match line.strip_prefix('!') {
            Some(name) if !name.contains(['*', '?', '/', '[']) => Ok(name.to_owned()),
            _ => bail!(".dockerignore: {line}: only !name is supported after the *"),
        })
        .collect()
}

/// Returns all files of the context, relative to the workspace's root.
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
            bail!(".dockerignore allows {name}, which does not exist");
        }
    }
    Ok(files)
}

/// Copies `file` unless `to` has the same content, so that build artifacts stay up to date.
pub(crate) fn copy(file: &Path, to: &Path) -> Result<()> {
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    if fs::read(to).is_ok_and(|existing| existing == content) {
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
    fn dockerignore_in_another_form_is_an_error() {
        assert_eq!(allowed("# why\n*\n!a\n!b.c\n").unwrap(), ["a".to_owned(), "b.c".to_owned()].into());
        for unknown in ["", "!a", "target\n", "*\ntarget", "*\n!a/b", "*\n!*.rs"] {
            assert!(allowed(unknown).is_err(), "{unknown:?}");
        }
    }

    #[test]
    fn context_contains_no_private_files() {
        let files = files().unwrap();
        assert!(files.contains(&"server/src/main.rs".into()) && files.contains(&".cargo/config.toml".into()));
        for part in [".git", "target", "node_modules", ".env"] {
            assert!(!files.iter().any(|file| file.iter().any(|name| name == part)), "{part}");
        }
    }
}
