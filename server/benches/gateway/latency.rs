//! What the gateway adds to the way of a delta from the model to the reader.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::{
    direct::Direct,
    gateway::Gateway,
    ground::Ground,
    report::{Report, Row, Unit, percentile},
    turn::{Delta, Side, WARM_UP},
};

const DELTAS: usize = 500;
/// Turns of a round: the slowest hundredth of them shall be more than five deltas.
const TURNS: usize = 3;

/// What is rare is noisy.
const ROUNDS: usize = 10;

/// The median and the 99th percentile of one round, in milliseconds.
fn latency(side: &mut impl Side) -> Result<(f64, f64)> {
    let mut latencies = Vec::new();
    side.turn(WARM_UP)?;
    for _ in 0..TURNS {
        let turn = side.turn(&format!("!standin deltas count={DELTAS} pace_us=2000 stamp=true"))?;
        for Delta { text, at } in turn.deltas(DELTAS)? {
            let sent = text.trim_matches(['⟨', '⟩']).parse().context("a delta that is no time")?;
            let late = at.duration_since(UNIX_EPOCH)?.saturating_sub(Duration::from_nanos(sent));
            latencies.push(late.as_secs_f64() * 1e3);
        }
    }
    Ok((percentile(latencies.iter().copied(), 50), percentile(latencies, 99)))
}

pub(crate) fn measure(ground: &Ground, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(ground)?;
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(ROUNDS) {
        let limit = latency(&mut Direct::open(ground)?)?;
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
