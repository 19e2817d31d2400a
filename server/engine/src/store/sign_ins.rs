//! Stored browser sign-ins, so that a restart of the gateway signs nobody out.

use codex_gateway_wire::OwnerId;
use rusqlite::{Row, params};

use super::{Store, StoreError};
use crate::clock::now_ms;

/// A keyed hash of a cookie. The cookie itself is not stored.
pub type CookieHash = [u8; 32];

/// A stored sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// The hash of its cookie.
    pub cookie: CookieHash,
    /// The owner that the cookie authenticates.
    pub owner: OwnerId,
    /// When it expires, in Unix milliseconds. `None` if it never expires.
    pub until_ms: Option<i64>,
}

impl Store {
    /// Returns all sign-ins that have not expired, the oldest first. Deletes those that have.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub async fn sign_ins(&self) -> Result<Vec<SignInRow>, StoreError> {
        let read = |row: &Row<'_>| {
            let owner = OwnerId::from(row.get::<_, String>(1)?);
            Ok(SignInRow { cookie: row.get(0)?, owner, until_ms: row.get(2)? })
        };
        self.write(move |connection| {
            connection.execute("DELETE FROM sign_ins WHERE until_ms <= ?1", [now_ms()])?;
            let mut all =
                connection.prepare("SELECT cookie, owner, until_ms FROM sign_ins ORDER BY begun_ms")?;
            all.query_map([], read)?.collect()
        })
        .await
    }

    /// Stores a new sign-in.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub async fn begin_sign_in(&self, sign_in: SignInRow) -> Result<(), StoreError> {
        self.write(move |connection| {
            let SignInRow { cookie, owner, until_ms } = sign_in;
            connection
                .execute(
                    "INSERT INTO sign_ins (cookie, owner, until_ms, begun_ms) VALUES (?1, ?2, ?3, ?4)",
                    params![cookie, owner.as_str(), until_ms, now_ms()],
                )
                .map(drop)
        })
        .await
    }

    /// Deletes sign-ins in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub async fn end_sign_ins(&self, ended: Vec<CookieHash>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            for cookie in ended {
                transaction.execute("DELETE FROM sign_ins WHERE cookie = ?1", [cookie])?;
            }
            transaction.commit()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cookie: u8, until_ms: Option<i64>) -> SignInRow {
        SignInRow { cookie: [cookie; 32], owner: OwnerId::from("ada"), until_ms }
    }

    #[tokio::test]
    async fn sign_ins_survive_a_restart_until_they_expire_or_end() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for number in 0..3 {
            store.begin_sign_in(row(number, None)).await.unwrap();
        }
        store.begin_sign_in(row(3, Some(now_ms() + 60_000))).await.unwrap();
        store.begin_sign_in(row(4, Some(now_ms()))).await.unwrap();
        store.end_sign_ins(vec![[0; 32], [2; 32]]).await.unwrap();
        drop(store);
        let left = Store::open(dir.path()).unwrap().sign_ins().await.unwrap();
        let left: Vec<_> = left.iter().map(|row| (row.cookie[0], row.until_ms.is_some())).collect();
        assert_eq!(left, [(1, false), (3, true)]);
    }
}
