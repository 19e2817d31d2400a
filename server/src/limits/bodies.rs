//! Memory of request bodies, per caller and in total.
//!
//! Bytes are reserved before they are read: for the declared length, or as they arrive. Without room the
//! request is refused at once, because a client that waits with its body would occupy a connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::CallerKey;
use crate::error::ApiError;

/// Maximum bytes of one caller: four images and two turns of maximum size.
const MAX_BYTES_PER_CALLER: usize = 48 * 1024 * 1024;
/// Maximum bytes of all callers.
const MAX_BYTES: usize = 320 * 1024 * 1024;
/// Minimum reservation of a body, in bytes: the size of the buffers around it.
const MIN_RESERVED_BYTES: usize = 16 * 1024;
/// When to retry, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Reserved bytes of bodies that are being read or parsed.
#[derive(Debug)]
pub(super) struct Bodies {
    max: usize,
    max_per_caller: usize,
    reserved: Arc<Mutex<Reserved>>,
}

#[derive(Debug, Default)]
struct Reserved {
    total: usize,
    by_caller: HashMap<CallerKey, usize>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { max: MAX_BYTES, max_per_caller: MAX_BYTES_PER_CALLER, reserved: Arc::default() }
    }
}

impl Bodies {
    /// Returns the number of reserved bytes.
    pub(super) fn bytes(&self) -> usize {
        lock(&self.reserved).total
    }

    /// Reserves bytes for a body.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] at the caller's limit, [`ApiError::TooManyBodies`] at the total limit.
    pub(super) fn reserve(&self, caller: CallerKey, bytes: usize) -> Result<BodyPermit, ApiError> {
        let mut permit = BodyPermit {
            caller,
            bytes: 0,
            max: self.max,
            max_per_caller: self.max_per_caller,
            reserved: Arc::clone(&self.reserved),
        };
        permit.grow_to(bytes.max(MIN_RESERVED_BYTES))?;
        Ok(permit)
    }
}

/// Reservation for a body. Released on drop.
#[derive(Debug)]
pub struct BodyPermit {
    caller: CallerKey,
    bytes: usize,
    max: usize,
    max_per_caller: usize,
    reserved: Arc<Mutex<Reserved>>,
}

impl BodyPermit {
    /// Grows the reservation to this many bytes. Never shrinks it.
    ///
    /// # Errors
    /// Those of [`super::Limits::reserve_body`].
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), ApiError> {
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return Ok(()) };
        let mut reserved = lock(&self.reserved);
        let own = reserved.by_caller.get(&self.caller).copied().unwrap_or_default();
        if own + more > self.max_per_caller {
            let what = "bytes of request bodies at the same time";
            return Err(ApiError::RateLimited { what, retry_after: RETRY_AFTER_SECONDS });
        }
        if reserved.total + more > self.max {
            return Err(ApiError::TooManyBodies { retry_after: RETRY_AFTER_SECONDS });
        }
        reserved.total += more;
        *reserved.by_caller.entry(self.caller.clone()).or_default() += more;
        drop(reserved);
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for BodyPermit {
    fn drop(&mut self) {
        let mut reserved = lock(&self.reserved);
        reserved.total -= self.bytes;
        if let Some(own) = reserved.by_caller.get_mut(&self.caller) {
            *own -= self.bytes;
            if *own == 0 {
                reserved.by_caller.remove(&self.caller);
            }
        }
    }
}

fn lock(reserved: &Mutex<Reserved>) -> MutexGuard<'_, Reserved> {
    reserved.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: usize = MIN_RESERVED_BYTES;

    #[test]
    fn reserved_bytes_are_limited_per_caller_and_in_total() {
        let bodies = Bodies { max: 4 * UNIT, max_per_caller: 2 * UNIT, reserved: Arc::default() };
        let [ada, bob, eve] = ["ada", "bob", "eve"].map(|name| CallerKey::Owner(name.into()));
        let first = bodies.reserve(ada.clone(), 10).unwrap();
        let mut second = bodies.reserve(ada.clone(), 10).unwrap();
        assert_eq!(bodies.bytes(), 2 * UNIT, "a small body counts as MIN_RESERVED_BYTES");
        assert!(matches!(bodies.reserve(ada.clone(), 1), Err(ApiError::RateLimited { .. })));
        let third = bodies.reserve(bob, 2 * UNIT).unwrap();
        assert!(matches!(bodies.reserve(eve.clone(), 1), Err(ApiError::TooManyBodies { .. })));
        drop(first);
        second.grow_to(2 * UNIT).unwrap();
        assert!(second.grow_to(2 * UNIT + 1).is_err());
        assert_eq!(bodies.bytes(), 4 * UNIT, "a refused reservation is not counted");
        drop((second, third));
        assert!(bodies.reserve(eve, 2 * UNIT).is_ok());
        let reserved = lock(&bodies.reserved);
        assert!(reserved.total == 0 && reserved.by_caller.is_empty(), "{reserved:?}");
    }
}
