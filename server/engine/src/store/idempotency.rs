//! Stored idempotency keys and the responses to their requests.

use codex_gateway_wire::OwnerId;
use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use crate::clock::now_ms;

/// How long a key is stored, in milliseconds: one day.
const RETENTION_MS: i64 = 24 * 60 * 60 * 1000;

/// What the store knows of a request before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PriorRequest {
    /// The key is new. The request is recorded as started.
    New,
    /// A request with this key was started before.
    Started {
        /// The HMAC of that request.
        request_mac: [u8; 32],
        /// The response as JSON. `None` while the request runs, or if its effect is unknown.
        response: Option<String>,
    },
}

impl Store {
    /// Records that a request starts, unless its key is stored already. Deletes keys that are older than
    /// [`RETENTION_MS`].
    pub(crate) async fn begin_request(
        &self,
        owner: &OwnerId,
        key: &str,
        request_mac: [u8; 32],
    ) -> Result<PriorRequest, StoreError> {
        let (owner, key) = (owner.to_string(), key.to_owned());
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            let now = now_ms();
            let oldest = now.saturating_sub(RETENTION_MS);
            transaction.execute("DELETE FROM idempotency_keys WHERE begun_ms <= ?1", [oldest])?;
            let prior = transaction
                .query_row(
                    "SELECT request, outcome FROM idempotency_keys WHERE owner = ?1 AND key = ?2",
                    params![owner, key],
                    |row| Ok(PriorRequest::Started { request_mac: row.get(0)?, response: row.get(1)? }),
                )
                .optional()?;
            if prior.is_none() {
                transaction.execute(
                    "INSERT INTO idempotency_keys (owner, key, request, begun_ms) VALUES (?1, ?2, ?3, ?4)",
                    params![owner, key, request_mac, now],
                )?;
            }
            transaction.commit()?;
            Ok(prior.unwrap_or(PriorRequest::New))
        })
        .await
    }

    /// Stores the response to a request. Without a response, deletes the key, so that the request can be retried.
    pub(crate) async fn finish_request(
        &self,
        owner: &OwnerId,
        key: &str,
        response: Option<String>,
    ) -> Result<(), StoreError> {
        let (owner, key) = (owner.to_string(), key.to_owned());
        self.write(move |connection| {
            let changed = match response {
                Some(response) => connection.execute(
                    "UPDATE idempotency_keys SET outcome = ?3 WHERE owner = ?1 AND key = ?2",
                    params![owner, key, response],
                ),
                None => connection.execute(
                    "DELETE FROM idempotency_keys WHERE owner = ?1 AND key = ?2",
                    params![owner, key],
                ),
            };
            changed.map(drop)
        })
        .await
    }
}
