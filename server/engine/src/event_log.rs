//! The event log of a session: numbered frames in a bounded ring buffer, followed by any number of readers.
//!
//! The session's actor appends; each reader keeps its position and pulls. Readers have no queues of their own, so a
//! slow reader costs no memory: it gets a gap once its next events have left the buffer.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};
use codex_gateway_wire::{EventId, EventName, event::GapReason, replace_newlines};
use tokio::sync::watch;

/// How much memory the buffered frames may take, in bytes, not counting one `state`. The newest frame is always kept.
pub const RING_BYTES: usize = 4 * 1024 * 1024;
/// What a frame takes beyond its own bytes: its slot in the ring buffer, which grows by doubling, two headers of the
/// allocator, and a reference count. Deltas are small, so this is about a quarter of the buffer.
const FRAME_OVERHEAD_BYTES: usize = 112;
/// How many bytes a reader takes at once.
const BATCH_BYTES: usize = 64 * 1024;

/// The event log of one session, for as long as the session is in memory.
#[derive(Debug)]
pub struct EventLog {
    epoch: String,
    ring: Mutex<Ring>,
    /// The number of the newest published event, and whether the log is closed after it.
    head: watch::Sender<(u64, bool)>,
}

#[derive(Debug)]
struct Ring {
    frames: VecDeque<Frame>,
    /// The number of the first frame.
    first: u64,
    /// The sum of [`Frame::cost`].
    bytes: usize,
    limit: usize,
    /// The newest `state`. A `state` is complete, so only the newest one is kept.
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
    /// The frame as it goes over the wire. Empty for a `state` that was replaced.
    bytes: Bytes,
}

impl Frame {
    /// Returns the bytes that count toward the limit. A `state` counts only its overhead: it can be as long as the
    /// conversation's newest part, and must not displace other events.
    fn cost(&self) -> usize {
        if self.name == EventName::State {
            FRAME_OVERHEAD_BYTES
        } else {
            self.bytes.len() + FRAME_OVERHEAD_BYTES
        }
    }
}

impl EventLog {
    /// Creates an empty log that takes about `limit` bytes of memory.
    pub fn new(limit: usize) -> Self {
        Self::starting_after(limit, 0)
    }

    /// As [`EventLog::new`], but the first event has the number `last + 1`. Used when a session is loaded from the
    /// store: the events up to `last` belong to an earlier epoch.
    pub fn starting_after(limit: usize, last: u64) -> Self {
        let epoch = std::iter::repeat_with(fastrand::alphanumeric).take(6).collect();
        let ring = Ring { frames: VecDeque::new(), first: last + 1, bytes: 0, limit, state: None };
        Self { epoch, ring: Mutex::new(ring), head: watch::Sender::new((last, false)) }
    }

    /// Returns the random id of this log. A session that is loaded again gets a log with a new epoch.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Returns the id of the newest event.
    pub fn last(&self) -> EventId {
        self.id(self.ring().last())
    }

    fn id(&self, seq: u64) -> EventId {
        EventId { epoch: self.epoch.clone(), seq }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event and returns its number. `write` produces the data as JSON. Readers see the event after
    /// [`EventLog::publish`].
    pub fn append(&self, name: EventName, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let mut ring = self.ring();
        let seq = ring.last() + 1;
        let bytes = sse_frame(Some((&self.epoch, seq)), name, write);
        ring.push(Frame { name, bytes });
        seq
    }

    /// Appends a `state` event and returns its number. `write` produces the data for most readers, `write_lean` for
    /// lean readers.
    pub fn append_state(
        &self,
        write: impl FnOnce(&mut Vec<u8>),
        write_lean: impl FnOnce(&mut Vec<u8>),
    ) -> u64 {
        let mut ring = self.ring();
        let seq = ring.last() + 1;
        let id = Some((self.epoch.as_str(), seq));
        let bytes = sse_frame(id, EventName::State, write);
        let lean = sse_frame(id, EventName::State, write_lean);
        ring.push(Frame { name: EventName::State, bytes });
        ring.replace_state(LatestState { seq, lean });
        seq
    }

    /// Makes the appended events visible to readers. The actor calls this once per batch of events.
    pub fn publish(&self) {
        let last = self.ring().last();
        self.head.send_replace((last, false));
    }

    /// Publishes the appended events and ends all readers after them.
    pub fn close(&self) {
        let last = self.ring().last();
        self.head.send_replace((last, true));
    }

    /// Creates a reader of the events after `seq` whose names are in `names`, a bit mask of [`EventName`]s.
    pub fn follow(self: &Arc<Self>, seq: u64, names: u16) -> LogReader {
        LogReader { log: Arc::clone(self), head: self.head.subscribe(), position: seq, names, is_lean: false }
    }

    /// Checks that all events after `id` can be replayed, and returns the number of `id`.
    ///
    /// # Errors
    /// The reason for the gap, if some of the events are not available.
    pub fn check_replay(&self, id: &EventId) -> Result<u64, GapReason> {
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

    /// Records the newest `state` and empties the frame of the one before.
    fn replace_state(&mut self, state: LatestState) {
        let before = self.state.replace(state);
        if let Some(index) = before.and_then(|state| state.seq.checked_sub(self.first))
            && let Ok(index) = usize::try_from(index)
            && let Some(frame) = self.frames.get_mut(index)
        {
            frame.bytes = Bytes::new();
        }
    }
}

/// Formats a server-sent event.
pub fn sse_frame(id: Option<(&str, u64)>, name: EventName, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut bytes = Vec::with_capacity(256);
    // Writing to a vector cannot fail.
    if let Some((epoch, seq)) = id {
        let _ = writeln!(bytes, "id: {epoch}:{seq}");
    }
    let _ = write!(bytes, "event: {}\ndata: ", name.as_str());
    let from = bytes.len();
    write(&mut bytes);
    replace_newlines(&mut bytes[from..]);
    bytes.extend_from_slice(b"\n\n");
    // Not `into`: the frame would keep the vector's spare capacity for as long as it is buffered.
    Bytes::copy_from_slice(&bytes)
}

/// A reader of an event log, with its position.
#[derive(Debug)]
pub struct LogReader {
    log: Arc<EventLog>,
    head: watch::Receiver<(u64, bool)>,
    /// The number of the last event that was returned or filtered out.
    position: u64,
    names: u16,
    is_lean: bool,
}

/// The result of [`LogReader::next`].
#[derive(Debug, PartialEq, Eq)]
pub enum ReadResult {
    /// One or more frames, concatenated.
    Frames(Bytes),
    /// The next events are no longer in the buffer, because the reader was too slow.
    Gap,
    /// The log is closed, and all its events were read.
    End,
}

impl LogReader {
    /// Returns the id of the last event that was returned, or filtered out because of its name.
    pub fn position(&self) -> EventId {
        self.log.id(self.position)
    }

    /// With `true`, each `state` comes in its lean form, without the parts that grow with the conversation.
    #[must_use]
    pub fn lean(self, lean: bool) -> Self {
        Self { is_lean: lean, ..self }
    }

    /// Continues after another event, such as the last one that a fresh `state` includes.
    pub fn skip_to(&mut self, seq: u64) {
        self.position = seq;
    }

    /// Waits for the next events. Cancel safe: no event is lost if the future is dropped.
    pub async fn next(&mut self) -> ReadResult {
        loop {
            let (last, closed) = *self.head.borrow_and_update();
            if self.position < last {
                match self.take(last) {
                    Some(bytes) if bytes.is_empty() => continue, // All of them were filtered out.
                    Some(bytes) => return ReadResult::Frames(bytes),
                    None => return ReadResult::Gap,
                }
            }
            if closed || self.head.changed().await.is_err() {
                return ReadResult::End;
            }
        }
    }

    /// Takes the frames after the reader's position, up to `last` and about [`BATCH_BYTES`]. `None` if the next frame
    /// has left the buffer.
    fn take(&mut self, last: u64) -> Option<Bytes> {
        let ring = self.log.ring();
        let skip = usize::try_from((self.position + 1).checked_sub(ring.first)?).ok()?;
        let mut first: Option<Bytes> = None;
        let mut joined = BytesMut::new();
        for frame in ring.frames.range(skip..) {
            if self.position == last || joined.len() >= BATCH_BYTES {
                break;
            }
            self.position += 1;
            if frame.name.mask() & self.names == 0 || frame.bytes.is_empty() {
                continue;
            }
            let bytes = match &ring.state {
                Some(state) if self.is_lean && state.seq == self.position => &state.lean,
                _ => &frame.bytes,
            };
            match &first {
                None => first = Some(bytes.clone()),
                Some(first) => {
                    if joined.is_empty() {
                        joined.extend_from_slice(first);
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

    const ALL_NAMES: u16 = u16::MAX;

    fn append(log: &EventLog, name: EventName, data: &str) -> u64 {
        let write = |bytes: &mut Vec<u8>| bytes.extend_from_slice(data.as_bytes());
        let seq = match name {
            EventName::State => log.append_state(write, |bytes| bytes.extend_from_slice(b"lean")),
            name => log.append(name, write),
        };
        log.publish();
        seq
    }

    fn text(read: ReadResult) -> String {
        match read {
            ReadResult::Frames(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn frame_is_a_server_sent_event() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        append(&log, EventName::Warning, r#"{"a":1}"#);
        let expected = format!("id: {}:1\nevent: warning\ndata: {{\"a\":1}}\n\n", log.epoch());
        assert_eq!(text(log.follow(0, ALL_NAMES).next().await), expected);
    }

    #[tokio::test]
    async fn reader_gets_all_events_after_its_position_in_order() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        for n in 1..=5 {
            append(&log, EventName::Notification, &n.to_string());
        }
        let mut reader = log.follow(2, ALL_NAMES);
        let read = text(reader.next().await);
        let data: Vec<&str> = read.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        assert_eq!(data, ["3", "4", "5"]);
        assert_eq!(reader.position(), log.last());
    }

    #[tokio::test]
    async fn waiting_reader_is_woken_by_a_new_event() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        let mut reader = log.follow(0, ALL_NAMES);
        let waiting = tokio::spawn(async move { reader.next().await });
        append(&log, EventName::Notification, "now");
        assert!(text(waiting.await.unwrap()).contains("data: now"));
    }

    #[tokio::test]
    async fn filtered_events_advance_the_position() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        append(&log, EventName::State, "no");
        append(&log, EventName::Notification, "yes");
        append(&log, EventName::State, "no");
        let mut reader = log.follow(0, EventName::Notification.mask());
        let read = text(reader.next().await);
        assert!(read.contains("yes") && !read.contains("no\n"));
        assert_eq!(reader.position(), log.last());
    }

    #[tokio::test]
    async fn slow_reader_gets_a_gap_and_continues_after_it() {
        let log = Arc::new(EventLog::new(500));
        let mut reader = log.follow(0, ALL_NAMES);
        for _ in 0..20 {
            append(&log, EventName::Notification, "0123456789");
        }
        assert_eq!(reader.next().await, ReadResult::Gap);
        reader.skip_to(20);
        append(&log, EventName::Notification, "more");
        assert!(text(reader.next().await).contains("more"));
    }

    #[tokio::test]
    async fn buffer_is_bounded_and_check_replay_names_the_reason_of_a_gap() {
        let log = EventLog::new(500);
        for _ in 0..20 {
            append(&log, EventName::Notification, "0123456789");
        }
        let id = |seq| EventId { epoch: log.epoch().to_owned(), seq };
        assert!(log.ring().bytes <= 500);
        assert_eq!(log.check_replay(&id(20)), Ok(20));
        assert_eq!(log.check_replay(&id(19)), Ok(19));
        assert_eq!(log.check_replay(&id(1)), Err(GapReason::TooOld));
        assert_eq!(log.check_replay(&id(21)), Err(GapReason::Unknown));
        assert_eq!(log.check_replay(&EventId { epoch: "x".into(), seq: 20 }), Err(GapReason::OtherEpoch));
    }

    #[tokio::test]
    async fn newer_state_replaces_the_older_one() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        append(&log, EventName::State, "old");
        append(&log, EventName::Notification, "between");
        append(&log, EventName::State, "new");
        let read = text(log.follow(0, ALL_NAMES).next().await);
        assert!(!read.contains("old") && read.contains("between") && read.contains("new"));
    }

    #[tokio::test]
    async fn long_state_displaces_no_other_event() {
        let log = Arc::new(EventLog::new(500));
        append(&log, EventName::Notification, "said");
        append(&log, EventName::State, &"x".repeat(5000));
        let read = text(log.follow(0, ALL_NAMES).next().await);
        assert!(read.contains("said") && read.contains("xxx"));
    }

    #[tokio::test]
    async fn end_comes_after_all_events() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        let mut reader = log.follow(0, ALL_NAMES);
        log.append(EventName::SessionClosed, |bytes| bytes.extend_from_slice(b"bye"));
        log.close();
        assert!(text(reader.next().await).contains("bye"));
        assert_eq!(reader.next().await, ReadResult::End);
    }

    #[tokio::test]
    async fn lean_reader_gets_the_lean_state_and_all_other_events() {
        let log = Arc::new(EventLog::new(RING_BYTES));
        append(&log, EventName::State, "old");
        append(&log, EventName::Notification, "1");
        append(&log, EventName::State, "new");
        let data = |read: ReadResult| -> Vec<String> {
            text(read).lines().filter_map(|line| line.strip_prefix("data: ").map(str::to_owned)).collect()
        };
        assert_eq!(data(log.follow(0, ALL_NAMES).lean(true).next().await), ["1", "lean"]);
        assert_eq!(data(log.follow(0, ALL_NAMES).next().await), ["1", "new"]);
    }
}
