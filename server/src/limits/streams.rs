//! Open streams per key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::RateKey;
use crate::error::ApiError;

/// When to retry, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Open streams.
pub(super) struct Streams {
    max_per_key: u32,
    open: Arc<Mutex<HashMap<RateKey, u32>>>,
}

impl Streams {
    /// Creates an empty table with a limit per key. 0 means no limit.
    pub(super) fn new(max_per_key: u32) -> Self {
        Self { max_per_key, open: Arc::default() }
    }

    /// Returns the number of open streams.
    pub(super) fn count(&self) -> u64 {
        lock(&self.open).values().map(|&count| u64::from(count)).sum()
    }

    pub(super) fn acquire(&self, rate_key: RateKey) -> Result<StreamPermit, ApiError> {
        let mut open = lock(&self.open);
        let count = open.entry(rate_key.clone()).or_default();
        if self.max_per_key > 0 && *count >= self.max_per_key {
            return Err(ApiError::RateLimited {
                what: "event streams and waiting requests at the same time",
                retry_after: RETRY_AFTER_SECONDS,
            });
        }
        *count += 1;
        drop(open);
        Ok(StreamPermit { rate_key, open: Arc::clone(&self.open) })
    }
}

/// Permit for one stream. Released on drop.
pub struct StreamPermit {
    rate_key: RateKey,
    open: Arc<Mutex<HashMap<RateKey, u32>>>,
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.rate_key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.rate_key);
            }
        }
    }
}

fn lock(open: &Mutex<HashMap<RateKey, u32>>) -> MutexGuard<'_, HashMap<RateKey, u32>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_permit_frees_its_stream() {
        let streams = Streams::new(1);
        let rate_key = RateKey::Owner("ada".into());
        let permit = streams.acquire(rate_key.clone()).unwrap();
        assert!(
            streams.acquire(rate_key.clone()).is_err()
                && streams.acquire(RateKey::Owner("bob".into())).is_ok()
        );
        drop(permit);
        assert!(streams.acquire(rate_key).is_ok());
        assert!(lock(&streams.open).is_empty(), "keys without streams are removed");
    }
}
