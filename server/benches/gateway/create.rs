//! A session from cold: from nothing to a thread that takes turns.

use std::time::Instant;

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::Gateway,
    ground::Ground,
    report::{Report, Row, Unit, milliseconds},
};

/// Starting a process is noisy.
const ROUNDS: usize = 10;

pub(crate) fn measure(ground: &Ground, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(ground)?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(ROUNDS) {
        let start = Instant::now();
        let direct = Direct::open(ground)?;
        let limit = start.elapsed();
        drop(direct);
        times.push([limit, gateway.time_create()?].map(milliseconds).into());
    }
    report.add(Row::ratio("create a session from cold", Unit::Milliseconds, &times, 1.1));
    Ok(())
}
