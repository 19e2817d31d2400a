//! Builds the image: runs the last stage in a Debian root directory, with bubblewrap in place of Docker.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build_stage;
use super::dockerfile::{Stage, Step};
use crate::command::{program, run, stdout_of};

/// The `PATH` of Docker's Debian images.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The files of an image, and how its programs are started.
pub(crate) struct Image {
    /// The directory that is `/` inside the image.
    root: PathBuf,
    env: BTreeMap<String, String>,
    workdir: String,
    /// User id and group id.
    user: (u32, u32),
    pub(crate) entrypoint: Vec<String>,
    pub(crate) healthcheck: Vec<String>,
}

/// Fails early if this machine lacks something that the command needs.
pub(crate) fn check_prerequisites() -> Result<()> {
    if stdout_of(program("id").arg("-u")).as_deref() != Some("0") {
        bail!("this command must run as root, as `docker build` does: it creates a Debian system with users");
    }
    for (tool, option) in
        [("debootstrap", "--version"), ("bwrap", "--version"), ("curl", "--version"), ("jq", "--version")]
    {
        if stdout_of(program(tool).arg(option)).is_none() {
            bail!("{tool} is missing: apt-get install debootstrap bubblewrap curl jq");
        }
    }
    Ok(())
}

/// Builds the image from scratch.
pub(crate) fn build(stage: &Stage) -> Result<Image> {
    let release = stage.base.strip_prefix("debian:").and_then(|tag| tag.strip_suffix("-slim"));
    let base = debian(release.with_context(|| format!("{} is not a debian:…-slim image", stage.base))?)?;
    let root = super::dir().join("root");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    }
    run(program("cp").args(["--archive", "--reflink=auto"]).args([&base, &root]))?;

    let mut image = Image {
        root,
        env: [("PATH".to_owned(), PATH.to_owned())].into(),
        workdir: "/".into(),
        user: (0, 0),
        entrypoint: Vec::new(),
        healthcheck: Vec::new(),
    };
    for step in &stage.steps {
        match step {
            Step::Run(line) => {
                println!("   RUN {line}");
                run(&mut image.command(&["sh".into(), "-ec".into(), line.clone()], &BTreeMap::new()))?;
            }
            Step::Copy { from: Some(from), sources, to } => {
                for source in sources {
                    image.copy(&build_stage::below(&build_stage::dir(from), source)?, to)?;
                }
            }
            Step::Workdir(path) => {
                fs::create_dir_all(build_stage::below(&image.root, path)?)?;
                image.workdir.clone_from(path);
            }
            Step::Env(name, value) => drop(image.env.insert(name.clone(), value.clone())),
            Step::User(user, group) => image.user = (*user, *group),
            Step::Healthcheck(words) => image.healthcheck.clone_from(words),
            Step::Entrypoint(words) => image.entrypoint.clone_from(words),
            Step::Expose(_) => {}
            Step::Arg(..) | Step::Copy { from: None, .. } => {
                bail!("{step:?} is not supported in the last stage")
            }
        }
    }
    if image.entrypoint.is_empty() || image.healthcheck.is_empty() {
        bail!("the image needs an ENTRYPOINT and a HEALTHCHECK");
    }
    Ok(image)
}

/// Returns a directory with a minimal Debian. It is created once and reused.
fn debian(release: &str) -> Result<PathBuf> {
    let base = super::dir().join(format!("debian-{release}"));
    if base.join("debootstrap").exists() || !base.exists() {
        if base.exists() {
            fs::remove_dir_all(&base)?; // debootstrap did not finish
        }
        run(program("debootstrap").args(["--variant=minbase", release]).arg(&base))?;
    }
    Ok(base)
}

impl Image {
    /// Returns a command that runs `words` inside the image, as its user, with `extra` added to the environment.
    ///
    /// The program has the machine's network, but not its files and processes. It ends with `bwrap`, and `bwrap` with it.
    pub(crate) fn command(&self, words: &[String], extra: &BTreeMap<String, String>) -> Command {
        let mut command = program("bwrap");
        command.arg("--bind").arg(&self.root).args(["/", "--proc", "/proc", "--dev", "/dev"]);
        command.args(["--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf"]);
        command.args(["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--die-with-parent"]);
        command.args(["--cap-add", "ALL", "--chdir", &self.workdir, "--clearenv"]);
        for (name, value) in self.env.iter().chain(extra) {
            command.args(["--setenv", name, value]);
        }
        // Behind a proxy, apt needs its address.
        for name in ["http_proxy", "https_proxy"] {
            if let Some(proxy) = env::var_os(name).filter(|_| self.user.0 == 0) {
                command.args(["--setenv", name]).arg(proxy);
            }
        }
        let (user, group) = self.user;
        if let Some(home) = self.home() {
            command.args(["--setenv", "HOME", &home]);
        }
        command.arg("--");
        if user != 0 {
            let (user, group) = (format!("--reuid={user}"), format!("--regid={group}"));
            command.args([
                "setpriv",
                &user,
                &group,
                "--clear-groups",
                "--bounding-set=-all",
                "--inh-caps=-all",
            ]);
        }
        command.args(words);
        command
    }

    /// Returns the home directory of the user, from `/etc/passwd` of the image. `None` if it has no entry.
    fn home(&self) -> Option<String> {
        let users = fs::read_to_string(self.root.join("etc/passwd")).ok()?;
        let user = self.user.0.to_string();
        let mut users = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        users.find(|fields| fields.get(2) == Some(&user.as_str()))?.get(5).map(ToString::to_string)
    }

    /// Returns the path of a file of the image on this machine.
    pub(crate) fn file(&self, path: &str) -> Result<PathBuf> {
        build_stage::below(&self.root, path)
    }

    /// Copies a file, or the contents of a directory, as `COPY --from` does.
    fn copy(&self, from: &Path, to: &str) -> Result<()> {
        let target = self.file(to)?;
        let dir =
            if to.ends_with('/') || from.is_dir() { &target } else { target.parent().unwrap_or(&target) };
        fs::create_dir_all(dir)?;
        let from = if from.is_dir() { from.join(".") } else { from.to_owned() };
        run(program("cp").args(["--archive", "--reflink=auto"]).arg(from).arg(target))
    }
}
