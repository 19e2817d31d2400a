//! The actor's part about what its process says.

use codex_gateway_wire::{
    Event, EventBody, EventName, Item, Notification, TurnId, event::WarningKind, request::ResolvedBy,
};
use futures::FutureExt;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    WINDOW, WINDOW_BYTES,
    actor::{Actor, Done},
};
use crate::{
    bridge::{BridgeError, Direction, Exit, Inbound},
    greeting,
};

/// How many lines that are no messages are told one by one; then every thousandth.
const MALFORMED: u64 = 20;
/// What is said of a process that was killed because it did not react.
const UNRESPONSIVE: &str =
    "Codex did not react, so its process was ended. The next message starts another one.";

impl Actor {
    pub(super) fn inbound(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Notification { method, params } => self.notification(method, &params),
            Inbound::Request { id, method, params } => self.request(id, method, params),
            Inbound::Malformed(line) => self.malformed(line),
            Inbound::TooLong(length, line) => {
                let message =
                    format!("A message of codex of {} MiB was too long and was skipped.", length >> 20);
                self.warn(WarningKind::LineTooLong, message, Some(line));
            }
            Inbound::Raw(direction, line) => self.raw(direction, &line),
            Inbound::Exited(exit) => self.exited(&exit),
        }
    }

    pub(super) fn notification(&mut self, method: String, params: &RawValue) {
        self.shared.touch();
        self.disturb();
        let notification = Notification::parse(&method, params);
        let seq = self.shared.log.append(EventName::Notification, |bytes| {
            bytes.extend_from_slice(b"{\"method\":");
            let _ = serde_json::to_writer(&mut *bytes, &method);
            bytes.extend_from_slice(b",\"params\":");
            bytes.extend_from_slice(params.get().as_bytes());
            bytes.push(b'}');
        });
        match method.as_str() {
            "account/updated" => self.read_account(),
            "serverRequest/resolved" => self.codex_resolved(params),
            _ => {}
        }
        self.recent.notification(method, &notification);
        self.foreign.hear(&notification, self.transcript.thread_id.as_ref());
        let own =
            notification.thread_id().is_some_and(|thread| Some(thread) == self.transcript.thread_id.as_ref());
        let event = Event { seq, body: EventBody::Notification(notification) };
        let change = self.fold(&event);
        let EventBody::Notification(notification) = event.body else { return };
        match notification {
            Notification::TurnStarted(_, turn) if own => self.turn_began(turn.id),
            Notification::TurnCompleted(_, turn) if own => {
                let open = self.pending.take_turn(&turn.id);
                self.withdraw(open, ResolvedBy::Codex);
                self.crashes.forget();
                self.count_turn(&turn.id);
                self.turn_ended(&turn.id);
                self.check_refresh(&turn);
                self.send_next();
            }
            // A turn that was accepted and fails before it begins: codex tells of no beginning and no end then. What
            // waits does so for its user, as after any turn that failed.
            Notification::Error(error) if own && !error.will_retry && self.slot.is_starting() => {
                self.log_turn_refused(&error.error.message);
                self.waits.failed(&error.turn_id);
                self.turn_ended(&error.turn_id);
            }
            Notification::Settings(..) if own => {
                // For the processes to come, too: codex itself forgets it in a resume.
                self.base.settings.follow(&self.base.config, &self.transcript);
                if change.meta {
                    self.state_changed();
                }
            }
            Notification::Model(..) if change.meta => self.state_changed(),
            Notification::ItemCompleted(event) | Notification::ItemStarted(event) => {
                if let (true, Item::UserMessage(message)) = (own, &event.item) {
                    self.save_soon();
                    self.arrived(message, &event.turn_id);
                }
                self.older |= self.transcript.trim(WINDOW, WINDOW_BYTES);
            }
            _ => {}
        }
        if change.meta {
            self.meta_changed();
        }
    }

    fn malformed(&mut self, line: String) {
        let count = self.live.as_mut().map_or(0, |live| {
            live.malformed += 1;
            live.malformed
        });
        if count <= MALFORMED || count.is_multiple_of(1000) {
            let message = format!("Codex printed something that is no message (the {count}. time).");
            self.warn(WarningKind::MalformedLine, message, Some(line));
        }
    }

    fn raw(&mut self, direction: Direction, line: &[u8]) {
        #[derive(Serialize)]
        struct Raw<'a> {
            direction: &'a str,
            line: &'a str,
        }
        let direction = if direction == Direction::In { "in" } else { "out" };
        let line = String::from_utf8_lossy(line);
        self.append(EventName::Raw, &Raw { direction, line: &line });
    }

    /// Gives up a process that is being killed because it does not react. Its end may come a little later.
    pub(super) fn leave_unresponsive(&mut self) {
        if let Some(live) = self.live.as_ref().filter(|live| live.bridge.is_unresponsive()) {
            self.parking.ending = Some(live.bridge.gone().boxed().shared());
            self.exited(&Exit { unresponsive: true, ..Exit::default() });
        }
    }

    pub(super) fn exited(&mut self, exit: &Exit) {
        (self.live, self.place) = (None, None);
        self.base.metrics.process_exited();
        self.foreign.clear();
        let (kind, message, error) = if exit.unresponsive {
            // The gateway killed it: that is no crash.
            (WarningKind::ProcessUnresponsive, UNRESPONSIVE.to_owned(), BridgeError::Unresponsive)
        } else {
            self.crashes.add(exit.last_line.clone().or_else(|| exit.status.clone()));
            let status = exit.status.as_deref().unwrap_or("unknown status");
            let message =
                format!("The codex process ended unexpectedly ({status}). The next message starts it again.");
            (WarningKind::ProcessExited, message, BridgeError::Exited(exit.clone()))
        };
        let open = self.pending.take_all();
        self.withdraw(open, ResolvedBy::Process);
        self.process_gone(&error);
        let turn = self.transcript.active_turn().map(|turn| turn.id.clone());
        self.warn(kind, message, exit.last_line.clone());
        if let Some(turn) = turn {
            self.count_turn(&turn);
        }
        self.state_changed();
        self.save_soon();
    }

    pub(super) fn count_turn(&self, id: &TurnId) {
        if let Some(turn) = self.transcript.turn(id) {
            self.base.metrics.turn_ended(turn);
            self.log_turn_ended(turn);
        }
    }

    fn read_account(&mut self) {
        if let Some(live) = &self.live {
            let bridge = live.bridge.clone();
            self.tasks.push(async move { Done::Account(greeting::account(&bridge).await) }.boxed());
        }
    }
}
