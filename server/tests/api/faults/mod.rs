//! Faults around the gateway: killed and frozen processes, full disks, unreliable clients, clock changes.
//!
//! After each fault: a client that resumes receives every event exactly once, no process is left, no session is lost.

mod clock_changes;
mod kills;
mod lost_threads;
mod refresh_race;
mod unindexed_threads;
mod unreliable_clients;
mod unresponsive_codex;
mod unwritable_store;

use std::path::Path;

use codex_gateway_wire::{Content, Entry, Item};
use serde_json::{Value, json};

use crate::support::{Gateway, Reply, Session, Setup, eventually, snapshot};

/// Which codex a test uses. Turns of the fake one count numbers; those of the real one stream pieces of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codex {
    Fake,
    Real,
}

impl Codex {
    async fn start(self) -> Gateway {
        match self {
            // With a process pool, as in production. The real codex takes too long to start for that.
            Self::Fake => Setup::fake("counts").set("CODEX_GATEWAY_WARM_PROCESSES", "1").start().await,
            Self::Real => Gateway::demo().await.catalog_loaded().await,
        }
    }

    /// Returns a prompt for a turn of `pieces` deltas, a few milliseconds apart.
    fn long_prompt(self, pieces: usize) -> String {
        match self {
            Self::Fake => format!("Count to {pieces}"),
            Self::Real => format!("!standin deltas count={pieces} pace_us=4000"),
        }
    }

    /// Returns a prompt for a turn that completes at once.
    fn short_prompt(self) -> String {
        match self {
            Self::Fake => "Count to 2".to_owned(),
            Self::Real => "Reply with exactly the single word ready".to_owned(),
        }
    }
}

/// Sends a message. Returns the reply, successful or not.
async fn send_message(session: &Session, prompt: &str) -> Reply {
    session.client.post_json(&session.path("/turn"), &json!({ "prompt": prompt })).await
}

/// Returns the sequence number of a session's newest stored event.
fn stored_seq(database: &Path, session: &Session) -> u64 {
    let store = rusqlite::Connection::open(database).unwrap();
    let seq = store.query_row("SELECT seq FROM sessions WHERE id = ?1", [&session.id], |row| row.get(0));
    u64::try_from(seq.unwrap_or(0_i64)).unwrap()
}

/// Waits until all events of a session are stored.
async fn wait_until_stored(database: &Path, session: &Session) {
    let last = snapshot(session).await.at.seq;
    eventually("all events are stored", || stored_seq(database, session) == last).await;
}

/// Returns the id of the turn in the reply to a message.
fn turn_id(reply: &Value) -> String {
    reply["turnId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
}

/// Returns the text so far of an agent message.
fn agent_text(entry: &Entry) -> Option<&str> {
    match &entry.content {
        Content::Item(Item::AgentMessage(message)) => Some(&message.text),
        _ => None,
    }
}
