//! The events of a response.

use std::rc::Rc;

use codex_gateway_wire::{
    Event, EventBody, EventId, EventName,
    event::{ClosedReason, SessionClosed},
    lenient_deserialize,
};
use leptos::prelude::*;

use super::{
    super::{event_reader::Arrival, sse_parser::Message},
    ConnectionState, Inner,
    transport::Request,
};
use crate::browser;

/// The part of the `session` event that the page uses.
struct SessionGreeting {
    build_id: String,
}
lenient_deserialize!(SessionGreeting { build_id });

impl Inner {
    pub(super) fn on_arrival(self: &Rc<Self>, arrival: Arrival) {
        self.last_received_ms.set(browser::now_ms());
        if let Arrival::Event(message) = arrival {
            self.on_event(message);
        }
    }

    fn on_event(self: &Rc<Self>, Message { name, id, data }: Message) {
        let Some(name) = EventName::parse(&name) else { return };
        self.recorder.record(name.as_str(), &data);
        if name == EventName::Session {
            return self.on_session(&data);
        }
        if name == EventName::Gap {
            return self.fetch_snapshot(true);
        }
        self.has_news.set(self.has_news.get() || name != EventName::Ping);
        let Ok(id) = id.parse::<EventId>() else { return };
        let event = EventBody::parse(name, &data).map(|body| Event { seq: id.seq, body });
        let change = self.store.apply(id, event.as_ref());
        if change.is_some_and(|change| change.entry.is_some() || change.meta || change.reset) {
            self.outbox.reconcile(self.store);
        }
        if name == EventName::SessionClosed {
            self.disconnect();
            self.on_closed();
        }
    }

    /// The session has ended. The transcript says why.
    pub(super) fn on_closed(&self) {
        let is_expired = |closed: &SessionClosed| closed.reason == ClosedReason::Expired;
        let has_thread = self.store.with_untracked(|transcript| {
            transcript.closed.as_ref().is_some_and(is_expired)
                && transcript.thread_id.is_some()
                && !transcript.entries.is_empty()
        });
        self.set_state(if has_thread { ConnectionState::Expired } else { ConnectionState::Closed });
    }

    /// The first event of a response: the connection works.
    fn on_session(&self, data: &str) {
        // A poll that ends at once does not prove that requests get through which the gateway holds back.
        if self.request.get() != Request::LongPoll || self.hold_seconds.get() > 0 {
            let mut backoff = self.backoff.get();
            backoff.reset();
            self.backoff.set(backoff);
        }
        self.has_first_event.set(true);
        let is_blocked = self.transport.borrow_mut().on_first_event(self.request.get());
        if is_blocked {
            self.tabs.set_stream_blocked(true);
        }
        self.set_state(if self.tabs.is_stream_blocked() {
            ConnectionState::Polling
        } else {
            ConnectionState::Live
        });
        let own_build = browser::root_attribute("data-build");
        if let (Ok(greeting), Some(own_build)) = (serde_json::from_str::<SessionGreeting>(data), own_build)
            && greeting.build_id != own_build
        {
            self.outdated.set(true);
        }
    }
}
