//! Starts the image and tests it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::final_stage::Image;
use crate::command::{program, run, stdout_of};
use crate::project;

/// How long the gateway may take to become healthy.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the gateway may take to stop: Docker kills a container after this time.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts the image with the stand-in model, waits for its health check, runs `.ci/quick-check` and stops it.
pub(crate) fn run_image(image: &Image) -> Result<()> {
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
    ensure!(!is_healthy()?, "the health check succeeds before the gateway runs");

    let log = super::dir().join("gateway.log");
    let file = fs::File::create(&log)?;
    let mut command = image.command(&image.entrypoint, &env);
    let started = Instant::now();
    let mut container =
        Container(command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?);
    while !is_healthy()? {
        if container.0.try_wait()?.is_some() || started.elapsed() > START_TIMEOUT {
            bail!("the gateway does not become healthy:\n{}", fs::read_to_string(&log)?);
        }
        wait_a_moment();
    }
    println!("   healthy after {} ms", started.elapsed().as_millis());

    // In Docker the init is process 1; here it is the only child of bwrap.
    let first = children(container.0.id())?;
    let [init] = first.as_slice() else { bail!("bwrap has {} children", first.len()) };
    let gateway = children(*init)?;
    let [gateway] = gateway.as_slice() else { bail!("the init has {} children", gateway.len()) };
    let status = fs::read_to_string(format!("/proc/{gateway}/status"))?;
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    ensure!(
        !field("Uid:").starts_with('0') && field("CapEff:").chars().all(|c| c == '0'),
        "the gateway runs as root"
    );

    run(program(project::root().join(".ci/quick-check"))
        .args([&format!("http://127.0.0.1:{port}"), "sandbox"]))?;

    let stopped = Instant::now();
    run(program("kill").args(["-TERM", &init.to_string()]))?;
    let status = loop {
        if let Some(status) = container.0.try_wait()? {
            break status;
        }
        ensure!(
            stopped.elapsed() < STOP_TIMEOUT,
            "the gateway has not stopped {} s after SIGTERM",
            STOP_TIMEOUT.as_secs()
        );
        wait_a_moment();
    };
    ensure!(status.success(), "the gateway ended with {status}:\n{}", fs::read_to_string(&log)?);
    println!("   stopped {} ms after SIGTERM", stopped.elapsed().as_millis());
    ensure!(!is_healthy()?, "the health check succeeds after the gateway has stopped");
    Ok(())
}

/// Waits before the next poll.
#[allow(
    clippy::disallowed_methods,
    reason = "there is no async runtime here, and nothing else runs on this thread"
)]
fn wait_a_moment() {
    sleep(Duration::from_millis(50));
}

/// Prints the sizes of the image and of its largest parts, in MB.
pub(crate) fn print_sizes(image: &Image) -> Result<()> {
    for path in ["/opt/codex-gateway/bin/codex-gateway", "/opt/codex-gateway/node_modules", "/"] {
        let size = stdout_of(
            program("du")
                .args(["--summarize", "--block-size=MB", "--one-file-system"])
                .arg(image.file(path)?),
        );
        let size = size.context("du cannot measure the image")?;
        println!("   {:>8} {path}", size.split_whitespace().next().unwrap_or_default());
    }
    Ok(())
}

/// Returns the ids of the children of a process.
fn children(process: u32) -> Result<Vec<u32>> {
    let path = format!("/proc/{process}/task/{process}/children");
    let listed = fs::read_to_string(Path::new(&path)).with_context(|| format!("cannot read {path}"))?;
    listed.split_whitespace().map(|id| id.parse().context("a process id is not a number")).collect()
}

/// A running image. Killed when dropped.
struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
