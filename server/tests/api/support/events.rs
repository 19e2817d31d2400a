//! A reader of an event stream.

use std::collections::VecDeque;

use serde_json::Value;

use super::{contract, http::Response, within};

/// An event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: String,
    /// All its bytes.
    pub(crate) raw: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }

    /// The method, of a notification or a request of codex.
    pub(crate) fn method(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether it is codex's notification of this method.
    pub(crate) fn is(&self, method: &str) -> bool {
        // Reading the whole JSON of every event would be slow.
        self.name == "notification" && self.data.starts_with(&format!("{{\"method\":\"{method}\","))
    }

    /// The number in its id.
    pub(crate) fn seq(&self) -> u64 {
        let id = self.id.as_deref().unwrap_or_else(|| panic!("{} has no id", self.name));
        id.split_once(':').unwrap().1.parse().unwrap()
    }
}

/// A reader of an event stream.
pub(crate) struct Events {
    pub(crate) response: Response,
    /// What came, but is no whole event yet.
    bytes: Vec<u8>,
    /// What came, but was not asked for yet.
    queue: VecDeque<Event>,
}

impl Events {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, bytes: Vec::new(), queue: VecDeque::new() }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        within("the next event", async {
            while self.queue.is_empty() {
                self.bytes.extend(self.response.piece().await?);
                if let Some(end) = self.bytes.windows(2).rposition(|two| two == b"\n\n") {
                    let whole = String::from_utf8(self.bytes.drain(..end + 2).collect()).unwrap();
                    self.queue.extend(whole.split_inclusive("\n\n").filter_map(parse));
                }
            }
            self.queue.pop_front()
        })
        .await
    }

    /// The next event, which must be of this name.
    pub(crate) async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// The events up to the first that is wanted, that one included.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        // There is always a next event: the sign of life.
        let reading = async {
            loop {
                let Some(event) = self.next().await else { panic!("the stream ended") };
                let found = wanted(&event);
                events.push(event);
                if found {
                    return;
                }
            }
        };
        within("an event that is waited for", reading).await;
        events
    }

    /// The first event that is wanted.
    pub(crate) async fn find(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        self.until(wanted).await.pop().unwrap()
    }

    /// The next notification of this method.
    pub(crate) async fn notification(&mut self, method: &str) -> Event {
        self.find(|event| event.is(method)).await
    }

    /// The events of a turn: up to the `state` that follows its end.
    pub(crate) async fn turn(&mut self) -> Vec<Event> {
        let mut events = self.until(|event| event.is("turn/completed")).await;
        events.extend(self.until(|event| event.name == "state").await);
        events
    }

    /// All that is left, to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// Reads an event; none if it is only a comment, or only says how fast to connect again.
fn parse(raw: &str) -> Option<Event> {
    let (mut id, mut name, mut data) = (None, None, None);
    for line in raw.lines() {
        match line.split_once(": ") {
            Some(("id", value)) => id = Some(value.to_owned()),
            Some(("event", value)) => name = Some(value.to_owned()),
            Some(("data", value)) => {
                assert_eq!(data.replace(value.to_owned()), None, "one line of data: {raw}");
            }
            Some(("" | "retry", _)) => {}
            _ => assert!(line.is_empty(), "not a line of an event: {line:?}"),
        }
    }
    let (name, data) = name.zip(data)?;
    if name != "notification" {
        contract::check_event(&name, &data);
    }
    Some(Event { id, name, data, raw: raw.to_owned() })
}
