//! Figures of processes, from /proc.

use std::{collections::HashSet, fs, time::Duration};

use anyhow::{Context, Result};

use crate::gateway::pause;

/// Unit of CPU times in /proc: 10 ms on every Linux that codex supports (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Returns the CPU time of a process, user and kernel, without its children.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let fields = stat(pid)?;
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("no CPU time in /proc/PID/stat")?;
    Ok(TICK * (user + system))
}

/// Waits until a process has used no CPU time for a while.
pub(crate) fn wait_until_idle(pid: u32) -> Result<()> {
    let mut before = None;
    loop {
        let now = Some(cpu(pid)?);
        if before == now {
            return Ok(());
        }
        before = now;
        pause(TICK * 10);
    }
}

/// Returns the resident memory of a process, in KB.
pub(crate) fn resident_kb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

/// Returns all descendants of a process.
pub(crate) fn descendants(pid: u32) -> Result<HashSet<u32>> {
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // A process that has just exited is skipped.
    let parents: Vec<(u32, u32)> =
        pids.filter_map(|pid| Some((pid, stat(pid).ok()?.get(1)?.parse().ok()?))).collect();
    let mut found = HashSet::new();
    loop {
        let before = found.len();
        found.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == pid || found.contains(parent))
                .map(|(child, _)| *child)
                .collect::<Vec<_>>(),
        );
        if found.len() == before {
            return Ok(found);
        }
    }
}

/// Returns the fields of /proc/PID/stat after the name, which may contain anything. The first one is the state.
fn stat(pid: u32) -> Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}
