//! How long unused sessions are kept.

/// How long an unused session with queued messages is kept, in milliseconds.
const QUEUED_TTL_MS: i64 = 24 * 60 * 60 * 1000;

/// Returns how long an unused session is kept, in milliseconds: the TTL, or at least a day if
/// messages are queued.
pub(crate) fn effective_ttl(ttl_ms: i64, queued: bool) -> i64 {
    if queued { ttl_ms.max(QUEUED_TTL_MS) } else { ttl_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queued_messages_extend_the_ttl_to_a_day() {
        assert_eq!((effective_ttl(1000, false), effective_ttl(1000, true)), (1000, QUEUED_TTL_MS));
        assert_eq!(effective_ttl(2 * QUEUED_TTL_MS, true), 2 * QUEUED_TTL_MS);
    }
}
