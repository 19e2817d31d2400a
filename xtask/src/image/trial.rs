//! Starting what was made, and trying it as its users would.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::root::Image;
use crate::command::{answer, program, run};
use crate::project;

/// How long the start may take.
const START: Duration = Duration::from_secs(30);
/// How long the end may take: what Docker waits before it kills.
const STOP: Duration = Duration::from_secs(10);

/// Starts the image with the stand-in model, waits for its health check, runs the quick check, and stops it.
pub(crate) fn try_out(image: &Image) -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let env: BTreeMap<String, String> = [
        ("CODEX_GATEWAY_DEMO".to_owned(), "1".to_owned()),
        ("CODEX_GATEWAY_PORT".to_owned(), port.to_string()),
    ]
    .into();
    let is_healthy = || {
        let mut check = image.command(&image.healthcheck, &env);
        check.stderr(Stdio::null()).status().map(|status| status.success())
    };
    ensure!(!is_healthy()?, "the health check says yes before anything runs");

    let log = super::dir().join("gateway.log");
    let file = fs::File::create(&log)?;
    let mut command = image.command(&image.entrypoint, &env);
    let started = Instant::now();
    let mut container =
        Container(command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?);
    while !is_healthy()? {
        if container.0.try_wait()?.is_some() || started.elapsed() > START {
            bail!("it does not get healthy:\n{}", fs::read_to_string(&log)?);
        }
        pause();
    }
    println!("   healthy after {} ms", started.elapsed().as_millis());

    // Docker's first process is the init; here it is the only child of bwrap.
    let first = children(container.0.id())?;
    let [init] = first.as_slice() else { bail!("bwrap has {} children", first.len()) };
    let gateway = children(*init)?;
    let [gateway] = gateway.as_slice() else { bail!("the init has {} children", gateway.len()) };
    let status = fs::read_to_string(format!("/proc/{gateway}/status"))?;
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    ensure!(!field("Uid:").starts_with('0') && field("CapEff:").chars().all(|c| c == '0'), "it runs as root");

    run(program(project::root().join(".ci/quick-check"))
        .args([&format!("http://127.0.0.1:{port}"), "sandbox"]))?;

    let stopped = Instant::now();
    run(program("kill").args(["-TERM", &init.to_string()]))?;
    let status = loop {
        if let Some(status) = container.0.try_wait()? {
            break status;
        }
        ensure!(stopped.elapsed() < STOP, "it has not ended {} s after SIGTERM", STOP.as_secs());
        pause();
    };
    ensure!(status.success(), "it ended with {status}:\n{}", fs::read_to_string(&log)?);
    println!("   ended {} ms after SIGTERM", stopped.elapsed().as_millis());
    ensure!(!is_healthy()?, "the health check says yes after the end");
    Ok(())
}

/// A moment, before one looks again.
#[allow(clippy::disallowed_methods, reason = "there is no runtime here, and nobody else waits")]
fn pause() {
    sleep(Duration::from_millis(50));
}

/// How much there is of what the image adds, in MB.
pub(crate) fn sizes(image: &Image) -> Result<()> {
    for path in ["/opt/codex-gateway/bin/codex-gateway", "/opt/codex-gateway/node_modules", "/"] {
        let size = answer(
            program("du")
                .args(["--summarize", "--block-size=MB", "--one-file-system"])
                .arg(image.file(path)?),
        );
        let size = size.context("du cannot measure the image")?;
        println!("   {:>8} {path}", size.split_whitespace().next().unwrap_or_default());
    }
    Ok(())
}

/// The children of a process.
fn children(process: u32) -> Result<Vec<u32>> {
    let path = format!("/proc/{process}/task/{process}/children");
    let listed = fs::read_to_string(Path::new(&path)).with_context(|| format!("cannot read {path}"))?;
    listed.split_whitespace().map(|id| id.parse().context("a process has no number")).collect()
}

/// Ends with us, whatever happens.
struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
