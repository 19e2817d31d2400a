//! Memory of the gateway with 10,000 parked sessions: after its start, and after each of them has been read.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};

use crate::{
    gateway::{Gateway, pause},
    proc,
    report::{Report, Row, Unit},
    setup::Setup,
    turn::{TurnClient, WARM_UP},
};

const SESSIONS: usize = 10_000;

pub(crate) fn measure(setup: &Setup, report: &mut Report) -> Result<()> {
    let gateway = Gateway::start(setup)?;
    let session = gateway.create()?;
    let id = session.id().to_owned();
    session.follow()?.turn(WARM_UP)?;
    drop(gateway);
    multiply(setup, &id)?;

    // Sessions that were read are unloaded as soon as possible.
    let soon = [("CODEX_GATEWAY_PARK_AFTER_MS", "10"), ("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "50")];
    let none = [("CODEX_GATEWAY_WARM_PROCESSES", "0"), ("CODEX_GATEWAY_SESSION_TTL_MS", "0")];
    let gateway = Gateway::start_with(setup, &[soon, none].concat())?;
    gateway.wait_for_idle_processes(0)?;
    let started = proc::resident_kb(gateway.pid())?;
    let list = gateway.get("/api/sessions")?;
    let listed = list["sessions"].as_array().context("a list without sessions")?;
    ensure!(listed.len() == SESSIONS, "{} of {SESSIONS} sessions are listed", listed.len());
    for session in listed {
        let id = session["id"].as_str().context("a session without an id")?;
        let state = gateway.get(&format!("/api/sessions/{id}/state"))?;
        ensure!(state["state"]["lastTurnStatus"] == "completed", "a session was not restored: {state}");
    }
    pause(Duration::from_secs(1));
    proc::wait_until_idle(gateway.pid())?;
    let read = proc::resident_kb(gateway.pid())?;
    let row = |what, kb: f64| Row::value(what, Unit::Megabytes, &[kb / 1e3], 80.0);
    report.add(row("memory with 10,000 parked sessions", started));
    report.add(row("the same, once each was listed and read", read));
    Ok(())
}

/// Duplicates a session in the store.
fn multiply(setup: &Setup, id: &str) -> Result<()> {
    let mut store = Connection::open(setup.data_dir().join("gateway.db"))?;
    let writing = store.transaction()?;
    writing.execute("DELETE FROM sessions WHERE id <> ?1", [id])?;
    for number in 1..SESSIONS {
        let other = format!("{id}-{number}");
        writing.execute(
            "INSERT INTO sessions SELECT ?1, owner, thread || ?2, title, cwd, approvals, created_ms, last_access_ms,
                 news_ms, queued, seq, kept, replace(transcript, thread, thread || ?2), older
             FROM sessions WHERE id = ?3",
            params![other, format!("-{number}"), id],
        )?;
        writing.execute(
            "INSERT INTO session_entries SELECT ?1, id, place, entry FROM session_entries WHERE session = ?2",
            params![other, id],
        )?;
    }
    writing.commit()?;
    Ok(())
}
