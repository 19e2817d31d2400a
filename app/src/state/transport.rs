//! By which request the page gets its events, and how long it waits for the reply.
//!
//! A proxy may hold an event stream back until it ends, or cut it. Then the page asks again and again, for replies that
//! end soon: such replies get through. Which of the two it is can be told apart from a line that is dead, because there
//! no reply comes either.

/// How often the server pings on a stream, in seconds.
pub(super) const PING_SECONDS: u32 = 5;
/// A reply on which nothing came for so long is dead, in milliseconds. With the second that the page looks at it late,
/// that is 12 s.
pub(super) const DEAD_AFTER: i64 = 11_000;
/// How long the server holds a reply back while nothing happens, in seconds.
pub(super) const POLL_SECONDS: u32 = 5;

/// How long the first event of a stream may take, in milliseconds.
const FIRST_EVENT: u32 = 10_000;
/// The same where streams are known to get through.
const FIRST_EVENT_AGAIN: u32 = 5_000;
/// How long a reply that ends may take beyond what the server holds it back for, in milliseconds.
const REPLY: u32 = 6_000;
/// How long a quick attempt may take, in milliseconds.
const QUICK: u32 = 700;
/// How many quick attempts there are. A connection of the browser's pool can be dead as well, and takes one of them.
const QUICK_ATTEMPTS: u32 = 3;
/// A stream that did not live so long has hardly got through, in milliseconds.
const SHORT_LIFE: i64 = 30_000;
/// How many points make a stream doubtful: two for one that fell silent, one for one that was cut.
const DOUBTFUL: u32 = 4;

/// A request for events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Request {
    /// The reply goes on.
    #[default]
    Stream,
    /// The reply ends when something has happened, and is asked for again at once.
    LongPoll,
    /// The reply ends at once: of a page that has no stream.
    CatchUp,
}

/// What to do after a request that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask again now.
    Again,
    /// Wait before the next attempt: nothing gets through.
    Wait,
}

/// What the page knows of its line.
#[derive(Debug, Default)]
pub(super) struct Transport {
    /// How many attempts may take [`QUICK`] only.
    quick: u32,
    /// A stream brought nothing: the next request finds out whether a reply that ends does.
    doubted: bool,
    /// A stream has brought something to this page.
    streamed: bool,
    /// The points of the streams that did not live long.
    short_lives: u32,
    /// The gateway has answered another request since it last answered one of these.
    reachable: bool,
}

impl Transport {
    /// The next request of a page that may stream, or may not.
    pub(super) fn request(&self, may_stream: bool, is_blocked: bool) -> Request {
        match (may_stream, is_blocked || self.doubted) {
            (false, _) => Request::CatchUp,
            (true, true) => Request::LongPoll,
            (true, false) => Request::Stream,
        }
    }

    /// How long the first event may take, in milliseconds, of a reply that the server holds back for so many seconds.
    pub(super) fn patience(&self, request: Request, held_seconds: u32) -> u32 {
        match request {
            _ if self.quick > 0 => QUICK + held_seconds * 1000,
            Request::Stream if self.streamed => FIRST_EVENT_AGAIN,
            Request::Stream => FIRST_EVENT,
            Request::LongPoll | Request::CatchUp => REPLY + held_seconds * 1000,
        }
    }

    /// Makes the next attempts quick: the reader waits, and the connection may be dead.
    pub(super) fn hurry(&mut self) {
        self.quick = QUICK_ATTEMPTS;
    }

    /// No first event has come in time.
    pub(super) fn unanswered(&mut self, request: Request) -> Next {
        if self.quick > 0 {
            self.quick -= 1;
            return Next::Again;
        }
        self.doubt(request == Request::Stream)
    }

    /// The reply was none with events, or ended before the first one.
    pub(super) fn refused(&mut self, request: Request) -> Next {
        let is_blocked = request == Request::Stream && self.reachable;
        self.doubt(is_blocked)
    }

    fn doubt(&mut self, doubted: bool) -> Next {
        self.doubted = doubted;
        if doubted { Next::Again } else { Next::Wait }
    }

    /// The first event has come. Returns `true` if that shows that streams are held back.
    pub(super) fn answered(&mut self, request: Request) -> bool {
        self.quick = 0;
        self.reachable = false;
        self.streamed |= request == Request::Stream;
        std::mem::take(&mut self.doubted) && request == Request::LongPoll
    }

    /// The gateway has answered something else.
    pub(super) fn reached(&mut self) {
        self.reachable = true;
    }

    /// A reply went on for so long, and then fell silent.
    pub(super) fn fell_silent(&mut self, request: Request, lived_ms: i64) {
        self.hurry();
        self.lived(request, lived_ms, 2);
    }

    /// A stream went on for so long, and was cut.
    pub(super) fn was_cut(&mut self, request: Request, lived_ms: i64) {
        self.lived(request, lived_ms, 1);
    }

    fn lived(&mut self, request: Request, lived_ms: i64, points: u32) {
        if request == Request::Stream {
            self.short_lives = if lived_ms < SHORT_LIFE { self.short_lives + points } else { 0 };
            self.doubted = self.short_lives >= DOUBTFUL;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_without_a_first_event_is_replaced_by_replies_that_end() {
        let mut line = Transport::default();
        assert_eq!(line.request(true, false), Request::Stream);
        assert_eq!(line.patience(Request::Stream, 0), 10_000);
        assert_eq!(line.unanswered(Request::Stream), Next::Again);
        assert_eq!(line.request(true, false), Request::LongPoll);
        assert!(line.answered(Request::LongPoll), "streams are held back");
        assert_eq!(line.request(true, true), Request::LongPoll);
    }

    #[test]
    fn dead_line_does_not_count_as_a_blocked_stream() {
        let mut line = Transport::default();
        assert_eq!(line.unanswered(Request::Stream), Next::Again);
        assert_eq!(line.unanswered(Request::LongPoll), Next::Wait);
        assert_eq!(line.request(true, false), Request::Stream);
        assert!(!line.answered(Request::Stream));
    }

    #[test]
    fn refused_stream_is_blocked_only_if_the_gateway_answers_otherwise() {
        let mut line = Transport::default();
        assert_eq!(line.refused(Request::Stream), Next::Wait);
        line.reached();
        assert_eq!(line.refused(Request::Stream), Next::Again);
        assert_eq!(line.request(true, false), Request::LongPoll);
    }

    #[test]
    fn attempts_in_a_hurry_are_short_and_few() {
        let mut line = Transport::default();
        line.hurry();
        let quick: Vec<_> =
            (0..3).map(|_| (line.patience(Request::Stream, 0), line.unanswered(Request::Stream))).collect();
        assert_eq!(quick, [(700, Next::Again); 3]);
        assert_eq!((line.request(true, false), line.patience(Request::Stream, 0)), (Request::Stream, 10_000));
    }

    #[test]
    fn streams_that_die_early_again_and_again_are_doubted() {
        let mut line = Transport::default();
        line.answered(Request::Stream);
        line.fell_silent(Request::Stream, 11_000);
        assert_eq!(line.request(true, false), Request::Stream);
        line.fell_silent(Request::Stream, 60_000);
        line.fell_silent(Request::Stream, 11_000);
        assert_eq!(line.request(true, false), Request::Stream, "one of them lived");
        line.was_cut(Request::Stream, 10);
        line.was_cut(Request::Stream, 10);
        assert_eq!(line.request(true, false), Request::LongPoll);
    }

    #[test]
    fn page_that_may_not_stream_catches_up() {
        let line = Transport::default();
        assert_eq!(
            (line.request(false, false), line.request(false, true)),
            (Request::CatchUp, Request::CatchUp)
        );
        assert_eq!(line.patience(Request::CatchUp, 0), 6_000);
        assert_eq!(i64::from(line.patience(Request::LongPoll, POLL_SECONDS)), DEAD_AFTER);
    }
}
