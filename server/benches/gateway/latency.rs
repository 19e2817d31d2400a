//! Latency that the gateway adds to a delta, from the model to the reader.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::{
    direct::Direct,
    gateway::Gateway,
    report::{Report, Row, Unit, percentile},
    setup::Setup,
    turn::{Delta, TurnClient, WARM_UP},
};

const DELTAS: usize = 500;
/// Turns per round: the slowest percent should be more than five deltas.
const TURNS: usize = 3;

/// Minimum number of rounds: tail latency is noisy.
const MIN_ROUNDS: usize = 10;

/// Returns the median and the 99th percentile of one round, in milliseconds.
fn latency(client: &mut impl TurnClient) -> Result<(f64, f64)> {
    let mut latencies = Vec::new();
    client.turn(WARM_UP)?;
    for _ in 0..TURNS {
        let turn = client.turn(&format!("!standin deltas count={DELTAS} pace_us=2000 stamp=true"))?;
        for Delta { text, at } in turn.deltas(DELTAS)? {
            let sent = text.trim_matches(['⟨', '⟩']).parse().context("a delta without a timestamp")?;
            let late = at.duration_since(UNIX_EPOCH)?.saturating_sub(Duration::from_nanos(sent));
            latencies.push(late.as_secs_f64() * 1e3);
        }
    }
    Ok((percentile(latencies.iter().copied(), 50), percentile(latencies, 99)))
}

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(setup)?;
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(MIN_ROUNDS) {
        let limit = latency(&mut Direct::open(setup)?)?;
        let mut session = gateway.create()?.follow()?;
        let ours = latency(&mut session)?;
        session.delete()?;
        p50.push((limit.0, ours.0));
        p99.push((limit.1, ours.1));
    }
    report.add(Row::added("500 deltas 2 ms apart: added latency, p50", Unit::Milliseconds, &p50, 0.2));
    report.add(Row::added("500 deltas 2 ms apart: added latency, p99", Unit::Milliseconds, &p99, 0.6));
    Ok(())
}
