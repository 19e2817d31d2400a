//! How many streams are open, and whose.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Who;
use crate::error::ApiError;

/// When one may look again whether a stream has ended, in seconds.
const STREAM_RETRY: u64 = 5;

/// The streams that are open.
pub(super) struct Streams {
    most: u32,
    open: Arc<Mutex<HashMap<Who, u32>>>,
}

impl Streams {
    /// None is open; so many may be, for each.
    pub(super) fn new(most: u32) -> Self {
        Self { most, open: Arc::default() }
    }

    /// How many are open.
    pub(super) fn count(&self) -> u64 {
        lock(&self.open).values().map(|&count| u64::from(count)).sum()
    }

    pub(super) fn open(&self, who: Who) -> Result<StreamPlace, ApiError> {
        let mut open = lock(&self.open);
        let count = open.entry(who.clone()).or_default();
        if self.most > 0 && *count >= self.most {
            return Err(ApiError::RateLimited {
                what: "event streams and waiting requests at the same time",
                after: STREAM_RETRY,
            });
        }
        *count += 1;
        drop(open);
        Ok(StreamPlace { who, open: Arc::clone(&self.open) })
    }
}

/// A stream's place; dropping it makes room.
pub struct StreamPlace {
    who: Who,
    open: Arc<Mutex<HashMap<Who, u32>>>,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
            }
        }
    }
}

fn lock(open: &Mutex<HashMap<Who, u32>>) -> MutexGuard<'_, HashMap<Who, u32>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_ends_makes_room() {
        let streams = Streams::new(1);
        let who = Who::Owner("ada".into());
        let place = streams.open(who.clone()).unwrap();
        assert!(streams.open(who.clone()).is_err() && streams.open(Who::Owner("bob".into())).is_ok());
        drop(place);
        assert!(streams.open(who).is_ok());
        assert!(lock(&streams.open).is_empty(), "nobody is remembered for nothing");
    }
}
