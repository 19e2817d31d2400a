//! Time to create a session from cold, with a thread that accepts turns.

use std::time::Instant;

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::Gateway,
    report::{Report, Row, Unit, milliseconds},
    setup::Setup,
};

/// Minimum number of rounds: starting a process is noisy.
const MIN_ROUNDS: usize = 10;

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(setup)?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(MIN_ROUNDS) {
        let start = Instant::now();
        let direct = Direct::open(setup)?;
        let limit = start.elapsed();
        drop(direct);
        times.push([limit, gateway.time_create()?].map(milliseconds).into());
    }
    report.add(Row::ratio("create a session from cold", Unit::Milliseconds, &times, 1.1));
    Ok(())
}
