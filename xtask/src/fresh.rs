//! Skips work whose outputs are up to date.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{env, fs, io};

use anyhow::{Context, Result};

use crate::project;

/// Runs `work` unless all `outputs` exist and were made from the same `inputs` by the same xtask.
///
/// The paths, sizes and modification times of the inputs are stored in `target/xtask/<stamp>.stamp`. They are compared for
/// equality, not for age, so switching back to an older file counts as a change.
pub(crate) fn unless_fresh(
    stamp: &str,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = project::target_dir().join("xtask").join(format!("{stamp}.stamp"));
    let mut inputs = inputs.to_vec();
    inputs.push(env::current_exe()?);
    let current = fingerprint(&inputs)?;
    if outputs.iter().all(|output| output.exists())
        && fs::read_to_string(&stamp).is_ok_and(|stored| stored == current)
    {
        return Ok(());
    }
    if let Err(error) = fs::remove_file(&stamp)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("cannot remove {}", stamp.display()));
    }
    work()?;
    fs::create_dir_all(stamp.parent().unwrap_or(Path::new(".")))?;
    fs::write(&stamp, current).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Returns one line per file: size, modification time in nanoseconds, path.
fn fingerprint(files: &[PathBuf]) -> Result<String> {
    let mut lines = String::new();
    for file in files {
        let data = fs::metadata(file).with_context(|| format!("{} is missing", file.display()))?;
        let modified = data.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
        writeln!(lines, "{} {modified} {}", data.len(), file.display())?;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_changes_with_the_file_size() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.css");
        fs::write(&file, "a").unwrap();
        let first = fingerprint(std::slice::from_ref(&file)).unwrap();
        assert_eq!(first, fingerprint(std::slice::from_ref(&file)).unwrap());
        fs::write(&file, "ab").unwrap();
        assert_ne!(first, fingerprint(std::slice::from_ref(&file)).unwrap());
    }

    #[test]
    fn fingerprint_error_names_the_missing_input() {
        let error = fingerprint(&[PathBuf::from("/nowhere/main.css")]).unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/main.css is missing");
    }
}
