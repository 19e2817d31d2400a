//! How much of request bodies is in memory: of each caller, and of all together.
//!
//! A body is counted before it is read: with the length that it declares, or as it comes. What finds no room is
//! refused at once, because a client that waits with its body would hold a connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Who;
use crate::error::ApiError;

/// What the bodies of one caller may hold: four images and two turns of the largest kind.
const MAX_BYTES_EACH: usize = 48 * 1024 * 1024;
/// What all bodies may hold.
const MAX_BYTES: usize = 320 * 1024 * 1024;
/// What a body counts for at least: the buffers around it are that large.
const MIN_CHARGE: usize = 16 * 1024;
/// When there may be room again, in seconds.
const RETRY_AFTER: u64 = 5;

/// The bytes of the bodies that are being read, or were read and are being parsed.
#[derive(Debug)]
pub(super) struct Bodies {
    max: usize,
    max_each: usize,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    each: HashMap<Who, usize>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { max: MAX_BYTES, max_each: MAX_BYTES_EACH, held: Arc::default() }
    }
}

impl Bodies {
    /// How many bytes there is a claim to.
    pub(super) fn bytes(&self) -> usize {
        lock(&self.held).all
    }

    /// Room for a body of this length.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] if the caller has as much as one may, [`ApiError::TooManyBodies`] if all have.
    pub(super) fn reserve(&self, who: Who, bytes: usize) -> Result<BodyPermit, ApiError> {
        let mut permit = BodyPermit {
            who,
            bytes: 0,
            max: self.max,
            max_each: self.max_each,
            held: Arc::clone(&self.held),
        };
        permit.grow_to(bytes.max(MIN_CHARGE))?;
        Ok(permit)
    }
}

/// Room for a body. Dropping it gives the room back.
#[derive(Debug)]
pub struct BodyPermit {
    who: Who,
    bytes: usize,
    max: usize,
    max_each: usize,
    held: Arc<Mutex<Held>>,
}

impl BodyPermit {
    /// Makes it room for so many bytes.
    ///
    /// # Errors
    /// Those of [`super::Limits::body`].
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), ApiError> {
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return Ok(()) };
        let mut held = lock(&self.held);
        let own = held.each.get(&self.who).copied().unwrap_or_default();
        if own + more > self.max_each {
            let what = "bytes of request bodies at the same time";
            return Err(ApiError::RateLimited { what, after: RETRY_AFTER });
        }
        if held.all + more > self.max {
            return Err(ApiError::TooManyBodies { after: RETRY_AFTER });
        }
        held.all += more;
        *held.each.entry(self.who.clone()).or_default() += more;
        drop(held);
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for BodyPermit {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.all -= self.bytes;
        if let Some(own) = held.each.get_mut(&self.who) {
            *own -= self.bytes;
            if *own == 0 {
                held.each.remove(&self.who);
            }
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: usize = MIN_CHARGE;

    #[test]
    fn room_is_limited_for_each_and_for_all_and_comes_back() {
        let bodies = Bodies { max: 4 * UNIT, max_each: 2 * UNIT, held: Arc::default() };
        let [ada, bob, eve] = ["ada", "bob", "eve"].map(|name| Who::Owner(name.into()));
        let first = bodies.reserve(ada.clone(), 10).unwrap();
        let mut second = bodies.reserve(ada.clone(), 10).unwrap();
        assert_eq!(bodies.bytes(), 2 * UNIT, "a small one counts for more");
        assert!(matches!(bodies.reserve(ada.clone(), 1), Err(ApiError::RateLimited { .. })));
        let third = bodies.reserve(bob, 2 * UNIT).unwrap();
        assert!(matches!(bodies.reserve(eve.clone(), 1), Err(ApiError::TooManyBodies { .. })));
        drop(first);
        second.grow_to(2 * UNIT).unwrap();
        assert!(second.grow_to(2 * UNIT + 1).is_err());
        assert_eq!(bodies.bytes(), 4 * UNIT, "what is refused is not counted");
        drop((second, third));
        assert!(bodies.reserve(eve, 2 * UNIT).is_ok());
        let held = lock(&bodies.held);
        assert!(held.all == 0 && held.each.is_empty(), "{held:?}");
    }
}
