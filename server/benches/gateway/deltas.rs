//! Throughput of a long text.

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::Gateway,
    proc,
    report::{Report, Row, Unit},
    setup::Setup,
    turn::{TurnClient, WARM_UP},
};

const DELTAS: u16 = 5000;
/// Turns per round, in the same thread. CPU time has a resolution of 10 ms.
const TURNS: u16 = 3;

/// Sums over the turns of one round.
#[derive(Default)]
struct Sum {
    ms: f64,
    megabytes: f64,
}

fn turns(client: &mut impl TurnClient) -> Result<Sum> {
    let mut sum = Sum::default();
    for _ in 0..TURNS {
        let turn = client.turn(&format!("!standin deltas count={DELTAS}"))?;
        turn.deltas(DELTAS.into())?;
        sum.ms += turn.took.as_secs_f64() * 1e3 / f64::from(TURNS);
        #[allow(clippy::cast_precision_loss, reason = "a few megabytes")]
        let megabytes = turn.bytes as f64 / 1e6;
        sum.megabytes += megabytes / f64::from(TURNS);
    }
    Ok(sum)
}

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(setup)?;
    let (mut times, mut bytes, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut direct = Direct::open(setup)?;
        direct.turn(WARM_UP)?;
        let limit = turns(&mut direct)?;
        drop(direct);

        let mut session = gateway.create()?.follow()?;
        session.turn(WARM_UP)?;
        let before = proc::cpu(gateway.pid())?;
        let ours = turns(&mut session)?;
        let used = proc::cpu(gateway.pid())?.saturating_sub(before);
        session.delete()?;

        times.push((limit.ms, ours.ms));
        bytes.push((limit.megabytes, ours.megabytes));
        cpu.push(used.as_secs_f64() * 1e6 / f64::from(DELTAS * TURNS));
    }
    // `deltas` has failed if any were missing.
    report.add(Row::delivered("5,000 deltas: delivered to one reader", DELTAS.into(), DELTAS.into()));
    report.add(Row::ratio("5,000 deltas: bytes, the final state included", Unit::Megabytes, &bytes, 1.2));
    report.add(Row::ratio("5,000 deltas: turn time", Unit::Milliseconds, &times, 1.1));
    report.add(Row::value("5,000 deltas: gateway CPU per delta", Unit::Microseconds, &cpu, 20.0));
    Ok(())
}
