//! Runs the build stages with the tools of this machine, each in a directory of its own.
//!
//! Each has its own cargo target directory too. In a shared one, cargo cannot tell from which copy of a workspace an
//! artifact was built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::context;
use super::dockerfile::{Stage, Step};
use crate::build::commit;
use crate::command::{program, run};
use crate::project;

/// Returns the directory of a stage's files: `/src` of the stage is `src` in it.
pub(crate) fn dir(stage: &str) -> PathBuf {
    super::dir().join(format!("stage-{stage}"))
}

/// Runs the steps of a stage.
///
/// Steps before the first `WORKDIR` install tools. They are skipped, because this machine has them.
pub(crate) fn run_steps(stage: &Stage) -> Result<()> {
    let root = dir(&stage.name);
    let (mut workdir, mut env) = (None, BTreeMap::new());
    for step in &stage.steps {
        let Some(cwd) = &workdir else {
            match step {
                Step::Workdir(path) => workdir = Some(below(&root, path)?),
                _ => println!("   skipped: {step:?}"),
            }
            continue;
        };
        match step {
            Step::Workdir(path) => workdir = Some(below(&root, path)?),
            Step::Env(name, value) => drop(env.insert(name.clone(), value.clone())),
            Step::Arg(name, value) => {
                let given = commit::env_vars().into_iter().find(|(given, _)| given == name);
                env.insert(name.clone(), given.map_or_else(|| value.clone(), |(_, value)| value));
            }
            Step::Copy { from: None, sources, to } => copy_context(sources, to, cwd)?,
            Step::Run(line) => {
                println!("   RUN {line}");
                fs::create_dir_all(cwd)?;
                // The variables of cargo describe the workspace that xtask was started in.
                let cargo_vars =
                    std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO"));
                let mut shell = program("sh");
                for (name, _) in cargo_vars {
                    shell.env_remove(name);
                }
                run(shell.args(["-ec", line]).current_dir(cwd).envs(&env))?;
            }
            _ => bail!("{step:?} is not supported in a build stage"),
        }
    }
    Ok(())
}

/// Maps an absolute path of a stage or image into its directory `root`.
pub(crate) fn below(root: &Path, path: &str) -> Result<PathBuf> {
    Ok(root.join(path.strip_prefix('/').with_context(|| format!("{path} is not absolute"))?))
}

/// Runs `COPY a b ./` or `COPY . .` from the build context. Removes files that are no longer in the context.
fn copy_context(sources: &[String], to: &str, cwd: &Path) -> Result<()> {
    let files = context::files()?;
    let wanted = |file: &&PathBuf| sources.iter().any(|source| source == "." || file.starts_with(source));
    let wanted: Vec<&PathBuf> = files.iter().filter(wanted).collect();
    for source in sources.iter().filter(|source| *source != ".") {
        if !wanted.iter().any(|file| file.starts_with(source)) {
            bail!("the Dockerfile copies {source}, which .dockerignore excludes");
        }
    }
    let to = cwd.join(to);
    if sources.iter().any(|source| source == ".") {
        // Only in directories of the context: files that the stage itself has made stay.
        let dirs: BTreeSet<_> = wanted.iter().filter_map(|file| file.iter().next()).collect();
        for dir in dirs {
            for existing in project::files_below(&to.join(dir))? {
                if !wanted.iter().any(|file| to.join(file) == existing) {
                    fs::remove_file(&existing)?;
                }
            }
        }
    }
    for file in wanted {
        context::copy(&project::root().join(file), &to.join(file))?;
    }
    Ok(())
}
