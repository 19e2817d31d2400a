//! Random numbers that need not be secret, and ids made of them.

use web_sys::js_sys::Math;

use super::time::now_ms;

/// Returns a random number from 0 to 1, excluding 1.
pub(crate) fn random() -> f64 {
    Math::random()
}

/// Returns an id that no other call returns, in any tab.
pub(crate) fn unique_id() -> String {
    let part = || random().to_bits();
    format!("{:x}-{:016x}{:016x}", now_ms(), part(), part())
}
