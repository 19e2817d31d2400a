//! Memory of the gateway.

use anyhow::Result;

use crate::{
    gateway::Gateway,
    proc,
    report::{Report, Row, Unit},
    setup::Setup,
    turn::TurnClient,
};

const SESSIONS: u8 = 12;
/// More than a session's event log holds.
const DELTAS: usize = 20_000;

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let (mut idle, mut created, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let gateway = Gateway::start(setup)?;
        let empty = proc::resident_kb(gateway.pid())?;
        let sessions: Vec<_> = (0..SESSIONS).map(|_| gateway.create()).collect::<Result<_>>()?;
        let with_sessions = proc::resident_kb(gateway.pid())?;
        for session in sessions {
            session.follow()?.turn(&format!("!standin deltas count={DELTAS}"))?.deltas(DELTAS)?;
        }
        let with_rings = proc::resident_kb(gateway.pid())?;
        idle.push(empty / 1e3);
        created.push((with_sessions - empty) / f64::from(SESSIONS));
        full.push((with_rings - empty) / f64::from(SESSIONS));
    }
    report.add(Row::value("memory of the gateway, idle", Unit::Megabytes, &idle, 25.0));
    report.add(Row::value("memory per live session", Unit::Kilobytes, &created, 300.0));
    // The event log holds up to 4 MiB.
    let target = 300.0 + 4.0 * 1024.0;
    report.add(Row::value("memory per live session with a full ring", Unit::Kilobytes, &full, target));
    Ok(())
}
