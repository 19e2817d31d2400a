//! A client as a careful one is: it folds what it is told, goes on where it was, and takes the stream at its word.

use std::collections::BTreeMap;

use codex_gateway_wire::{
    Event as Folded, EventBody, EventId, EventName, Snapshot, Transcript,
    event::{Gap, GapReason},
};

use super::{Event, Events, Session};

/// How far a message had come with an event.
#[derive(Clone, Copy, Debug)]
struct Told {
    seq: u64,
    length: usize,
}

/// A reader that folds what it is told.
pub(crate) struct Reader {
    session: Session,
    events: Events,
    /// What it makes of what it was told.
    pub(crate) transcript: Transcript,
    /// The newest event that it has.
    pub(crate) last: EventId,
    /// The messages whose beginning it has heard, from their pieces.
    pub(crate) messages: BTreeMap<String, String>,
    told: BTreeMap<String, Vec<Told>>,
    /// It was told that something is missing.
    pub(crate) gaps: Vec<Gap>,
    /// An event is missing: a state, if a later one comes.
    hole: Option<u64>,
}

impl Reader {
    /// Begins with the snapshot, as a browser does.
    pub(crate) async fn of(session: &Session) -> Self {
        let session = session.again();
        let Snapshot { at, transcript, .. } = snapshot(&session).await;
        let events = open(&session, &at, true).await;
        Self {
            session,
            events,
            transcript,
            last: at,
            messages: BTreeMap::new(),
            told: BTreeMap::new(),
            gaps: Vec::new(),
            hole: None,
        }
    }

    /// Breaks the connection off and goes on after the last event; `header` says which way.
    pub(crate) async fn resume(&mut self, header: bool) {
        self.events = open(&self.session, &self.last, header).await;
    }

    /// The next event, taken; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let event = self.events.next().await?;
        self.take(&event).await;
        Some(event)
    }

    /// Takes one byte, whatever it belongs to.
    pub(crate) async fn read_byte(&mut self) {
        self.events.response.read_byte().await;
    }

    /// Reads up to the first event that is wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("the stream should go on");
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Reads up to the end of a turn.
    pub(crate) async fn end_of(&mut self, turn: &str) -> Event {
        self.until(|event| event.is("turn/completed") && event.json()["params"]["turn"]["id"] == turn).await
    }

    async fn take(&mut self, event: &Event) {
        match event.name.as_str() {
            "session" | "ping" => return,
            "gap" => return self.gap(event).await,
            _ => {}
        }
        let id: EventId = event.id.as_deref().expect("an id").parse().expect("an id");
        assert_eq!(id.epoch, self.last.epoch, "a stream stays in one epoch: {event:?}");
        assert!(id.seq > self.last.seq, "{id} comes after {}", self.last);
        if id.seq > self.last.seq + 1 {
            self.hole.get_or_insert(self.last.seq + 1);
        }
        let name = EventName::parse(&event.name).unwrap_or_else(|| panic!("{event:?}"));
        if name == EventName::State {
            // A state that a later one replaces before it was read is left out; nothing else is.
            self.hole = None;
        }
        if let Some(body) = EventBody::parse(name, &event.data) {
            self.transcript.apply(&Folded { seq: id.seq, body });
        }
        self.hear(event, id.seq);
        self.last = id;
    }

    /// Follows what messages say, without the fold.
    fn hear(&mut self, event: &Event, seq: u64) {
        let agent_message = |event: &Event| event.data.contains("\"agentMessage\"");
        if event.is("item/started") && agent_message(event) {
            let id = event.json()["params"]["item"]["id"].as_str().unwrap().to_owned();
            self.messages.insert(id.clone(), String::new());
            self.told.insert(id, vec![Told { seq, length: 0 }]);
        } else if event.is("item/agentMessage/delta") {
            let params = event.json()["params"].clone();
            let id = params["itemId"].as_str().unwrap();
            if let Some(text) = self.messages.get_mut(id) {
                text.push_str(params["delta"].as_str().unwrap());
                self.told.get_mut(id).unwrap().push(Told { seq, length: text.len() });
            }
        } else if event.is("item/completed") && agent_message(event) {
            let item = event.json()["params"]["item"].clone();
            if let Some(text) = self.messages.get(item["id"].as_str().unwrap()) {
                assert_eq!(item["text"], *text, "its pieces are the whole, none missing and none twice");
            }
        }
    }

    /// Something is missing: the snapshot has it, and what follows goes on after the state that comes next.
    async fn gap(&mut self, event: &Event) {
        let gap: Gap = serde_json::from_str(&event.data).unwrap();
        if gap.reason == GapReason::SlowReader {
            assert!(gap.from.seq >= self.last.seq, "it begins where the reader was: {gap:?}");
        } else {
            assert_eq!(gap.from, self.last, "it begins where the reader was");
        }
        let state = self.events.expect("state").await;
        assert_eq!(state.id, Some(gap.to.to_string()), "the state is what the gap leads to");
        let Snapshot { at, transcript, .. } = snapshot(&self.session).await;
        (self.transcript, self.last, self.hole) = (transcript, at, None);
        (self.messages, self.told) = (BTreeMap::new(), BTreeMap::new());
        self.gaps.push(gap);
        self.events = open(&self.session, &self.last, true).await;
    }

    /// How long a message was, as far as it was told up to an event.
    pub(crate) fn length_at(&self, message: &str, seq: u64) -> Option<usize> {
        self.told[message].iter().rev().find(|told| told.seq <= seq).map(|told| told.length)
    }

    /// Reads on to where the gateway is now, and has what it has.
    pub(crate) async fn has_what_the_gateway_has(&mut self) -> Snapshot {
        let snapshot = snapshot(&self.session).await;
        while self.last.seq < snapshot.at.seq {
            self.next().await.expect("the stream should go on");
        }
        assert_eq!(self.hole, None, "an event that is no state is missing");
        // A state is no event of the fold: it only moves the place at which a transcript stands.
        let (mut own, mut theirs) = (self.transcript.clone(), snapshot.transcript.clone());
        (own.as_of, theirs.as_of) = (0, 0);
        if self.last.seq == snapshot.at.seq {
            assert_eq!(own, theirs);
        }
        snapshot
    }
}

async fn open(session: &Session, at: &EventId, header: bool) -> Events {
    let mut events = if header {
        session.events_after(&at.to_string()).await
    } else {
        session.events(&format!("?since={at}")).await
    };
    events.expect("session").await;
    events
}

/// What a browser begins with.
pub(crate) async fn snapshot(session: &Session) -> Snapshot {
    let reply = session.client.get(&session.path("/snapshot")).await;
    reply.ok();
    serde_json::from_slice(&reply.body).unwrap()
}
