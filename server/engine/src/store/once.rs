//! The store's part about requests that are done once.

use codex_gateway_wire::OwnerId;
use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use crate::clock::now_ms;

/// How long a key is known, in milliseconds: a day.
const KNOWN: i64 = 24 * 60 * 60 * 1000;

/// What is known of a request that has a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It is new, and counts as begun from now on.
    New,
    /// It was begun.
    Begun {
        /// The hash of what was asked.
        request: [u8; 32],
        /// What came of it, as JSON, if that is known.
        outcome: Option<String>,
    },
}

impl Store {
    /// Begins a request with that key, unless it was begun before.
    pub(crate) async fn begin_once(
        &self,
        owner: &OwnerId,
        key: &str,
        request: [u8; 32],
    ) -> Result<Known, StoreError> {
        let (owner, key) = (owner.to_string(), key.to_owned());
        self.ask(move |connection| {
            let writing = connection.transaction()?;
            let now = now_ms();
            writing.execute("DELETE FROM once WHERE begun_ms <= ?1", [now.saturating_sub(KNOWN)])?;
            let known = writing
                .query_row(
                    "SELECT request, outcome FROM once WHERE owner = ?1 AND key = ?2",
                    params![owner, key],
                    |row| Ok(Known::Begun { request: row.get(0)?, outcome: row.get(1)? }),
                )
                .optional()?;
            if known.is_none() {
                writing.execute(
                    "INSERT INTO once (owner, key, request, begun_ms) VALUES (?1, ?2, ?3, ?4)",
                    params![owner, key, request, now],
                )?;
            }
            writing.commit()?;
            Ok(known.unwrap_or(Known::New))
        })
        .await
    }

    /// Writes down what came of it; nothing, if it was not done and can be tried again.
    pub(crate) async fn end_once(
        &self,
        owner: &OwnerId,
        key: &str,
        outcome: Option<String>,
    ) -> Result<(), StoreError> {
        let (owner, key) = (owner.to_string(), key.to_owned());
        self.ask(move |connection| {
            let done = match outcome {
                Some(outcome) => connection.execute(
                    "UPDATE once SET outcome = ?3 WHERE owner = ?1 AND key = ?2",
                    params![owner, key, outcome],
                ),
                None => {
                    connection.execute("DELETE FROM once WHERE owner = ?1 AND key = ?2", params![owner, key])
                }
            };
            done.map(drop)
        })
        .await
    }
}
