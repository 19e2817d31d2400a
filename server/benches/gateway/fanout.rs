//! Many readers of one session.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};

use crate::{
    gateway::{Gateway, GatewaySession},
    proc,
    readers::{DeltaCounts, READY},
    report::{Report, Row, Unit},
    setup::{Setup, program},
};

const READERS: u32 = 1000;
const DELTAS: u32 = 2000;

/// Returns the gateway's CPU time per event and reader in microseconds, and the number of delivered deltas.
fn fan_out(gateway: &Gateway, session: &mut GatewaySession, pace_us: u32) -> Result<(f64, u32)> {
    // The readers are a separate process, so that they do not count as CPU time of the gateway.
    let mut readers = program(&std::env::current_exe()?)
        .args(["--readers", &READERS.to_string(), "--address", &gateway.address().to_string()])
        .args(["--path", &session.events()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(readers.stdout.take().context("the readers have no output")?).lines();
    let mut next =
        || said.next().context("the readers have ended")?.context("cannot read the output of the readers");
    ensure!(next()? == READY, "the readers are not ready");
    let before = proc::cpu(gateway.pid())?;
    session.send_turn(&format!("!standin deltas count={DELTAS} pace_us={pace_us}"))?;
    let read: DeltaCounts = serde_json::from_str(&next()?)?;
    let used = proc::cpu(gateway.pid())?.saturating_sub(before);
    session.turn_reply()?;
    readers.wait()?;
    // Duplicates would be an error as well.
    let delivered = if read.most == DELTAS { read.least } else { read.most };
    Ok((used.as_secs_f64() * 1e6 / f64::from(DELTAS) / f64::from(READERS), delivered))
}

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(setup)?;
    for (pace_us, pace, target) in [(0, "unpaced", 1.0), (2000, "2 ms apart", 4.0)] {
        let (mut cpu, mut delivered) = (Vec::new(), DELTAS);
        for _ in 0..rounds {
            let mut session = gateway.create()?;
            let (used, least) = fan_out(&gateway, &mut session, pace_us)?;
            session.delete()?;
            cpu.push(used);
            if least != DELTAS {
                delivered = least;
            }
        }
        let what = format!("1,000 readers, 2,000 deltas {pace}");
        report.add(Row::delivered(format!("{what}: delivered to each"), delivered, DELTAS));
        let what = format!("{what}: gateway CPU per event");
        report.add(Row::value(what, Unit::Microseconds, &cpu, target));
    }
    Ok(())
}
