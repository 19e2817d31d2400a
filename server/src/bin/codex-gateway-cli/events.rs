//! The session's events, as its log has them.

use codex_gateway_wire::{EventBody, EventName};
use serde::Serialize;
use serde_json::value::RawValue;

/// The events that are shown: the state only says again what they have said.
pub(crate) const SHOWN: u16 = !(EventName::State.bit() | EventName::Raw.bit());

/// An event.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub name: EventName,
    id: Option<&'a str>,
    data: &'a str,
}

impl<'a> Event<'a> {
    /// The events that stand in these frames.
    pub(crate) fn all(frames: &'a str) -> impl Iterator<Item = Self> {
        frames.split("\n\n").filter_map(|frame| {
            let field =
                |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            Some(Self { name: EventName::parse(field("event")?)?, id: field("id"), data: field("data")? })
        })
    }

    /// What it says, as far as it is known.
    pub(crate) fn body(&self) -> Option<EventBody> {
        EventBody::parse(self.name, self.data)
    }

    /// It as a line of JSON.
    pub(crate) fn line(&self) -> Option<String> {
        line(self.name, self.id, &serde_json::from_str::<&RawValue>(self.data).ok()?)
    }
}

/// A line of JSON.
pub(crate) fn line(name: EventName, id: Option<&str>, data: &impl Serialize) -> Option<String> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        event: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        data: &'a T,
    }
    serde_json::to_string(&Line { event: name.as_str(), id, data }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_lines_of_json() {
        let frames = "id: a:1\nevent: warning\ndata: {\"type\":\"other\",\"message\":\"m\",\"detail\":null}\n\n: nothing\n\n\
                      event: queue\ndata: {\"items\":[]}\n\n";
        let events: Vec<_> = Event::all(frames).collect();
        let lines: Vec<_> = events.iter().filter_map(Event::line).collect();
        assert_eq!(
            lines,
            [
                r#"{"event":"warning","id":"a:1","data":{"type":"other","message":"m","detail":null}}"#,
                r#"{"event":"queue","data":{"items":[]}}"#
            ]
        );
        assert!(matches!(events[0].body(), Some(EventBody::Warning(warning)) if warning.message == "m"));
    }
}
