//! Open streams per key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::CallerKey;
use crate::error::ApiError;

/// When to retry, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Open streams.
pub(super) struct Streams {
    max_per_key: u32,
    open: Arc<Mutex<HashMap<CallerKey, u32>>>,
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

    pub(super) fn acquire(&self, caller: CallerKey) -> Result<StreamPermit, ApiError> {
        let mut open = lock(&self.open);
        let count = open.entry(caller.clone()).or_default();
        if self.max_per_key > 0 && *count >= self.max_per_key {
            return Err(ApiError::RateLimited {
                what: "event streams and waiting requests at the same time",
                retry_after: RETRY_AFTER_SECONDS,
            });
        }
        *count += 1;
        drop(open);
        Ok(StreamPermit { caller, open: Arc::clone(&self.open) })
    }
}

/// Permit for one stream. Released on drop.
pub struct StreamPermit {
    caller: CallerKey,
    open: Arc<Mutex<HashMap<CallerKey, u32>>>,
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

fn lock(open: &Mutex<HashMap<CallerKey, u32>>) -> MutexGuard<'_, HashMap<CallerKey, u32>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_permit_frees_its_stream() {
        let streams = Streams::new(1);
        let caller = CallerKey::Owner("ada".into());
        let permit = streams.acquire(caller.clone()).unwrap();
        assert!(
            streams.acquire(caller.clone()).is_err()
                && streams.acquire(CallerKey::Owner("bob".into())).is_ok()
        );
        drop(permit);
        assert!(streams.acquire(caller).is_ok());
        assert!(lock(&streams.open).is_empty(), "keys without streams are removed");
    }
}
