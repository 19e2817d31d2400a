//! A long text as fast as it comes.

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::Gateway,
    ground::Ground,
    proc,
    report::{Report, Row, Unit},
    turn::{Side, WARM_UP},
};

const DELTAS: u16 = 5000;
/// Turns of a round, in the same thread: CPU time is counted in hundredths of a second.
const TURNS: u16 = 3;

/// The turns of one round, summed.
#[derive(Default)]
struct Sum {
    ms: f64,
    megabytes: f64,
}

fn turns(side: &mut impl Side) -> Result<Sum> {
    let mut sum = Sum::default();
    for _ in 0..TURNS {
        let turn = side.turn(&format!("!standin deltas count={DELTAS}"))?;
        turn.deltas(DELTAS.into())?;
        sum.ms += turn.took.as_secs_f64() * 1e3 / f64::from(TURNS);
        #[allow(clippy::cast_precision_loss, reason = "a few megabytes")]
        let megabytes = turn.bytes as f64 / 1e6;
        sum.megabytes += megabytes / f64::from(TURNS);
    }
    Ok(sum)
}

pub(crate) fn measure(ground: &Ground, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(ground)?;
    let (mut times, mut bytes, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut direct = Direct::open(ground)?;
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
    // Fewer would have been an error.
    report.add(Row::delivered("5,000 deltas: delivered to one reader", DELTAS.into(), DELTAS.into()));
    report.add(Row::ratio("5,000 deltas: bytes, the final state included", Unit::Megabytes, &bytes, 1.2));
    report.add(Row::ratio("5,000 deltas: turn time", Unit::Milliseconds, &times, 1.1));
    report.add(Row::value("5,000 deltas: gateway CPU per delta", Unit::Microseconds, &cpu, 20.0));
    Ok(())
}
