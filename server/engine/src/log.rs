//! The event log of a session: numbered frames in a bounded ring, followed by any number of readers.
//!
//! The session's actor writes; readers keep a place and pull. Nobody has a queue of their own, so a slow
//! reader costs nothing but, in the end, a gap that it is told of.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};
use codex_gateway_wire::{EventId, EventName, event::GapReason};
use tokio::sync::watch;

use crate::one_line::in_one_line;

/// How much memory the frames that are kept may take, in bytes, beside one `state`. The newest one always is.
pub const RING: usize = 4 * 1024 * 1024;
/// What a frame takes beyond its own bytes: its place in the ring, which grows by doubling, two headers of
/// the allocator's, and the count of those who hold it. Deltas are small: it is a quarter of the ring.
const OVERHEAD: usize = 112;
/// How many bytes a reader takes at once.
const BATCH: usize = 64 * 1024;

/// The log of one session, from its start to its end.
#[derive(Debug)]
pub struct Log {
    epoch: String,
    ring: Mutex<Ring>,
    /// The number of the newest event that readers shall see, and whether it is the last one.
    head: watch::Sender<(u64, bool)>,
}

#[derive(Debug)]
struct Ring {
    frames: VecDeque<Frame>,
    /// The number of the first frame.
    first: u64,
    /// What the frames take.
    bytes: usize,
    limit: usize,
    /// The newest `state`. A later one says all that an earlier one did, so only one is kept.
    state: Option<LatestState>,
}

/// The newest `state` of a log.
#[derive(Debug)]
struct LatestState {
    seq: u64,
    /// Its frame for lean readers.
    lean: Bytes,
}

#[derive(Debug)]
struct Frame {
    name: EventName,
    /// As it goes over the wire; empty for a `state` that was replaced.
    bytes: Bytes,
}

impl Frame {
    /// What it counts for. The one `state` that is kept can be as long as the conversation's newest part; it
    /// must not drive out what was said.
    fn cost(&self) -> usize {
        if self.name == EventName::State { OVERHEAD } else { self.bytes.len() + OVERHEAD }
    }
}

impl Log {
    /// An empty log that takes about `limit` bytes of memory.
    pub fn new(limit: usize) -> Self {
        Self::after(limit, 0)
    }

    /// The same, whose first event comes after that number: what went before it is of another life.
    pub fn after(limit: usize, last: u64) -> Self {
        let epoch = std::iter::repeat_with(fastrand::alphanumeric).take(6).collect();
        let ring = Ring { frames: VecDeque::new(), first: last + 1, bytes: 0, limit, state: None };
        Self { epoch, ring: Mutex::new(ring), head: watch::Sender::new((last, false)) }
    }

    /// The life of the log.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The id of the newest event.
    pub fn last(&self) -> EventId {
        self.id(self.ring().last())
    }

    fn id(&self, seq: u64) -> EventId {
        EventId { epoch: self.epoch.clone(), seq }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event whose data `write` produces: one line of JSON. Returns its number.
    /// Readers see it after [`Log::publish`].
    pub fn append(&self, name: EventName, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let mut ring = self.ring();
        let seq = ring.last() + 1;
        let bytes = frame(Some((&self.epoch, seq)), name, write);
        ring.push(Frame { name, bytes });
        seq
    }

    /// Appends a `state`, whose data `write` produces for most readers and `write_lean` for lean ones.
    pub fn append_state(
        &self,
        write: impl FnOnce(&mut Vec<u8>),
        write_lean: impl FnOnce(&mut Vec<u8>),
    ) -> u64 {
        let mut ring = self.ring();
        let seq = ring.last() + 1;
        let id = Some((self.epoch.as_str(), seq));
        let bytes = frame(id, EventName::State, write);
        let lean = frame(id, EventName::State, write_lean);
        ring.push(Frame { name: EventName::State, bytes });
        ring.replace_state(LatestState { seq, lean });
        seq
    }

    /// Lets readers see what was appended. The actor calls it once for many events that came at once.
    pub fn publish(&self) {
        let last = self.ring().last();
        self.head.send_replace((last, false));
    }

    /// Lets readers see what was appended, and ends their streams after it.
    pub fn close(&self) {
        let last = self.ring().last();
        self.head.send_replace((last, true));
    }

    /// A reader of the events after `seq`, of those whose names are in `names` (a set of [`EventName::bit`]s).
    pub fn follow(self: &Arc<Self>, seq: u64, names: u16) -> Follower {
        Follower { log: Arc::clone(self), head: self.head.subscribe(), at: seq, names, lean: false }
    }

    /// Whether all events after this one can be replayed, and why not.
    ///
    /// # Errors
    /// The reason for the gap.
    pub fn replayable(&self, id: &EventId) -> Result<u64, GapReason> {
        if id.epoch != self.epoch {
            return Err(GapReason::OtherEpoch);
        }
        let ring = self.ring();
        if id.seq > ring.last() {
            return Err(GapReason::Unknown);
        }
        if id.seq + 1 < ring.first {
            return Err(GapReason::TooOld);
        }
        Ok(id.seq)
    }
}

impl Ring {
    fn last(&self) -> u64 {
        self.first + self.frames.len() as u64 - 1
    }

    fn push(&mut self, frame: Frame) {
        self.bytes += frame.cost();
        self.frames.push_back(frame);
        while self.bytes > self.limit && self.frames.len() > 1 {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.cost();
                self.first += 1;
            }
        }
    }

    /// Drops the `state` before this one.
    fn replace_state(&mut self, state: LatestState) {
        let before = self.state.replace(state);
        if let Some(replaced) = before.and_then(|state| state.seq.checked_sub(self.first))
            && let Ok(at) = usize::try_from(replaced)
            && let Some(replaced) = self.frames.get_mut(at)
        {
            replaced.bytes = Bytes::new();
        }
    }
}

/// A server-sent event as it goes over the wire.
pub fn frame(id: Option<(&str, u64)>, name: EventName, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut bytes = Vec::with_capacity(256);
    // Writing to a vector cannot fail.
    if let Some((epoch, seq)) = id {
        let _ = writeln!(bytes, "id: {epoch}:{seq}");
    }
    let _ = write!(bytes, "event: {}\ndata: ", name.as_str());
    let from = bytes.len();
    write(&mut bytes);
    in_one_line(&mut bytes[from..]);
    bytes.extend_from_slice(b"\n\n");
    // Not `into`: the frame would keep what the vector has to spare, as long as it is in the ring.
    Bytes::copy_from_slice(&bytes)
}

/// One reader's place in a log.
#[derive(Debug)]
pub struct Follower {
    log: Arc<Log>,
    head: watch::Receiver<(u64, bool)>,
    /// The last event that was given out, or left out.
    at: u64,
    names: u16,
    lean: bool,
}

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// One or more frames, put together.
    Frames(Bytes),
    /// The next events are no longer kept: the reader was too slow.
    Gap,
    /// There is nothing more to come.
    End,
}

impl Follower {
    /// The id of the last event that was given out, or left out because of its name.
    pub fn at(&self) -> EventId {
        self.log.id(self.at)
    }

    /// With `true`, gets each `state` without what grows with the conversation.
    #[must_use]
    pub fn lean(self, lean: bool) -> Self {
        Self { lean, ..self }
    }

    /// Goes on after another event: the one that a fresh state includes.
    pub fn skip_to(&mut self, seq: u64) {
        self.at = seq;
    }

    /// Waits for what comes next. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Read {
        loop {
            let (last, closed) = *self.head.borrow_and_update();
            if self.at < last {
                match self.take(last) {
                    Some(bytes) if bytes.is_empty() => continue, // All of these were left out.
                    Some(bytes) => return Read::Frames(bytes),
                    None => return Read::Gap,
                }
            }
            if closed || self.head.changed().await.is_err() {
                return Read::End;
            }
        }
    }

    /// The frames after the reader's place, up to `last` and about [`BATCH`] bytes. `None` if they are gone.
    fn take(&mut self, last: u64) -> Option<Bytes> {
        let ring = self.log.ring();
        let skip = usize::try_from((self.at + 1).checked_sub(ring.first)?).ok()?;
        let mut first: Option<Bytes> = None;
        let mut joined = BytesMut::new();
        for frame in ring.frames.range(skip..) {
            if self.at == last || joined.len() >= BATCH {
                break;
            }
            self.at += 1;
            if frame.name.bit() & self.names == 0 || frame.bytes.is_empty() {
                continue;
            }
            let bytes = match &ring.state {
                Some(state) if self.lean && state.seq == self.at => &state.lean,
                _ => &frame.bytes,
            };
            match &first {
                None => first = Some(bytes.clone()),
                Some(one) => {
                    if joined.is_empty() {
                        joined.extend_from_slice(one);
                    }
                    joined.extend_from_slice(bytes);
                }
            }
        }
        Some(if joined.is_empty() { first.unwrap_or_default() } else { joined.freeze() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u16 = u16::MAX;

    fn append(log: &Log, name: EventName, data: &str) -> u64 {
        let write = |bytes: &mut Vec<u8>| bytes.extend_from_slice(data.as_bytes());
        let seq = match name {
            EventName::State => log.append_state(write, |bytes| bytes.extend_from_slice(b"lean")),
            name => log.append(name, write),
        };
        log.publish();
        seq
    }

    fn text(read: Read) -> String {
        match read {
            Read::Frames(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_frame_is_a_server_sent_event() {
        let log = Arc::new(Log::new(RING));
        append(&log, EventName::Warning, r#"{"a":1}"#);
        let expected = format!("id: {}:1\nevent: warning\ndata: {{\"a\":1}}\n\n", log.epoch());
        assert_eq!(text(log.follow(0, ALL).next().await), expected);
    }

    #[tokio::test]
    async fn a_reader_gets_everything_after_its_place_in_order() {
        let log = Arc::new(Log::new(RING));
        for n in 1..=5 {
            append(&log, EventName::Notification, &n.to_string());
        }
        let mut reader = log.follow(2, ALL);
        let read = text(reader.next().await);
        let data: Vec<&str> = read.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        assert_eq!(data, ["3", "4", "5"]);
        assert_eq!(reader.at(), log.last());
    }

    #[tokio::test]
    async fn a_reader_waits_and_is_woken() {
        let log = Arc::new(Log::new(RING));
        let mut reader = log.follow(0, ALL);
        let waiting = tokio::spawn(async move { reader.next().await });
        append(&log, EventName::Notification, "now");
        assert!(text(waiting.await.unwrap()).contains("data: now"));
    }

    #[tokio::test]
    async fn names_are_left_out_but_the_place_moves() {
        let log = Arc::new(Log::new(RING));
        append(&log, EventName::State, "no");
        append(&log, EventName::Notification, "yes");
        append(&log, EventName::State, "no");
        let mut reader = log.follow(0, EventName::Notification.bit());
        let read = text(reader.next().await);
        assert!(read.contains("yes") && !read.contains("no\n"));
        assert_eq!(reader.at(), log.last());
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_told() {
        let log = Arc::new(Log::new(500));
        let mut reader = log.follow(0, ALL);
        for _ in 0..20 {
            append(&log, EventName::Notification, "0123456789");
        }
        assert_eq!(reader.next().await, Read::Gap);
        reader.skip_to(20);
        append(&log, EventName::Notification, "more");
        assert!(text(reader.next().await).contains("more"));
    }

    #[tokio::test]
    async fn the_ring_is_bounded_and_says_what_it_can_replay() {
        let log = Log::new(500);
        for _ in 0..20 {
            append(&log, EventName::Notification, "0123456789");
        }
        let id = |seq| EventId { epoch: log.epoch().to_owned(), seq };
        assert!(log.ring().bytes <= 500);
        assert_eq!(log.replayable(&id(20)), Ok(20));
        assert_eq!(log.replayable(&id(19)), Ok(19));
        assert_eq!(log.replayable(&id(1)), Err(GapReason::TooOld));
        assert_eq!(log.replayable(&id(21)), Err(GapReason::Unknown));
        assert_eq!(log.replayable(&EventId { epoch: "x".into(), seq: 20 }), Err(GapReason::OtherEpoch));
    }

    #[tokio::test]
    async fn a_later_state_replaces_an_earlier_one() {
        let log = Arc::new(Log::new(RING));
        append(&log, EventName::State, "old");
        append(&log, EventName::Notification, "between");
        append(&log, EventName::State, "new");
        let read = text(log.follow(0, ALL).next().await);
        assert!(!read.contains("old") && read.contains("between") && read.contains("new"));
    }

    #[tokio::test]
    async fn a_long_state_drives_out_nothing_that_was_said() {
        let log = Arc::new(Log::new(500));
        append(&log, EventName::Notification, "said");
        append(&log, EventName::State, &"x".repeat(5000));
        let read = text(log.follow(0, ALL).next().await);
        assert!(read.contains("said") && read.contains("xxx"));
    }

    #[tokio::test]
    async fn an_end_comes_after_everything() {
        let log = Arc::new(Log::new(RING));
        let mut reader = log.follow(0, ALL);
        log.append(EventName::SessionClosed, |bytes| bytes.extend_from_slice(b"bye"));
        log.close();
        assert!(text(reader.next().await).contains("bye"));
        assert_eq!(reader.next().await, Read::End);
    }

    #[tokio::test]
    async fn lean_reader_gets_the_lean_state_and_all_other_events() {
        let log = Arc::new(Log::new(RING));
        append(&log, EventName::State, "old");
        append(&log, EventName::Notification, "1");
        append(&log, EventName::State, "new");
        let data = |read: Read| -> Vec<String> {
            text(read).lines().filter_map(|line| line.strip_prefix("data: ").map(str::to_owned)).collect()
        };
        assert_eq!(data(log.follow(0, ALL).lean(true).next().await), ["1", "lean"]);
        assert_eq!(data(log.follow(0, ALL).next().await), ["1", "new"]);
    }
}
