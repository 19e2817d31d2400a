//! The store's part about sign-ins: who comes back after a restart need not sign in again.

use codex_gateway_wire::OwnerId;
use rusqlite::{Row, params};

use super::{Store, StoreError};
use crate::clock::now_ms;

/// What is kept of a cookie: a keyed hash.
pub type CookieHash = [u8; 32];

/// A sign-in as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// What is kept of its cookie.
    pub cookie: CookieHash,
    /// Whom it admits.
    pub owner: OwnerId,
    /// Until when, in Unix milliseconds; for ever without.
    pub until_ms: Option<i64>,
}

impl Store {
    /// All sign-ins that are not over, the oldest first. Those that are over are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn sign_ins(&self) -> Result<Vec<SignInRow>, StoreError> {
        let read = |row: &Row<'_>| {
            let owner = OwnerId::from(row.get::<_, String>(1)?);
            Ok(SignInRow { cookie: row.get(0)?, owner, until_ms: row.get(2)? })
        };
        self.ask(move |connection| {
            connection.execute("DELETE FROM sign_ins WHERE until_ms <= ?1", [now_ms()])?;
            let mut all =
                connection.prepare("SELECT cookie, owner, until_ms FROM sign_ins ORDER BY begun_ms")?;
            all.query_map([], read)?.collect()
        })
        .await
    }

    /// Writes down that somebody has signed in.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn begin_sign_in(&self, begun: SignInRow) -> Result<(), StoreError> {
        self.ask(move |connection| {
            let SignInRow { cookie, owner, until_ms } = begun;
            connection
                .execute(
                    "INSERT INTO sign_ins (cookie, owner, until_ms, begun_ms) VALUES (?1, ?2, ?3, ?4)",
                    params![cookie, owner.as_str(), until_ms, now_ms()],
                )
                .map(drop)
        })
        .await
    }

    /// Forgets sign-ins: all of them, or none.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub async fn end_sign_ins(&self, ended: Vec<CookieHash>) -> Result<(), StoreError> {
        self.ask(move |connection| {
            let writing = connection.transaction()?;
            for cookie in ended {
                writing.execute("DELETE FROM sign_ins WHERE cookie = ?1", [cookie])?;
            }
            writing.commit()
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
    async fn they_are_there_after_a_restart_until_they_are_over() {
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
