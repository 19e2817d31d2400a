//! Processes per session, beyond codex's own.

use anyhow::Result;

use crate::{
    direct::Direct,
    gateway::{Followed, Gateway},
    proc,
    report::{Report, Row, Unit},
    setup::Setup,
    turn::{TurnClient, WARM_UP},
};

const SESSIONS: u8 = 3;

pub(crate) fn measure(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut direct = Direct::open(setup)?;
    direct.turn(WARM_UP)?;
    let limit = 1 + proc::descendants(direct.pid())?.len();
    drop(direct);

    let gateway = Gateway::start(setup)?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let mut session: Followed = gateway.create()?.follow()?;
        session.turn(WARM_UP)?;
        sessions.push(session);
    }
    let ours = proc::descendants(gateway.pid())?.len();
    let limit = f64::from(u32::try_from(limit)?);
    let ours = f64::from(u32::try_from(ours)?) / f64::from(SESSIONS);
    report.add(Row::added("processes per session beyond codex's own", Unit::Count, &[(limit, ours)], 0.0));
    Ok(())
}
