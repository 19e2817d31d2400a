//! Who has signed in with a browser: an opaque cookie, and behind it a record of whose it is.
//!
//! The records live in memory: a restart of the gateway asks everybody to sign in again. Only a hash of the cookie is
//! kept, so that what can be read here signs nobody in.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use codex_gateway_wire::OwnerId;
use tokio_util::sync::CancellationToken;

use crate::tokens::Admission;

/// How many sign-ins one owner may have; the oldest gives way.
const MOST_OF_AN_OWNER: usize = 32;
/// How many sign-ins there may be; the oldest gives way.
const MOST: usize = 10_000;

/// What is kept of a cookie.
type Hash = [u8; 32];

/// Who has signed in.
#[derive(Default)]
pub struct SignIns(Mutex<Records>);

#[derive(Default)]
struct Records {
    all: HashMap<Hash, Record>,
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
    /// Signs somebody in; the cookie's value, which nobody can guess.
    ///
    /// # Errors
    /// [`NoRandomness`]
    pub fn begin(&self, admission: Admission) -> Result<String, NoRandomness> {
        let mut id = [0; 32];
        rand::fill(&mut id).map_err(|_| NoRandomness)?;
        let id = BASE64_URL_SAFE_NO_PAD.encode(id);
        self.lock().add(hash(&id), admission, MOST_OF_AN_OWNER, MOST);
        Ok(id)
    }

    /// Whom a cookie admits, and what tells that it ended before its time.
    pub fn find(&self, id: &str) -> Option<(Admission, CancellationToken)> {
        let mut records = self.lock();
        let hash = hash(id);
        let record = records.all.get(&hash)?;
        if is_over(record, SystemTime::now()) {
            records.end(&hash);
            return None;
        }
        let admission = Admission { owner: record.owner.clone(), until: record.until };
        Some((admission, record.ended.clone()))
    }

    /// Signs out: the cookie admits nobody any more, and what was opened with it ends.
    pub fn end(&self, id: &str) {
        self.lock().end(&hash(id));
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn add(&mut self, hash: Hash, admission: Admission, most_of_an_owner: usize, most: usize) {
        let now = SystemTime::now();
        self.all.retain(|_, record| !is_over(record, now));
        let Admission { owner, until } = admission;
        if self.all.values().filter(|record| record.owner == owner).count() >= most_of_an_owner {
            self.end_oldest(|record| record.owner == owner);
        }
        if self.all.len() >= most {
            self.end_oldest(|_| true);
        }
        self.made += 1;
        let record = Record { owner, until, number: self.made, ended: CancellationToken::new() };
        self.all.insert(hash, record);
    }

    fn end_oldest(&mut self, counts: impl Fn(&Record) -> bool) {
        let counted = self.all.iter().filter(|(_, record)| counts(record));
        if let Some(oldest) = counted.min_by_key(|(_, record)| record.number).map(|(hash, _)| *hash) {
            self.end(&oldest);
        }
    }

    fn end(&mut self, hash: &Hash) {
        if let Some(record) = self.all.remove(hash) {
            record.ended.cancel();
        }
    }
}

fn is_over(record: &Record, now: SystemTime) -> bool {
    record.until.is_some_and(|until| until <= now)
}

fn hash(id: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, id.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(owner: &str) -> Admission {
        Admission { owner: OwnerId::from(owner), until: None }
    }

    #[test]
    fn a_cookie_admits_until_it_is_signed_out() {
        let all = SignIns::default();
        let [ada, bob] = ["ada", "bob"].map(|owner| all.begin(of(owner)).unwrap());
        assert_eq!(ada.len(), 43, "256 bits");
        let (admission, ended) = all.find(&ada).unwrap();
        assert_eq!(admission.owner, OwnerId::from("ada"));
        all.end(&ada);
        assert!(ended.is_cancelled() && all.find(&ada).is_none());
        assert!(all.find(&bob).is_some() && all.find("").is_none());
    }

    #[test]
    fn one_that_is_over_admits_nobody() {
        let all = SignIns::default();
        let id = all.begin(Admission { until: Some(SystemTime::now()), ..of("ada") }).unwrap();
        assert!(all.find(&id).is_none());
        assert!(all.lock().all.is_empty(), "it is not kept");
    }

    #[test]
    fn the_oldest_of_the_same_owner_gives_way_first() {
        let mut records = Records::default();
        for (number, owner) in [(0, "bob"), (1, "ada"), (2, "ada"), (3, "ada")] {
            records.add([number; 32], of(owner), 2, 10);
        }
        let mut left: Vec<u8> = records.all.keys().map(|hash| hash[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [0, 2, 3]);
        records.add([4; 32], of("eve"), 2, 3);
        assert!(!records.all.contains_key(&[0; 32]), "then the oldest of all");
        assert_eq!(records.all.len(), 3);
    }
}
