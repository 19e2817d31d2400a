//! Handles messages from the process.

use codex_app_server_client::{BridgeError, Direction, Exit, Inbound};
use codex_gateway_wire::{
    Event, EventBody, EventName, Item, Notification, TurnId, event::WarningKind, request::ResolvedBy,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    WINDOW_BYTES, WINDOW_ENTRIES,
    actor::{Actor, TaskResult},
    process::Process,
};
use crate::app_server_info::read_account;

/// Number of malformed lines that are reported one by one. After that, every thousandth is
/// reported.
const MAX_MALFORMED_WARNINGS: u64 = 20;
/// The warning about a process that was killed because it did not respond.
const UNRESPONSIVE_MESSAGE: &str =
    "Codex did not react, so its process was ended. The next message starts another one.";

impl Actor {
    pub(super) fn on_inbound(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Notification { method, params } => self.on_notification(method, &params),
            Inbound::Request { id, method, params } => self.handle_server_request(id, method, params),
            Inbound::Malformed(line) => self.on_malformed(line),
            Inbound::TooLong(length, line) => {
                let message =
                    format!("A message of codex of {} MiB was too long and was skipped.", length >> 20);
                self.warn(WarningKind::LineTooLong, message, Some(line));
            }
            Inbound::Raw(direction, line) => self.on_raw(direction, &line),
            Inbound::Exited(exit) => self.on_exit(&exit),
        }
    }

    pub(super) fn on_notification(&mut self, method: String, params: &RawValue) {
        self.shared.touch();
        self.parking.restart_idle_time();
        let notification = Notification::parse(&method, params);
        let seq = self.shared.log.append(EventName::Notification, |bytes| {
            bytes.extend_from_slice(b"{\"method\":");
            let _ = serde_json::to_writer(&mut *bytes, &method);
            bytes.extend_from_slice(b",\"params\":");
            bytes.extend_from_slice(params.get().as_bytes());
            bytes.push(b'}');
        });
        match method.as_str() {
            "account/updated" => self.refresh_account(),
            "serverRequest/resolved" => self.codex_resolved(params),
            _ => {}
        }
        self.recent_events.push_notification(method, &notification);
        self.sub_agents.observe(&notification, self.transcript.thread_id.as_ref());
        let is_own_thread =
            notification.thread_id().is_some_and(|thread| Some(thread) == self.transcript.thread_id.as_ref());
        let event = Event { seq, body: EventBody::Notification(notification) };
        let change = self.fold(&event);
        let EventBody::Notification(notification) = event.body else { return };
        match notification {
            Notification::TurnStarted(_, turn) if is_own_thread => self.turn_started(turn.id),
            Notification::TurnCompleted(_, turn) if is_own_thread => {
                let requests = self.pending.take_by_turn(&turn.id);
                self.withdraw(requests, ResolvedBy::Codex);
                self.crash_limiter.reset();
                self.record_turn_end(&turn.id);
                self.turn_finished(&turn.id);
                self.check_refresh(&turn);
                self.send_next();
            }
            // An accepted turn that fails before it starts: codex reports neither its start nor its
            // end. The queue then waits for the user, as after any failed turn.
            Notification::Error(error)
                if is_own_thread && !error.will_retry && self.turn.state().is_starting() =>
            {
                self.log_turn_refused(&error.error.message);
                self.waiters.turn_failed(&error.turn_id);
                self.turn_finished(&error.turn_id);
            }
            Notification::Settings(..) if is_own_thread => {
                // The next processes of the session get the settings too, because codex forgets
                // them in a resume.
                self.context.settings.apply(&self.context.config, &self.transcript);
                if change.meta {
                    self.emit_state();
                }
            }
            Notification::Model(..) if change.meta => self.emit_state(),
            Notification::ItemCompleted(event) | Notification::ItemStarted(event) => {
                if let (true, Item::UserMessage(message)) = (is_own_thread, &event.item) {
                    self.save_now();
                    self.confirm_delivery(message, &event.turn_id);
                }
                self.has_older |= self.transcript.trim(WINDOW_ENTRIES, WINDOW_BYTES);
            }
            _ => {}
        }
        if change.meta {
            self.update_headline();
        }
    }

    fn on_malformed(&mut self, line: String) {
        let count = self.process.as_mut().map_or(0, Process::count_malformed);
        if count <= MAX_MALFORMED_WARNINGS || count.is_multiple_of(1000) {
            let message = format!("Codex printed something that is no message (the {count}. time).");
            self.warn(WarningKind::MalformedLine, message, Some(line));
        }
    }

    fn on_raw(&mut self, direction: Direction, line: &[u8]) {
        #[derive(Serialize)]
        struct Raw<'a> {
            direction: &'a str,
            line: &'a str,
        }
        let direction = if direction == Direction::In { "in" } else { "out" };
        let line = String::from_utf8_lossy(line);
        self.append(EventName::Raw, &Raw { direction, line: &line });
    }

    /// Drops a process that is being killed because it does not respond. Its exit may take a little
    /// longer.
    pub(super) fn drop_unresponsive(&mut self) {
        if let Some(process) = self.process.as_ref().filter(|process| process.bridge().is_unresponsive()) {
            self.parking.process_ended(process.bridge().exited());
            self.on_exit(&Exit { unresponsive: true, ..Exit::default() });
        }
    }

    pub(super) fn on_exit(&mut self, exit: &Exit) {
        (self.process, self.permit) = (None, None);
        self.context.metrics.process_exited();
        self.sub_agents.reset();
        let (kind, message, error) = if exit.unresponsive {
            // The gateway killed the process, so this does not count as a crash.
            (WarningKind::ProcessUnresponsive, UNRESPONSIVE_MESSAGE.to_owned(), BridgeError::Unresponsive)
        } else {
            self.crash_limiter.record(exit.last_line.clone().or_else(|| exit.status.clone()));
            let status = exit.status.as_deref().unwrap_or("unknown status");
            let message =
                format!("The codex process ended unexpectedly ({status}). The next message starts it again.");
            (WarningKind::ProcessExited, message, BridgeError::Exited(exit.clone()))
        };
        let requests = self.pending.take_all();
        self.withdraw(requests, ResolvedBy::Process);
        self.abort_turn(&error);
        let turn = self.transcript.active_turn().map(|turn| turn.id.clone());
        self.warn(kind, message, exit.last_line.clone());
        if let Some(turn) = turn {
            self.record_turn_end(&turn);
        }
        self.emit_state();
        self.save_now();
    }

    pub(super) fn record_turn_end(&self, id: &TurnId) {
        if let Some(turn) = self.transcript.turn(id) {
            self.context.metrics.turn_ended(turn);
            self.log_turn_ended(turn);
        }
    }

    fn refresh_account(&mut self) {
        if let Some(process) = &self.process {
            let bridge = process.bridge().clone();
            self.tasks.spawn(async move { TaskResult::Account(read_account(&bridge).await) });
        }
    }
}
