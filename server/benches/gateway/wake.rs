//! A parked session wakes: from the request for a turn to the first event, which says that its thread is there. The
//! limit is a process that resumes the thread.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{
    direct::Direct,
    gateway::{Followed, Gateway},
    ground::Ground,
    proc,
    report::{Report, Row, Unit, milliseconds},
    turn::{Side, WARM_UP},
};

/// Starting a process is noisy.
const ROUNDS: usize = 10;

pub(crate) fn measure(ground: &Ground, rounds: usize, report: &mut Report) -> Result<()> {
    let rounds = rounds.max(ROUNDS);
    let cold = compare(ground, rounds, 0)?;
    report.add(Row::ratio("wake a parked session, from cold", Unit::Milliseconds, &cold, 1.2));
    let warm = compare(ground, rounds, 1)?;
    report.add(Row::added("the same, with a warm process", Unit::Milliseconds, &warm, 5.0));
    Ok(())
}

/// The times of both, in milliseconds, with so many warm processes: with one, the direct client has greeted its process
/// before, too.
fn compare(ground: &Ground, rounds: usize, warm: usize) -> Result<Vec<(f64, f64)>> {
    let mut direct = Direct::open(ground)?;
    direct.turn(WARM_UP)?;
    let thread = direct.thread_id().clone();
    drop(direct);

    // As soon as its turn has ended.
    let variables =
        [("CODEX_GATEWAY_PARK_AFTER_MS", "10"), ("CODEX_GATEWAY_WARM_PROCESSES", &warm.to_string())];
    let gateway = Gateway::start_with(ground, &variables)?;
    let mut session = gateway.create()?.follow()?;
    session.wake(WARM_UP)?;
    session.rest()?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        session.parked()?;
        gateway.rests_with(warm)?;
        let ours = wake(&mut session)?;

        gateway.rests_with(warm)?;
        let mut start = Instant::now();
        let mut direct = Direct::greet(ground)?;
        if warm > 0 {
            proc::rests(direct.pid())?;
            start = Instant::now();
        }
        direct.resume(ground, &thread)?;
        let limit = start.elapsed();
        times.push([limit, ours].map(milliseconds).into());
    }
    session.delete()?;
    Ok(times)
}

/// Begins a turn, and lets it end; how long its first event took.
fn wake(session: &mut Followed) -> Result<Duration> {
    let start = Instant::now();
    let first = session.wake(WARM_UP)?;
    let took = start.elapsed();
    ensure!(first.name == "thread", "the first event was {}, and the session was not parked", first.name);
    session.rest()?;
    Ok(took)
}
