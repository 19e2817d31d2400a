//! The events of the stream as they came, the newest of them: kept while somebody looks at them.

use leptos::prelude::*;
use std::collections::VecDeque;

use leptos::prelude::request_animation_frame;

use crate::browser;

/// How many are kept.
const MOST: usize = 200;
/// How many bytes of an event are kept.
const BYTES: usize = 64 * 1024;

/// An event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawEvent {
    /// Counts up.
    pub(crate) number: u64,
    /// When it came, in Unix milliseconds.
    pub(crate) at: i64,
    /// Codex's method, or the name of an event of the gateway's own.
    pub(crate) method: String,
    /// Its data: JSON.
    pub(crate) data: String,
}

#[derive(Default)]
struct Kept {
    on: bool,
    paused: bool,
    /// The next frame will tell.
    scheduled: bool,
    count: u64,
    events: VecDeque<RawEvent>,
}

/// What listens to the stream. While it does not, an event costs it nothing.
#[derive(Clone, Copy)]
pub(crate) struct EventRecorder {
    kept: RwSignal<Kept>,
    /// Changes with what is kept, at most once for each frame.
    changed: RwSignal<u64>,
}

impl EventRecorder {
    pub(crate) fn new() -> Self {
        Self { kept: RwSignal::new(Kept::default()), changed: RwSignal::new(0) }
    }

    /// Begins to listen, or forgets everything.
    pub(crate) fn enable(self, on: bool) {
        self.kept.update(|kept| *kept = Kept { on, ..Kept::default() });
        self.tell();
    }

    /// Takes nothing in for a while.
    pub(crate) fn pause(self, paused: bool) {
        self.kept.update(|kept| kept.paused = paused);
    }

    /// Takes an event in, if somebody listens.
    pub(crate) fn record(self, name: &str, data: &str) {
        let listens = |kept: &Kept| kept.on && !kept.paused;
        if self.kept.try_with_untracked(listens) != Some(true) {
            return;
        }
        let schedule = self.kept.try_update(|kept| {
            kept.take(name, data, browser::now_ms());
            !std::mem::replace(&mut kept.scheduled, true)
        });
        if schedule == Some(true) {
            request_animation_frame(move || self.tell());
        }
    }

    fn tell(self) {
        let count = self.kept.try_update(|kept| {
            kept.scheduled = false;
            kept.count
        });
        self.changed.set(count.unwrap_or_default());
    }

    /// Reads those with this in their method, the oldest first; tracked.
    pub(crate) fn read<T>(self, filter: &str, read: impl Fn(&RawEvent) -> T) -> Vec<T> {
        self.changed.try_with(|_| ());
        let matching = |kept: &Kept| {
            kept.events.iter().filter(|event| event.method.contains(filter)).map(&read).collect()
        };
        self.kept.try_with_untracked(matching).unwrap_or_default()
    }
}

impl Kept {
    fn take(&mut self, name: &str, data: &str, at: i64) {
        self.count += 1;
        let data = &data[..data.floor_char_boundary(BYTES)];
        let method = method(data).filter(|_| name == "notification").unwrap_or(name).to_owned();
        self.events.push_back(RawEvent { number: self.count, at, method, data: data.to_owned() });
        if self.events.len() > MOST {
            self.events.pop_front();
        }
    }
}

/// The method that a notification begins with.
fn method(data: &str) -> Option<&str> {
    data.strip_prefix("{\"method\":\"")?.split_once('"').map(|(method, _)| method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_with_their_methods() {
        let mut kept = Kept::default();
        for number in 0..MOST + 3 {
            let data = format!(r#"{{"method":"item/{number}","params":{{}}}}"#);
            kept.take("notification", &data, 7);
        }
        kept.take("warning", r#"{"method":"x"}"#, 8);
        assert_eq!((kept.events.len(), kept.events[0].method.as_str()), (MOST, "item/4"));
        let last = kept.events.back().unwrap();
        assert_eq!((last.method.as_str(), last.number), ("warning", MOST as u64 + 4));
        kept.take("notification", &"é".repeat(BYTES), 8);
        assert!(kept.events.back().unwrap().data.len() <= BYTES);
    }
}
