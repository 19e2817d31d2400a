//! Time to create a session in a pooled process. The baseline is `thread/start` alone.

use std::time::Instant;

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::Gateway,
    proc,
    report::{Report, Row, Unit, milliseconds},
    setup::Setup,
};

/// Minimum number of rounds: a few milliseconds are noisy.
const MIN_ROUNDS: usize = 20;
/// Number of pooled processes.
const WARM: usize = 1;

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start_with(setup, &[("CODEX_GATEWAY_WARM_PROCESSES", &WARM.to_string())])?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(MIN_ROUNDS) {
        gateway.wait_for_idle_processes(WARM)?;
        let mut direct = Direct::initialize(setup)?;
        proc::wait_until_idle(direct.pid())?;
        let start = Instant::now();
        direct.start_thread(setup)?;
        let limit = start.elapsed();
        drop(direct);
        times.push([limit, gateway.time_create()?].map(milliseconds).into());
    }
    report.add(Row::added("create a session from a warm process", Unit::Milliseconds, &times, 5.0));
    Ok(())
}
