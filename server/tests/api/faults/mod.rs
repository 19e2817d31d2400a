//! What goes wrong around the gateway: processes that are killed or hang, disks that are full, clients that come and go,
//! clocks that jump. After each: a client that goes on misses nothing and gets nothing twice, no process is left, and
//! no session is lost.

mod clients;
mod clock;
mod disk;
mod hangs;
mod kills;
mod lost_threads;
mod sign_in_races;
mod unindexed;

use std::path::Path;

use codex_gateway_wire::{Content, Entry, Item};
use serde_json::{Value, json};

use crate::support::{Gateway, Reply, Session, Setup, eventually, snapshot};

/// What turns are made of: numbers by the fake codex, pieces of text by the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codex {
    Fake,
    Real,
}

impl Codex {
    async fn start(self) -> Gateway {
        match self {
            // With a process that waits, as gateways have them; the real one takes too long to start for that.
            Self::Fake => Setup::fake("counts").set("CODEX_GATEWAY_WARM_PROCESSES", "1").start().await,
            Self::Real => Gateway::demo().await.settled().await,
        }
    }

    /// Asks for so many pieces, a few milliseconds apart.
    fn long(self, pieces: usize) -> String {
        match self {
            Self::Fake => format!("Count to {pieces}"),
            Self::Real => format!("!standin deltas count={pieces} pace_us=4000"),
        }
    }

    /// A turn that is over at once.
    fn short(self) -> String {
        match self {
            Self::Fake => "Count to 2".to_owned(),
            Self::Real => "Reply with exactly the single word ready".to_owned(),
        }
    }
}

/// Sends a message, whatever becomes of it.
async fn say(session: &Session, prompt: &str) -> Reply {
    session.client.post_json(&session.path("/turn"), &json!({ "prompt": prompt })).await
}

/// The number of the newest event of a session that is written down.
fn written(database: &Path, session: &Session) -> u64 {
    let store = rusqlite::Connection::open(database).unwrap();
    let seq = store.query_row("SELECT seq FROM sessions WHERE id = ?1", [&session.id], |row| row.get(0));
    u64::try_from(seq.unwrap_or(0_i64)).unwrap()
}

/// Waits until all of a session is written down.
async fn all_written(database: &Path, session: &Session) {
    let last = snapshot(session).await.at.seq;
    eventually("all is written down", || written(database, session) == last).await;
}

/// The turn that a message has begun.
fn turn_of(reply: &Value) -> String {
    reply["turnId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
}

/// What a message of the agent says, as far as it has come.
fn text(entry: &Entry) -> Option<&str> {
    match &entry.content {
        Content::Item(Item::AgentMessage(message)) => Some(&message.text),
        _ => None,
    }
}
