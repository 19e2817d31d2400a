//! A client that folds the event stream into a transcript, resumes it, and checks its guarantees.

use std::collections::BTreeMap;

use codex_gateway_wire::{
    Event as Folded, EventBody, EventId, EventName, Snapshot, Transcript,
    event::{Gap, GapReason},
};

use super::{Event, EventStream, Session};

/// Length of a message after an event.
#[derive(Clone, Copy, Debug)]
struct Progress {
    seq: u64,
    length: usize,
}

/// A client that folds the event stream into a transcript.
pub(crate) struct TranscriptReader {
    session: Session,
    events: EventStream,
    /// The transcript so far.
    pub(crate) transcript: Transcript,
    /// Id of the newest folded event.
    pub(crate) last: EventId,
    /// Texts by item id, concatenated from deltas. Only messages whose start was received.
    pub(crate) messages: BTreeMap<String, String>,
    progress: BTreeMap<String, Vec<Progress>>,
    /// All `gap` events so far.
    pub(crate) gaps: Vec<Gap>,
    /// A skipped sequence number. Only a `state` may be skipped, if a later one follows.
    skipped: Option<u64>,
}

impl TranscriptReader {
    /// Starts with a snapshot, as a browser does.
    pub(crate) async fn open(session: &Session) -> Self {
        let session = session.clone();
        let Snapshot { at, transcript, .. } = snapshot(&session).await;
        let events = open_stream(&session, &at, true).await;
        Self {
            session,
            events,
            transcript,
            last: at,
            messages: BTreeMap::new(),
            progress: BTreeMap::new(),
            gaps: Vec::new(),
            skipped: None,
        }
    }

    /// Reconnects after the last event, named in `Last-Event-ID` if `header`, otherwise in the query.
    pub(crate) async fn resume(&mut self, header: bool) {
        self.events = open_stream(&self.session, &self.last, header).await;
    }

    /// Receives and folds the next event. Returns `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let event = self.events.next().await?;
        self.apply(&event).await;
        Some(event)
    }

    /// Reads one byte from the connection.
    pub(crate) async fn read_byte(&mut self) {
        self.events.response.read_byte().await;
    }

    /// Reads up to the first event that matches.
    pub(crate) async fn until(&mut self, matches: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("the stream should continue");
            if matches(&event) {
                return event;
            }
        }
    }

    /// Reads up to the end of a turn.
    pub(crate) async fn until_turn_end(&mut self, turn: &str) -> Event {
        self.until(|event| {
            event.is_notification("turn/completed") && event.json()["params"]["turn"]["id"] == turn
        })
        .await
    }

    async fn apply(&mut self, event: &Event) {
        match event.name.as_str() {
            "session" | "ping" => return,
            "gap" => return self.gap(event).await,
            _ => {}
        }
        let id: EventId = event.id.as_deref().expect("an id").parse().expect("an id");
        assert_eq!(id.epoch, self.last.epoch, "all events of a stream have one epoch: {event:?}");
        assert!(id.seq > self.last.seq, "{id} comes after {}", self.last);
        if id.seq > self.last.seq + 1 {
            self.skipped.get_or_insert(self.last.seq + 1);
        }
        let name = EventName::parse(&event.name).unwrap_or_else(|| panic!("{event:?}"));
        if name == EventName::State {
            // Only a `state` may be skipped, when a later one replaces it before it is read.
            self.skipped = None;
        }
        if let Some(body) = EventBody::parse(name, &event.data) {
            self.transcript.apply(&Folded { seq: id.seq, body });
        }
        self.record_message(event, id.seq);
        self.last = id;
    }

    /// Concatenates the deltas of agent messages, independently of the fold.
    fn record_message(&mut self, event: &Event, seq: u64) {
        let agent_message = |event: &Event| event.data.contains("\"agentMessage\"");
        if event.is_notification("item/started") && agent_message(event) {
            let id = event.json()["params"]["item"]["id"].as_str().unwrap().to_owned();
            self.messages.insert(id.clone(), String::new());
            self.progress.insert(id, vec![Progress { seq, length: 0 }]);
        } else if event.is_notification("item/agentMessage/delta") {
            let params = event.json()["params"].clone();
            let id = params["itemId"].as_str().unwrap();
            if let Some(text) = self.messages.get_mut(id) {
                text.push_str(params["delta"].as_str().unwrap());
                self.progress.get_mut(id).unwrap().push(Progress { seq, length: text.len() });
            }
        } else if event.is_notification("item/completed") && agent_message(event) {
            let item = event.json()["params"]["item"].clone();
            if let Some(text) = self.messages.get(item["id"].as_str().unwrap()) {
                assert_eq!(item["text"], *text, "the deltas add up to the completed message");
            }
        }
    }

    /// Handles a gap: loads a snapshot and resumes the stream after it.
    async fn gap(&mut self, event: &Event) {
        let gap: Gap = serde_json::from_str(&event.data).unwrap();
        if gap.reason == GapReason::SlowReader {
            assert!(gap.from.seq >= self.last.seq, "a gap starts at the reader's position: {gap:?}");
        } else {
            assert_eq!(gap.from, self.last, "a gap starts at the reader's position");
        }
        let state = self.events.expect("state").await;
        assert_eq!(state.id, Some(gap.to.to_string()), "the gap ends at the following state");
        let Snapshot { at, transcript, .. } = snapshot(&self.session).await;
        (self.transcript, self.last, self.skipped) = (transcript, at, None);
        (self.messages, self.progress) = (BTreeMap::new(), BTreeMap::new());
        self.gaps.push(gap);
        self.events = open_stream(&self.session, &self.last, true).await;
    }

    /// Returns the length of a message as of an event. `None` if the message starts later.
    pub(crate) fn message_length_at(&self, message: &str, seq: u64) -> Option<usize> {
        self.progress[message].iter().rev().find(|at| at.seq <= seq).map(|at| at.length)
    }

    /// Reads up to the gateway's current event, and asserts that both transcripts are equal.
    pub(crate) async fn assert_in_sync(&mut self) -> Snapshot {
        let snapshot = snapshot(&self.session).await;
        while self.last.seq < snapshot.at.seq {
            self.next().await.expect("the stream should continue");
        }
        assert_eq!(self.skipped, None, "an event other than a state is missing");
        // A `state` does not change a transcript, except for `as_of`.
        let (mut own, mut theirs) = (self.transcript.clone(), snapshot.transcript.clone());
        (own.as_of, theirs.as_of) = (0, 0);
        if self.last.seq == snapshot.at.seq {
            assert_eq!(own, theirs);
        }
        snapshot
    }
}

async fn open_stream(session: &Session, at: &EventId, header: bool) -> EventStream {
    let mut events = if header {
        session.events_after(&at.to_string()).await
    } else {
        session.events(&format!("?since={at}")).await
    };
    events.expect("session").await;
    events
}

/// Loads the snapshot with which a browser starts.
pub(crate) async fn snapshot(session: &Session) -> Snapshot {
    let reply = session.client.get(&session.path("/snapshot")).await;
    reply.ok();
    serde_json::from_slice(&reply.body).unwrap()
}
