//! The stages that build: followed on this machine, with its own tools, each in a directory of its own. What cargo builds
//! there stays there too: of two copies of a workspace it cannot tell in a shared one which an artifact was made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::context;
use super::dockerfile::{Stage, Step};
use crate::build::commit;
use crate::command::{program, run};
use crate::project;

/// Where the files of a stage are: what is `/src` there is `src` in it.
pub(crate) fn dir(stage: &str) -> PathBuf {
    super::dir().join(format!("stage-{stage}"))
}

/// Follows a stage, up to what the image copies out of it.
pub(crate) fn follow(stage: &Stage) -> Result<()> {
    let root = dir(&stage.name);
    let (mut workdir, mut env) = (None, BTreeMap::new());
    for step in &stage.steps {
        let Some(cwd) = &workdir else {
            match step {
                Step::Workdir(path) => workdir = Some(below(&root, path)?),
                _ => println!("   left to this machine: {step:?}"),
            }
            continue;
        };
        match step {
            Step::Workdir(path) => workdir = Some(below(&root, path)?),
            Step::Env(name, value) => drop(env.insert(name.clone(), value.clone())),
            Step::Arg(name, value) => {
                let given = commit::variables().into_iter().find(|(given, _)| given == name);
                env.insert(name.clone(), given.map_or_else(|| value.clone(), |(_, value)| value));
            }
            Step::Copy { from: None, sources, to } => copy_context(sources, to, cwd)?,
            Step::Run(line) => {
                println!("   RUN {line}");
                fs::create_dir_all(cwd)?;
                // Cargo's own variables are about the workspace that we were started in.
                let ours =
                    std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO"));
                let mut shell = program("sh");
                for (name, _) in ours {
                    shell.env_remove(name);
                }
                run(shell.args(["-ec", line]).current_dir(cwd).envs(&env))?;
            }
            _ => bail!("{step:?} is not expected in a stage that builds"),
        }
    }
    Ok(())
}

/// The place of an absolute path of a stage, in its directory.
pub(crate) fn below(root: &Path, path: &str) -> Result<PathBuf> {
    Ok(root.join(path.strip_prefix('/').with_context(|| format!("{path} is not absolute"))?))
}

/// `COPY a b ./` and `COPY . .`, out of the context. What has gone from there goes here too.
fn copy_context(sources: &[String], to: &str, cwd: &Path) -> Result<()> {
    let files = context::files()?;
    let wanted = |file: &&PathBuf| sources.iter().any(|source| source == "." || file.starts_with(source));
    let wanted: Vec<&PathBuf> = files.iter().filter(wanted).collect();
    for source in sources.iter().filter(|source| *source != ".") {
        if !wanted.iter().any(|file| file.starts_with(source)) {
            bail!(".dockerignore keeps {source} out, and the Dockerfile copies it");
        }
    }
    let to = cwd.join(to);
    if sources.iter().any(|source| source == ".") {
        // Only where the context has something: what the stage has made stays.
        let dirs: BTreeSet<_> = wanted.iter().filter_map(|file| file.iter().next()).collect();
        for dir in dirs {
            for there in project::files_below(&to.join(dir))? {
                if !wanted.iter().any(|file| to.join(file) == there) {
                    fs::remove_file(&there)?;
                }
            }
        }
    }
    for file in wanted {
        context::copy(&project::root().join(file), &to.join(file))?;
    }
    Ok(())
}
