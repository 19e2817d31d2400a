//! A session from a warm process: the limit is `thread/start` alone.

use std::time::Instant;

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::Gateway,
    ground::Ground,
    proc,
    report::{Report, Row, Unit, milliseconds},
};

/// A few milliseconds are noisy.
const ROUNDS: usize = 20;
/// How many processes wait.
const WARM: usize = 1;

pub(crate) fn measure(ground: &Ground, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start_with(ground, &[("CODEX_GATEWAY_WARM_PROCESSES", &WARM.to_string())])?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(ROUNDS) {
        gateway.rests_with(WARM)?;
        let mut direct = Direct::greet(ground)?;
        proc::rests(direct.pid())?;
        let start = Instant::now();
        direct.begin(ground)?;
        let limit = start.elapsed();
        drop(direct);
        times.push([limit, gateway.time_create()?].map(milliseconds).into());
    }
    report.add(Row::added("create a session from a warm process", Unit::Milliseconds, &times, 5.0));
    Ok(())
}
