//! Time to wake a parked session: from the request for a turn to the first event, which reports the thread. The
//! baseline is a process that resumes the thread.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{
    direct::Direct,
    gateway::{Followed, Gateway},
    proc,
    report::{Report, Row, Unit, milliseconds},
    setup::Setup,
    turn::{TurnClient, WARM_UP},
};

/// Minimum number of rounds: starting a process is noisy.
const MIN_ROUNDS: usize = 10;

pub(crate) fn measure(setup: &Setup, rounds: usize, report: &mut Report) -> Result<()> {
    let rounds = rounds.max(MIN_ROUNDS);
    let cold = compare(setup, rounds, 0)?;
    report.add(Row::ratio("wake a parked session, from cold", Unit::Milliseconds, &cold, 1.2));
    let warm = compare(setup, rounds, 1)?;
    report.add(Row::added("the same, with a warm process", Unit::Milliseconds, &warm, 5.0));
    Ok(())
}

/// Returns the times of both sides in milliseconds, with `warm` pooled processes. With one, the direct client
/// has initialised its process before, too.
fn compare(setup: &Setup, rounds: usize, warm: usize) -> Result<Vec<(f64, f64)>> {
    let mut direct = Direct::open(setup)?;
    direct.turn(WARM_UP)?;
    let thread = direct.thread_id().clone();
    drop(direct);

    // Sessions are parked as soon as their turn has ended.
    let variables =
        [("CODEX_GATEWAY_PARK_AFTER_MS", "10"), ("CODEX_GATEWAY_WARM_PROCESSES", &warm.to_string())];
    let gateway = Gateway::start_with(setup, &variables)?;
    let mut session = gateway.create()?.follow()?;
    session.wake(WARM_UP)?;
    session.read_to_end_of_turn()?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        session.wait_until_parked()?;
        gateway.wait_for_idle_processes(warm)?;
        let ours = wake(&mut session)?;

        gateway.wait_for_idle_processes(warm)?;
        let mut start = Instant::now();
        let mut direct = Direct::initialize(setup)?;
        if warm > 0 {
            proc::wait_until_idle(direct.pid())?;
            start = Instant::now();
        }
        direct.resume_thread(setup, &thread)?;
        let limit = start.elapsed();
        times.push([limit, ours].map(milliseconds).into());
    }
    session.delete()?;
    Ok(times)
}

/// Runs a turn, and returns the time to its first event.
fn wake(session: &mut Followed) -> Result<Duration> {
    let start = Instant::now();
    let first = session.wake(WARM_UP)?;
    let took = start.elapsed();
    ensure!(first.name == "thread", "the first event was {}, and the session was not parked", first.name);
    session.read_to_end_of_turn()?;
    Ok(took)
}
