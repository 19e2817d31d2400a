//! Records the newest events of the stream while the panel shows them.

use std::collections::VecDeque;

use leptos::prelude::*;

use crate::browser;

/// The number of events that are kept.
const MAX_EVENTS: usize = 200;
/// The part of an event's data that is kept.
const MAX_EVENT_BYTES: usize = 64 * 1024;

/// An event as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawEvent {
    /// Counts the recorded events from 1.
    pub(crate) number: u64,
    /// When it arrived, in Unix milliseconds.
    pub(crate) at: i64,
    /// The method of a notification of codex. For other events, the event's name.
    pub(crate) method: String,
    /// JSON, cut after [`MAX_EVENT_BYTES`].
    pub(crate) data: String,
}

#[derive(Default)]
struct Recording {
    is_enabled: bool,
    is_paused: bool,
    /// The views will be notified at the next frame.
    is_scheduled: bool,
    /// The number of events that were recorded.
    count: u64,
    events: VecDeque<RawEvent>,
}

/// Records the events of a stream. An event costs nothing while recording is disabled.
#[derive(Clone, Copy)]
pub(crate) struct EventRecorder {
    recording: RwSignal<Recording>,
    /// Changes when events were recorded, at most once per frame.
    changed: RwSignal<u64>,
}

impl EventRecorder {
    pub(crate) fn new() -> Self {
        Self { recording: RwSignal::new(Recording::default()), changed: RwSignal::new(0) }
    }

    /// Starts or stops recording. Both remove the recorded events.
    pub(crate) fn enable(self, is_enabled: bool) {
        self.recording.update(|recording| *recording = Recording { is_enabled, ..Recording::default() });
        self.notify();
    }

    /// Stops recording for a while, or continues. The recorded events stay.
    pub(crate) fn pause(self, is_paused: bool) {
        self.recording.update(|recording| recording.is_paused = is_paused);
    }

    /// Records an event, if recording is enabled and not paused.
    pub(crate) fn record(self, name: &str, data: &str) {
        let is_active = |recording: &Recording| recording.is_enabled && !recording.is_paused;
        if self.recording.try_with_untracked(is_active) != Some(true) {
            return;
        }
        let must_schedule = self.recording.try_update(|recording| {
            recording.push(name, data, browser::now_ms());
            !std::mem::replace(&mut recording.is_scheduled, true)
        });
        if must_schedule == Some(true) {
            request_animation_frame(move || self.notify());
        }
    }

    fn notify(self) {
        let count = self.recording.try_update(|recording| {
            recording.is_scheduled = false;
            recording.count
        });
        self.changed.set(count.unwrap_or_default());
    }

    /// Reads the events whose method contains `filter`, the oldest first; tracked.
    pub(crate) fn read<T>(self, filter: &str, read: impl Fn(&RawEvent) -> T) -> Vec<T> {
        self.changed.try_with(|_| ());
        let matching = |recording: &Recording| {
            recording.events.iter().filter(|event| event.method.contains(filter)).map(&read).collect()
        };
        self.recording.try_with_untracked(matching).unwrap_or_default()
    }
}

impl Recording {
    fn push(&mut self, name: &str, data: &str, at: i64) {
        self.count += 1;
        let data = &data[..data.floor_char_boundary(MAX_EVENT_BYTES)];
        let method = method(data).filter(|_| name == "notification").unwrap_or(name).to_owned();
        self.events.push_back(RawEvent { number: self.count, at, method, data: data.to_owned() });
        if self.events.len() > MAX_EVENTS {
            self.events.pop_front();
        }
    }
}

/// The method of a notification, which is its first field.
fn method(data: &str) -> Option<&str> {
    data.strip_prefix("{\"method\":\"")?.split_once('"').map(|(method, _)| method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_events_are_kept_with_their_methods() {
        let mut recording = Recording::default();
        for number in 0..MAX_EVENTS + 3 {
            let data = format!(r#"{{"method":"item/{number}","params":{{}}}}"#);
            recording.push("notification", &data, 7);
        }
        recording.push("warning", r#"{"method":"x"}"#, 8);
        assert_eq!((recording.events.len(), recording.events[0].method.as_str()), (MAX_EVENTS, "item/4"));
        let last = recording.events.back().unwrap();
        assert_eq!((last.method.as_str(), last.number), ("warning", MAX_EVENTS as u64 + 4));
        recording.push("notification", &"é".repeat(MAX_EVENT_BYTES), 8);
        assert!(recording.events.back().unwrap().data.len() <= MAX_EVENT_BYTES);
    }
}
