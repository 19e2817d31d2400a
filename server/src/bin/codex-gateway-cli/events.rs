//! Events of the session's log.

use codex_gateway_wire::{EventBody, EventName};
use serde::Serialize;
use serde_json::value::RawValue;

/// Mask of the events to show. `state` only repeats what other events have said.
pub(crate) const SHOWN_EVENTS: u16 = !(EventName::State.mask() | EventName::Raw.mask());

/// An event of the log.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub name: EventName,
    id: Option<&'a str>,
    data: &'a str,
}

impl<'a> Event<'a> {
    /// Parses the events of these frames.
    pub(crate) fn parse_all(frames: &'a str) -> impl Iterator<Item = Self> {
        frames.split("\n\n").filter_map(|frame| {
            let field =
                |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            Some(Self { name: EventName::parse(field("event")?)?, id: field("id"), data: field("data")? })
        })
    }

    /// Parses the event's data. `None` if the event is unknown.
    pub(crate) fn body(&self) -> Option<EventBody> {
        EventBody::parse(self.name, self.data)
    }

    /// Returns the event as a line of JSON.
    pub(crate) fn to_json_line(&self) -> Option<String> {
        json_line(self.name, self.id, &serde_json::from_str::<&RawValue>(self.data).ok()?)
    }
}

/// Builds a line of JSON.
pub(crate) fn json_line(name: EventName, id: Option<&str>, data: &impl Serialize) -> Option<String> {
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
    fn frames_become_json_lines() {
        let frames = "id: a:1\nevent: warning\ndata: {\"type\":\"other\",\"message\":\"m\",\"detail\":null}\n\n: nothing\n\n\
                      event: queue\ndata: {\"items\":[]}\n\n";
        let events: Vec<_> = Event::parse_all(frames).collect();
        let lines: Vec<_> = events.iter().filter_map(Event::to_json_line).collect();
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
