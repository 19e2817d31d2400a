//! Which kind of request gets the page its events, and how long a response may take.
//!
//! A proxy may hold an event stream back until it ends, or cut it. The page then makes requests whose responses end soon,
//! which get through. A dead connection looks the same at first, but brings no response to those either.

/// How often the server pings on a stream, in seconds.
pub(super) const PING_SECONDS: u32 = 5;
/// A response that has brought nothing for so long is dead. The page checks once a second, so it notices within 12 s.
pub(super) const DEAD_AFTER_MS: i64 = 11_000;
/// How long the server holds the response to a long poll back while nothing happens, in seconds.
pub(super) const POLL_SECONDS: u32 = 5;

/// The time within which the first event of a stream must arrive.
const FIRST_EVENT_TIMEOUT_MS: u32 = 10_000;
/// The same if a stream has got through before.
const KNOWN_STREAM_TIMEOUT_MS: u32 = 5_000;
/// The time within which a response that ends must begin, beyond the time for which the server holds it back.
const RESPONSE_TIMEOUT_MS: u32 = 6_000;
/// The same for a quick attempt.
const QUICK_TIMEOUT_MS: u32 = 700;
/// The number of quick attempts. A dead connection in the browser's pool takes one of them.
const QUICK_ATTEMPTS: u32 = 3;
/// A stream that ended earlier than this hardly got through.
const SHORT_LIFETIME_MS: i64 = 30_000;
/// Streams are in doubt once those that ended early have this many points.
const MAX_POINTS: u32 = 4;
/// The points of a stream that fell silent.
const SILENCE_POINTS: u32 = 2;
/// The points of a stream that was cut.
const CUT_POINTS: u32 = 1;

/// A kind of request for events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Request {
    /// The response goes on.
    #[default]
    Stream,
    /// The response ends when something has happened, and is followed by the next poll.
    LongPoll,
    /// The response ends at once. For a page that does not hold the session stream.
    CatchUp,
}

/// What to do after a request that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Make another request now.
    Retry,
    /// Wait before the next request: the connection is lost.
    Wait,
}

/// What the page knows about its connection.
#[derive(Debug, Default)]
pub(super) struct Transport {
    /// The number of quick attempts that are left.
    quick_attempts: u32,
    /// Streams are in doubt: the next request is a long poll, which shows whether responses that end get through.
    is_doubted: bool,
    /// A stream has got through to this page.
    has_streamed: bool,
    /// The points of streams that ended early, since the last one that did not.
    points: u32,
    /// The gateway has answered a request of another kind since the last event.
    is_reachable: bool,
}

impl Transport {
    /// The kind of the next request. `may_stream`: this tab holds the session stream. `is_blocked`: streams do not get
    /// through.
    pub(super) fn request(&self, may_stream: bool, is_blocked: bool) -> Request {
        match (may_stream, is_blocked || self.is_doubted) {
            (false, _) => Request::CatchUp,
            (true, true) => Request::LongPoll,
            (true, false) => Request::Stream,
        }
    }

    /// The time within which the first event must arrive. The server holds the response back for `hold_seconds`.
    pub(super) fn first_event_timeout_ms(&self, request: Request, hold_seconds: u32) -> u32 {
        match request {
            _ if self.quick_attempts > 0 => QUICK_TIMEOUT_MS + hold_seconds * 1000,
            Request::Stream if self.has_streamed => KNOWN_STREAM_TIMEOUT_MS,
            Request::Stream => FIRST_EVENT_TIMEOUT_MS,
            Request::LongPoll | Request::CatchUp => RESPONSE_TIMEOUT_MS + hold_seconds * 1000,
        }
    }

    /// Makes the next attempts quick: the user waits, and the connection may be dead.
    pub(super) fn hurry(&mut self) {
        self.quick_attempts = QUICK_ATTEMPTS;
    }

    /// The first event did not arrive in time.
    pub(super) fn on_timeout(&mut self, request: Request) -> Next {
        if self.quick_attempts > 0 {
            self.quick_attempts -= 1;
            return Next::Retry;
        }
        self.set_doubted(request == Request::Stream)
    }

    /// The request failed, or its response ended before the first event.
    pub(super) fn on_refused(&mut self, request: Request) -> Next {
        let is_blocked = request == Request::Stream && self.is_reachable;
        self.set_doubted(is_blocked)
    }

    fn set_doubted(&mut self, is_doubted: bool) -> Next {
        self.is_doubted = is_doubted;
        if is_doubted { Next::Retry } else { Next::Wait }
    }

    /// The first event has arrived. Returns `true` if that proves that streams are held back.
    pub(super) fn on_first_event(&mut self, request: Request) -> bool {
        self.quick_attempts = 0;
        self.is_reachable = false;
        self.has_streamed |= request == Request::Stream;
        std::mem::take(&mut self.is_doubted) && request == Request::LongPoll
    }

    /// The gateway has answered a request of another kind.
    pub(super) fn note_reachable(&mut self) {
        self.is_reachable = true;
    }

    /// A response has fallen silent after `lifetime_ms`.
    pub(super) fn on_silence(&mut self, request: Request, lifetime_ms: i64) {
        self.hurry();
        self.add_points(request, lifetime_ms, SILENCE_POINTS);
    }

    /// A response was cut after `lifetime_ms`.
    pub(super) fn on_cut(&mut self, request: Request, lifetime_ms: i64) {
        self.add_points(request, lifetime_ms, CUT_POINTS);
    }

    fn add_points(&mut self, request: Request, lifetime_ms: i64, points: u32) {
        if request == Request::Stream {
            self.points = if lifetime_ms < SHORT_LIFETIME_MS { self.points + points } else { 0 };
            self.is_doubted = self.points >= MAX_POINTS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_without_first_event_is_replaced_by_long_polls() {
        let mut transport = Transport::default();
        assert_eq!(transport.request(true, false), Request::Stream);
        assert_eq!(transport.first_event_timeout_ms(Request::Stream, 0), 10_000);
        assert_eq!(transport.on_timeout(Request::Stream), Next::Retry);
        assert_eq!(transport.request(true, false), Request::LongPoll);
        assert!(transport.on_first_event(Request::LongPoll), "streams are held back");
        assert_eq!(transport.request(true, true), Request::LongPoll);
    }

    #[test]
    fn dead_connection_does_not_count_as_blocked_stream() {
        let mut transport = Transport::default();
        assert_eq!(transport.on_timeout(Request::Stream), Next::Retry);
        assert_eq!(transport.on_timeout(Request::LongPoll), Next::Wait);
        assert_eq!(transport.request(true, false), Request::Stream);
        assert!(!transport.on_first_event(Request::Stream));
    }

    #[test]
    fn refused_stream_is_blocked_only_if_gateway_is_reachable() {
        let mut transport = Transport::default();
        assert_eq!(transport.on_refused(Request::Stream), Next::Wait);
        transport.note_reachable();
        assert_eq!(transport.on_refused(Request::Stream), Next::Retry);
        assert_eq!(transport.request(true, false), Request::LongPoll);
    }

    #[test]
    fn hurried_attempts_are_quick_and_limited() {
        let mut transport = Transport::default();
        transport.hurry();
        let quick: Vec<_> = (0..3)
            .map(|_| {
                (transport.first_event_timeout_ms(Request::Stream, 0), transport.on_timeout(Request::Stream))
            })
            .collect();
        assert_eq!(quick, [(700, Next::Retry); 3]);
        assert_eq!(
            (transport.request(true, false), transport.first_event_timeout_ms(Request::Stream, 0)),
            (Request::Stream, 10_000)
        );
    }

    #[test]
    fn streams_that_end_early_repeatedly_are_doubted() {
        let mut transport = Transport::default();
        transport.on_first_event(Request::Stream);
        transport.on_silence(Request::Stream, 11_000);
        assert_eq!(transport.request(true, false), Request::Stream);
        transport.on_silence(Request::Stream, 60_000);
        transport.on_silence(Request::Stream, 11_000);
        assert_eq!(transport.request(true, false), Request::Stream, "one of them lived");
        transport.on_cut(Request::Stream, 10);
        transport.on_cut(Request::Stream, 10);
        assert_eq!(transport.request(true, false), Request::LongPoll);
    }

    #[test]
    fn page_without_session_stream_catches_up() {
        let transport = Transport::default();
        assert_eq!(
            (transport.request(false, false), transport.request(false, true)),
            (Request::CatchUp, Request::CatchUp)
        );
        assert_eq!(transport.first_event_timeout_ms(Request::CatchUp, 0), 6_000);
        assert_eq!(
            i64::from(transport.first_event_timeout_ms(Request::LongPoll, POLL_SECONDS)),
            DEAD_AFTER_MS
        );
    }
}
