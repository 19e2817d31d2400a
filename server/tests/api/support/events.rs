//! A client of an event stream.

use std::collections::VecDeque;

use serde_json::Value;

use super::{contract, http::Response, within};

/// An event as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: String,
    /// The complete frame.
    pub(crate) raw: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }

    /// The method of a codex notification or request; empty for other events.
    pub(crate) fn method(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns `true` if it is a codex notification of this method.
    pub(crate) fn is_notification(&self, method: &str) -> bool {
        // Parsing the JSON of every event would be slow.
        self.name == "notification" && self.data.starts_with(&format!("{{\"method\":\"{method}\","))
    }

    /// The sequence number in the id.
    pub(crate) fn seq(&self) -> u64 {
        let id = self.id.as_deref().unwrap_or_else(|| panic!("{} has no id", self.name));
        id.split_once(':').unwrap().1.parse().unwrap()
    }
}

/// An open event stream.
pub(crate) struct EventStream {
    pub(crate) response: Response,
    /// Received bytes that are not a complete event yet.
    buffer: Vec<u8>,
    /// Parsed events that the test has not taken yet.
    queue: VecDeque<Event>,
}

impl EventStream {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, buffer: Vec::new(), queue: VecDeque::new() }
    }

    /// Returns the next event, or `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        within("the next event", async {
            while self.queue.is_empty() {
                self.buffer.extend(self.response.next_chunk().await?);
                if let Some(end) = self.buffer.windows(2).rposition(|two| two == b"\n\n") {
                    let complete = String::from_utf8(self.buffer.drain(..end + 2).collect()).unwrap();
                    self.queue.extend(complete.split_inclusive("\n\n").filter_map(parse));
                }
            }
            self.queue.pop_front()
        })
        .await
    }

    /// Returns the next event and asserts its name.
    pub(crate) async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// Returns the events up to and including the first one that matches.
    pub(crate) async fn until(&mut self, matches: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        // Pings keep arriving, so the deadline of `next` alone would never pass.
        let reading = async {
            loop {
                let Some(event) = self.next().await else { panic!("the stream ended") };
                let found = matches(&event);
                events.push(event);
                if found {
                    return;
                }
            }
        };
        within("a matching event", reading).await;
        events
    }

    /// Skips events up to the first one that matches, and returns that one.
    pub(crate) async fn find(&mut self, matches: impl Fn(&Event) -> bool) -> Event {
        self.until(matches).await.pop().unwrap()
    }

    /// Skips events up to the next notification of this method.
    pub(crate) async fn notification(&mut self, method: &str) -> Event {
        self.find(|event| event.is_notification(method)).await
    }

    /// Returns the events up to the end of the turn, and on to the `state` that follows.
    pub(crate) async fn rest_of_turn(&mut self) -> Vec<Event> {
        let mut events = self.until(|event| event.is_notification("turn/completed")).await;
        events.extend(self.until(|event| event.name == "state").await);
        events
    }

    /// Returns all remaining events up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// Parses a frame. Returns `None` for a comment and for a frame that only has a `retry` field.
fn parse(raw: &str) -> Option<Event> {
    let (mut id, mut name, mut data) = (None, None, None);
    for line in raw.lines() {
        match line.split_once(": ") {
            Some(("id", value)) => id = Some(value.to_owned()),
            Some(("event", value)) => name = Some(value.to_owned()),
            Some(("data", value)) => {
                assert_eq!(data.replace(value.to_owned()), None, "an event has one line of data: {raw}");
            }
            Some(("" | "retry", _)) => {}
            _ => assert!(line.is_empty(), "unknown field of an event: {line:?}"),
        }
    }
    let (name, data) = name.zip(data)?;
    if name != "notification" {
        contract::check_event(&name, &data);
    }
    Some(Event { id, name, data, raw: raw.to_owned() })
}
