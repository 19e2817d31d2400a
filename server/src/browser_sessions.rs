//! Sessions of signed-in browsers: a random cookie, and a record with its owner.
//!
//! Records are in memory and in the store, so that users stay signed in after a restart. Only an HMAC of the
//! cookie is stored, keyed with the secret of the tokens. So stored records cannot be used to sign in, and a
//! new secret ends all sessions, as it does all tokens.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{hmac, rand};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use codex_gateway_engine::{
    Store,
    clock::unix_ms,
    config::Secret,
    store::{CookieHash, SignInRow, StoreError},
};
use codex_gateway_wire::OwnerId;
use tokio_util::sync::CancellationToken;

use crate::tokens::Identity;

/// Maximum number of sessions per owner. Beyond it, the owner's oldest is evicted.
const MAX_PER_OWNER: usize = 32;
/// Maximum number of sessions. Beyond it, the oldest is evicted.
const MAX_TOTAL: usize = 10_000;

/// All sessions of signed-in browsers.
pub struct BrowserSessions {
    records: Mutex<Records>,
    key: hmac::Key,
    store: Store,
    /// Sessions that have ended, but could not be deleted from the store yet.
    pending_deletes: Mutex<Vec<CookieHash>>,
}

#[derive(Default)]
struct Records {
    all: HashMap<CookieHash, Record>,
    /// Number of records so far. Orders them by age.
    created: u64,
}

struct Record {
    owner: OwnerId,
    until: Option<SystemTime>,
    sequence: u64,
    /// Cancelled when the session ends before its expiry.
    ended: CancellationToken,
}

/// The system's random number generator failed.
#[derive(Debug, thiserror::Error)]
#[error("the system provides no random numbers")]
pub struct RandomnessUnavailable;

impl BrowserSessions {
    /// Loads the sessions of the store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(store: Store, secret: &Secret) -> Result<Self, StoreError> {
        let mut records = Records::default();
        for SignInRow { cookie, owner, until_ms } in store.sign_ins().await? {
            records.add(
                cookie,
                Identity { owner, until: until_ms.map(from_unix_ms) },
                usize::MAX,
                usize::MAX,
            );
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self { records: Mutex::new(records), key, store, pending_deletes: Mutex::default() })
    }

    /// Creates a session. Returns the value of its cookie, which has 256 random bits.
    ///
    /// # Errors
    /// [`RandomnessUnavailable`]
    pub async fn create(&self, identity: Identity) -> Result<String, RandomnessUnavailable> {
        let mut id = [0; 32];
        rand::fill(&mut id).map_err(|_| RandomnessUnavailable)?;
        let id = BASE64_URL_SAFE_NO_PAD.encode(id);
        let cookie = self.hash(&id);
        let (owner, until_ms) = (identity.owner.clone(), identity.until.map(unix_ms));
        let evicted = self.lock().add(cookie, identity, MAX_PER_OWNER, MAX_TOTAL);
        self.delete_from_store(evicted).await;
        if let Err(error) = self.store.begin_sign_in(SignInRow { cookie, owner, until_ms }).await {
            tracing::error!(%error, "cannot store a sign-in: it will be lost when the gateway restarts");
        }
        Ok(id)
    }

    /// Returns the identity of a cookie, and a token that is cancelled when the session ends before its expiry.
    pub fn find(&self, id: &str) -> Option<(Identity, CancellationToken)> {
        let cookie = self.hash(id);
        let mut records = self.lock();
        let record = records.all.get(&cookie)?;
        if is_expired(record, SystemTime::now()) {
            // The store deletes it when it is opened.
            records.remove(&cookie);
            return None;
        }
        let identity = Identity { owner: record.owner.clone(), until: record.until };
        Some((identity, record.ended.clone()))
    }

    /// Revokes the session of a cookie, and ends the streams that were opened with it.
    pub async fn revoke(&self, id: &str) {
        let cookie = self.hash(id);
        if self.lock().remove(&cookie) {
            self.delete_from_store(vec![cookie]).await;
        }
    }

    /// Deletes these sessions from the store, and those whose deletion failed earlier.
    async fn delete_from_store(&self, ended: Vec<CookieHash>) {
        let all = {
            let mut pending_deletes = self.pending_deletes.lock().unwrap_or_else(PoisonError::into_inner);
            pending_deletes.extend(ended);
            std::mem::take(&mut *pending_deletes)
        };
        if all.is_empty() {
            return;
        }
        if let Err(error) = self.store.end_sign_ins(all.clone()).await {
            tracing::error!(%error, "cannot delete a sign-in from the store yet: after a restart its cookie would be valid again");
            self.pending_deletes.lock().unwrap_or_else(PoisonError::into_inner).extend(all);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, id: &str) -> CookieHash {
        let mut hash = CookieHash::default();
        hash.copy_from_slice(hmac::sign(&self.key, id.as_bytes()).as_ref());
        hash
    }
}

impl Records {
    /// Adds a record. Returns those that were evicted.
    fn add(
        &mut self,
        cookie: CookieHash,
        identity: Identity,
        max_per_owner: usize,
        max_total: usize,
    ) -> Vec<CookieHash> {
        let now = SystemTime::now();
        let over = self.all.extract_if(|_, record| is_expired(record, now));
        let mut evicted: Vec<_> = over.map(|(cookie, _)| cookie).collect();
        let Identity { owner, until } = identity;
        if self.all.values().filter(|record| record.owner == owner).count() >= max_per_owner {
            evicted.extend(self.remove_oldest(|record| record.owner == owner));
        }
        if self.all.len() >= max_total {
            evicted.extend(self.remove_oldest(|_| true));
        }
        self.created += 1;
        let record = Record { owner, until, sequence: self.created, ended: CancellationToken::new() };
        self.all.insert(cookie, record);
        evicted
    }

    fn remove_oldest(&mut self, counts: impl Fn(&Record) -> bool) -> Option<CookieHash> {
        let counted = self.all.iter().filter(|(_, record)| counts(record));
        let oldest = counted.min_by_key(|(_, record)| record.sequence).map(|(cookie, _)| *cookie)?;
        self.remove(&oldest).then_some(oldest)
    }

    /// Removes a record. Returns `true` if it existed.
    fn remove(&mut self, cookie: &CookieHash) -> bool {
        let record = self.all.remove(cookie);
        if let Some(record) = &record {
            record.ended.cancel();
        }
        record.is_some()
    }
}

fn is_expired(record: &Record, now: SystemTime) -> bool {
    record.until.is_some_and(|until| until <= now)
}

fn from_unix_ms(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    async fn open(dir: &Path, secret: &str) -> BrowserSessions {
        BrowserSessions::open(Store::open(dir).unwrap(), &Secret::from(secret)).await.unwrap()
    }

    fn identity_of(owner: &str) -> Identity {
        Identity { owner: OwnerId::from(owner), until: None }
    }

    #[tokio::test]
    async fn cookie_is_valid_until_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let all = open(dir.path(), "s").await;
        let ada = all.create(identity_of("ada")).await.unwrap();
        let bob = all.create(identity_of("bob")).await.unwrap();
        assert_eq!(ada.len(), 43, "256 bits");
        let (identity, ended) = all.find(&ada).unwrap();
        assert_eq!(identity.owner, OwnerId::from("ada"));
        all.revoke(&ada).await;
        assert!(ended.is_cancelled() && all.find(&ada).is_none());
        assert!(all.find(&bob).is_some() && all.find("").is_none());

        drop(all);
        let all = open(dir.path(), "s").await;
        assert_eq!(all.find(&bob).unwrap().0, identity_of("bob"), "a session outlives the gateway");
        assert!(all.find(&ada).is_none(), "a revocation outlives the gateway");
        drop(all);
        assert!(open(dir.path(), "another").await.find(&bob).is_none(), "another secret ends all sessions");
    }

    #[tokio::test]
    async fn failed_delete_is_retried_with_next_revocation() {
        let dir = tempfile::tempdir().unwrap();
        let all = open(dir.path(), "s").await;
        let [ada, bob] =
            [all.create(identity_of("ada")).await.unwrap(), all.create(identity_of("bob")).await.unwrap()];
        let broken = rusqlite::Connection::open(dir.path().join("gateway.db")).unwrap();
        broken
            .execute_batch("CREATE TRIGGER no BEFORE DELETE ON sign_ins BEGIN SELECT RAISE(FAIL, 'no'); END")
            .unwrap();
        all.revoke(&ada).await;
        assert!(all.find(&ada).is_none(), "the session is revoked in memory");
        broken.execute_batch("DROP TRIGGER no").unwrap();
        all.revoke(&bob).await;
        drop(all);
        assert!(open(dir.path(), "s").await.lock().all.is_empty());
    }

    #[tokio::test]
    async fn expired_session_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        let all = open(dir.path(), "s").await;
        let id = all.create(Identity { until: Some(SystemTime::now()), ..identity_of("ada") }).await.unwrap();
        assert!(all.find(&id).is_none());
        assert!(all.lock().all.is_empty(), "an expired session is removed");
        let until = Some(from_unix_ms(unix_ms(SystemTime::now()) + 60_000));
        let id = all.create(Identity { until, ..identity_of("ada") }).await.unwrap();
        drop(all);
        assert_eq!(open(dir.path(), "s").await.find(&id).unwrap().0.until, until);
    }

    #[test]
    fn oldest_session_of_owner_is_evicted_first() {
        let mut records = Records::default();
        for (sequence, owner) in [(0, "bob"), (1, "ada"), (2, "ada"), (3, "ada")] {
            let evicted = records.add([sequence; 32], identity_of(owner), 2, 10);
            assert_eq!(evicted, if sequence == 3 { vec![[1; 32]] } else { vec![] });
        }
        let mut left: Vec<u8> = records.all.keys().map(|hash| hash[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [0, 2, 3]);
        records.add([4; 32], identity_of("eve"), 2, 3);
        assert!(!records.all.contains_key(&[0; 32]), "the oldest of all is evicted");
        assert_eq!(records.all.len(), 3);
    }
}
