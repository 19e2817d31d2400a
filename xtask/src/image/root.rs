//! The last stage: followed in a Debian of its own, by bubblewrap in Docker's place.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::dockerfile::{Stage, Step};
use super::tools;
use crate::command::{answer, program, run};

/// What Docker's images of Debian begin with.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image's files, and how it wants to be started.
pub(crate) struct Image {
    root: PathBuf,
    env: BTreeMap<String, String>,
    workdir: String,
    user: (u32, u32),
    pub(crate) entrypoint: Vec<String>,
    pub(crate) healthcheck: Vec<String>,
}

/// Says what is missing here, before anything takes its time.
pub(crate) fn needs() -> Result<()> {
    if answer(program("id").arg("-u")).as_deref() != Some("0") {
        bail!("this makes a Debian of its own, with its users: it has to be root (as `docker build` has)");
    }
    for (tool, ask) in
        [("debootstrap", "--version"), ("bwrap", "--version"), ("curl", "--version"), ("jq", "--version")]
    {
        if answer(program(tool).arg(ask)).is_none() {
            bail!("{tool} is missing: apt-get install debootstrap bubblewrap curl jq");
        }
    }
    Ok(())
}

/// Makes the image's files anew.
pub(crate) fn follow(stage: &Stage) -> Result<Image> {
    let release = stage.base.strip_prefix("debian:").and_then(|tag| tag.strip_suffix("-slim"));
    let base = debian(release.with_context(|| format!("{} is no debian:…-slim", stage.base))?)?;
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
                    image.copy(&tools::below(&tools::dir(from), source)?, to)?;
                }
            }
            Step::Workdir(path) => {
                fs::create_dir_all(tools::below(&image.root, path)?)?;
                image.workdir.clone_from(path);
            }
            Step::Env(name, value) => drop(image.env.insert(name.clone(), value.clone())),
            Step::User(user, group) => image.user = (*user, *group),
            Step::Healthcheck(words) => image.healthcheck.clone_from(words),
            Step::Entrypoint(words) => image.entrypoint.clone_from(words),
            Step::Expose(_) => {}
            Step::Arg(..) | Step::Copy { from: None, .. } => {
                bail!("{step:?} is not expected in the last stage")
            }
        }
    }
    if image.entrypoint.is_empty() || image.healthcheck.is_empty() {
        bail!("the image has no ENTRYPOINT, or no HEALTHCHECK");
    }
    Ok(image)
}

/// A Debian with nothing in it but what every one has; made once.
fn debian(release: &str) -> Result<PathBuf> {
    let base = super::dir().join(format!("debian-{release}"));
    if base.join("debootstrap").exists() || !base.exists() {
        if base.exists() {
            fs::remove_dir_all(&base)?; // one that was not finished
        }
        run(program("debootstrap").args(["--variant=minbase", release]).arg(&base))?;
    }
    Ok(base)
}

impl Image {
    /// `words`, started in the image as its user, with `extra` in the environment. It sees the machine's network, and of
    /// its files and processes nothing; `bwrap` ends with it, and it with `bwrap`.
    pub(crate) fn command(&self, words: &[String], extra: &BTreeMap<String, String>) -> Command {
        let mut command = program("bwrap");
        command.arg("--bind").arg(&self.root).args(["/", "--proc", "/proc", "--dev", "/dev"]);
        command.args(["--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf"]);
        command.args(["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--die-with-parent"]);
        command.args(["--cap-add", "ALL", "--chdir", &self.workdir, "--clearenv"]);
        for (name, value) in self.env.iter().chain(extra) {
            command.args(["--setenv", name, value]);
        }
        // Behind a proxy, apt needs to know it.
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

    /// The user's home, as `/etc/passwd` of the image says.
    fn home(&self) -> Option<String> {
        let users = fs::read_to_string(self.root.join("etc/passwd")).ok()?;
        let user = self.user.0.to_string();
        let mut users = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        users.find(|fields| fields.get(2) == Some(&user.as_str()))?.get(5).map(ToString::to_string)
    }

    /// Where a file of the image is.
    pub(crate) fn file(&self, path: &str) -> Result<PathBuf> {
        tools::below(&self.root, path)
    }

    /// As `COPY --from` does: what is in a directory, or a file.
    fn copy(&self, from: &Path, to: &str) -> Result<()> {
        let place = self.file(to)?;
        let dir = if to.ends_with('/') || from.is_dir() { &place } else { place.parent().unwrap_or(&place) };
        fs::create_dir_all(dir)?;
        let from = if from.is_dir() { from.join(".") } else { from.to_owned() };
        run(program("cp").args(["--archive", "--reflink=auto"]).arg(from).arg(place))
    }
}
