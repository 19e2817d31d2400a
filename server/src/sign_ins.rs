//! Who has signed in with a browser: an opaque cookie, and behind it a record of whose it is.
//!
//! The records are in memory, and in the store, so that nobody has to sign in again after a restart. Only a hash of the
//! cookie is kept, keyed with the secret that tokens are signed with: what can be read here signs nobody in, and another
//! secret ends all sign-ins, as it does all tokens.

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

use crate::tokens::Admission;

/// How many sign-ins one owner may have; the oldest gives way.
const MOST_OF_AN_OWNER: usize = 32;
/// How many sign-ins there may be; the oldest gives way.
const MOST: usize = 10_000;

/// Who has signed in.
pub struct SignIns {
    records: Mutex<Records>,
    key: hmac::Key,
    store: Store,
    /// Those that have ended, and that the store could not forget yet.
    unforgotten: Mutex<Vec<CookieHash>>,
}

#[derive(Default)]
struct Records {
    all: HashMap<CookieHash, Record>,
    /// Counts them, so that the oldest is known.
    made: u64,
}

struct Record {
    owner: OwnerId,
    until: Option<SystemTime>,
    number: u64,
    /// Cancelled when it ends before its time.
    ended: CancellationToken,
}

/// There was no randomness to be had.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

impl SignIns {
    /// Those of the store.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(store: Store, secret: &Secret) -> Result<Self, StoreError> {
        let mut records = Records::default();
        for SignInRow { cookie, owner, until_ms } in store.sign_ins().await? {
            records.add(cookie, Admission { owner, until: until_ms.map(moment) }, usize::MAX, usize::MAX);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self { records: Mutex::new(records), key, store, unforgotten: Mutex::default() })
    }

    /// Signs somebody in; the cookie's value, which nobody can guess.
    ///
    /// # Errors
    /// [`NoRandomness`]
    pub async fn begin(&self, admission: Admission) -> Result<String, NoRandomness> {
        let mut id = [0; 32];
        rand::fill(&mut id).map_err(|_| NoRandomness)?;
        let id = BASE64_URL_SAFE_NO_PAD.encode(id);
        let cookie = self.hash(&id);
        let (owner, until_ms) = (admission.owner.clone(), admission.until.map(unix_ms));
        let gone = self.lock().add(cookie, admission, MOST_OF_AN_OWNER, MOST);
        self.forget(gone).await;
        if let Err(error) = self.store.begin_sign_in(SignInRow { cookie, owner, until_ms }).await {
            tracing::error!(%error, "a sign-in could not be written down: it will not outlive the gateway");
        }
        Ok(id)
    }

    /// Whom a cookie admits, and what tells that it ended before its time.
    pub fn find(&self, id: &str) -> Option<(Admission, CancellationToken)> {
        let cookie = self.hash(id);
        let mut records = self.lock();
        let record = records.all.get(&cookie)?;
        if is_over(record, SystemTime::now()) {
            // The store forgets it when it is opened.
            records.end(&cookie);
            return None;
        }
        let admission = Admission { owner: record.owner.clone(), until: record.until };
        Some((admission, record.ended.clone()))
    }

    /// Signs out: the cookie admits nobody any more, and what was opened with it ends.
    pub async fn end(&self, id: &str) {
        let cookie = self.hash(id);
        if self.lock().end(&cookie) {
            self.forget(vec![cookie]).await;
        }
    }

    /// Lets the store forget those, and all that it could not before.
    async fn forget(&self, ended: Vec<CookieHash>) {
        let all = {
            let mut unforgotten = self.unforgotten.lock().unwrap_or_else(PoisonError::into_inner);
            unforgotten.extend(ended);
            std::mem::take(&mut *unforgotten)
        };
        if all.is_empty() {
            return;
        }
        if let Err(error) = self.store.end_sign_ins(all.clone()).await {
            tracing::error!(%error, "the end of a sign-in could not be written down yet: after a restart its cookie would be good again");
            self.unforgotten.lock().unwrap_or_else(PoisonError::into_inner).extend(all);
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
    /// Adds one; those that gave way to it.
    fn add(
        &mut self,
        cookie: CookieHash,
        admission: Admission,
        most_of_an_owner: usize,
        most: usize,
    ) -> Vec<CookieHash> {
        let now = SystemTime::now();
        let over = self.all.extract_if(|_, record| is_over(record, now));
        let mut gone: Vec<_> = over.map(|(cookie, _)| cookie).collect();
        let Admission { owner, until } = admission;
        if self.all.values().filter(|record| record.owner == owner).count() >= most_of_an_owner {
            gone.extend(self.end_oldest(|record| record.owner == owner));
        }
        if self.all.len() >= most {
            gone.extend(self.end_oldest(|_| true));
        }
        self.made += 1;
        let record = Record { owner, until, number: self.made, ended: CancellationToken::new() };
        self.all.insert(cookie, record);
        gone
    }

    fn end_oldest(&mut self, counts: impl Fn(&Record) -> bool) -> Option<CookieHash> {
        let counted = self.all.iter().filter(|(_, record)| counts(record));
        let oldest = counted.min_by_key(|(_, record)| record.number).map(|(cookie, _)| *cookie)?;
        self.end(&oldest).then_some(oldest)
    }

    /// Ends one; whether it was there.
    fn end(&mut self, cookie: &CookieHash) -> bool {
        let record = self.all.remove(cookie);
        if let Some(record) = &record {
            record.ended.cancel();
        }
        record.is_some()
    }
}

fn is_over(record: &Record, now: SystemTime) -> bool {
    record.until.is_some_and(|until| until <= now)
}

fn moment(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    async fn open(dir: &Path, secret: &str) -> SignIns {
        SignIns::open(Store::open(dir).unwrap(), &Secret::from(secret)).await.unwrap()
    }

    fn of(owner: &str) -> Admission {
        Admission { owner: OwnerId::from(owner), until: None }
    }

    #[tokio::test]
    async fn a_cookie_admits_until_it_is_signed_out() {
        let dir = tempfile::tempdir().unwrap();
        let all = open(dir.path(), "s").await;
        let ada = all.begin(of("ada")).await.unwrap();
        let bob = all.begin(of("bob")).await.unwrap();
        assert_eq!(ada.len(), 43, "256 bits");
        let (admission, ended) = all.find(&ada).unwrap();
        assert_eq!(admission.owner, OwnerId::from("ada"));
        all.end(&ada).await;
        assert!(ended.is_cancelled() && all.find(&ada).is_none());
        assert!(all.find(&bob).is_some() && all.find("").is_none());

        drop(all);
        let all = open(dir.path(), "s").await;
        assert_eq!(all.find(&bob).unwrap().0, of("bob"), "it outlives the gateway");
        assert!(all.find(&ada).is_none(), "so does the end of one");
        drop(all);
        assert!(open(dir.path(), "another").await.find(&bob).is_none(), "another secret ends all");
    }

    #[tokio::test]
    async fn an_end_that_could_not_be_written_is_written_with_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let all = open(dir.path(), "s").await;
        let [ada, bob] = [all.begin(of("ada")).await.unwrap(), all.begin(of("bob")).await.unwrap()];
        let broken = rusqlite::Connection::open(dir.path().join("gateway.db")).unwrap();
        broken
            .execute_batch("CREATE TRIGGER no BEFORE DELETE ON sign_ins BEGIN SELECT RAISE(FAIL, 'no'); END")
            .unwrap();
        all.end(&ada).await;
        assert!(all.find(&ada).is_none(), "it has ended all the same");
        broken.execute_batch("DROP TRIGGER no").unwrap();
        all.end(&bob).await;
        drop(all);
        assert!(open(dir.path(), "s").await.lock().all.is_empty());
    }

    #[tokio::test]
    async fn one_that_is_over_admits_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let all = open(dir.path(), "s").await;
        let id = all.begin(Admission { until: Some(SystemTime::now()), ..of("ada") }).await.unwrap();
        assert!(all.find(&id).is_none());
        assert!(all.lock().all.is_empty(), "it is not kept");
        let until = Some(moment(unix_ms(SystemTime::now()) + 60_000));
        let id = all.begin(Admission { until, ..of("ada") }).await.unwrap();
        drop(all);
        assert_eq!(open(dir.path(), "s").await.find(&id).unwrap().0.until, until);
    }

    #[test]
    fn the_oldest_of_the_same_owner_gives_way_first() {
        let mut records = Records::default();
        for (number, owner) in [(0, "bob"), (1, "ada"), (2, "ada"), (3, "ada")] {
            let gone = records.add([number; 32], of(owner), 2, 10);
            assert_eq!(gone, if number == 3 { vec![[1; 32]] } else { vec![] });
        }
        let mut left: Vec<u8> = records.all.keys().map(|hash| hash[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [0, 2, 3]);
        records.add([4; 32], of("eve"), 2, 3);
        assert!(!records.all.contains_key(&[0; 32]), "then the oldest of all");
        assert_eq!(records.all.len(), 3);
    }
}
