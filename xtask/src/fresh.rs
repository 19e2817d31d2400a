//! Skipping work whose result is already there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{env, fs, io};

use anyhow::{Context, Result};

use crate::project;

/// Runs `work` unless all `outputs` exist and were made from these very `inputs` by this very
/// xtask. The inputs' paths, sizes and times are kept in `target/xtask/<stamp>.stamp`: comparing them
/// for equality, not for age, is right after switching back to an older file too.
pub(crate) fn unless_fresh(
    stamp: &str,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = project::target_dir().join("xtask").join(format!("{stamp}.stamp"));
    let mut inputs = inputs.to_vec();
    inputs.push(env::current_exe()?);
    let now = fingerprint(&inputs)?;
    if outputs.iter().all(|output| output.exists())
        && fs::read_to_string(&stamp).is_ok_and(|then| then == now)
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
    fs::write(&stamp, now).with_context(|| format!("cannot write {}", stamp.display()))
}

/// One line per file: size, modification time in nanoseconds, path.
fn fingerprint(files: &[PathBuf]) -> Result<String> {
    let mut lines = String::new();
    for file in files {
        let data = fs::metadata(file).with_context(|| format!("{} is missing", file.display()))?;
        let changed = data.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
        writeln!(lines, "{} {changed} {}", data.len(), file.display())?;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.css");
        fs::write(&file, "a").unwrap();
        let first = fingerprint(std::slice::from_ref(&file)).unwrap();
        assert_eq!(first, fingerprint(std::slice::from_ref(&file)).unwrap());
        fs::write(&file, "ab").unwrap();
        assert_ne!(first, fingerprint(std::slice::from_ref(&file)).unwrap());
    }

    #[test]
    fn a_missing_input_is_named() {
        let error = fingerprint(&[PathBuf::from("/nowhere/main.css")]).unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/main.css is missing");
    }
}
