//! Output: progress on standard error, the answer on standard output.

use std::{
    collections::HashSet,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use codex_gateway_wire::{
    EventBody, EventId, EventName, Item, ItemId, Notification, SessionId, ThreadId, UserRequest,
    api::{Delivery, TurnReport, TurnStreamEnd},
    codex::Delta,
    event::{Gap, GapReason},
};
use console::style;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::{
    events::{Event, json_line},
    lines::{Line, Tone, event_lines, plain, request_lines},
};

/// Interval of the spinner.
const TICK: Duration = Duration::from_millis(80);

/// Prints events and the answer.
pub(crate) struct Output {
    json: bool,
    /// `true` if the user is prompted for requests. Then they are printed with the prompt.
    asks_user: bool,
    /// `true` if the answer is streamed to a terminal.
    streams: bool,
    /// Spinner on standard error, if that is a terminal.
    spinner: ProgressBar,
    /// Message that is being streamed.
    current_message: Option<ItemId>,
    /// Text of the last complete message.
    last_message: Option<String>,
    /// Commands whose output was streamed.
    streamed_commands: HashSet<ItemId>,
    /// Incomplete last line of the current command's output.
    partial_line: String,
}

impl Output {
    pub(crate) fn new(json: bool, asks_user: bool) -> Self {
        let spinner = if json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        spinner.enable_steady_tick(TICK);
        Self {
            json,
            asks_user,
            streams: !json && io::stdout().is_terminal(),
            spinner,
            current_message: None,
            last_message: None,
            streamed_commands: HashSet::new(),
            partial_line: String::new(),
        }
    }

    /// Sets the text of the spinner.
    pub(crate) fn set_status(&self, what: &'static str) {
        self.spinner.set_message(what);
    }

    /// Prints a warning of the program.
    pub(crate) fn print_warning(&self, text: &str) {
        self.print_line(&Line::untrusted(Tone::Warning, text));
    }

    /// Prints a detail of the program.
    pub(crate) fn print_detail(&self, text: &str) {
        self.print_line(&Line::untrusted(Tone::Detail, text));
    }

    /// With `--json`, prints the ids of the session and its thread.
    pub(crate) fn print_session(&self, session: &SessionId, thread: Option<&ThreadId>) -> io::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Ids<'a> {
            session_id: &'a SessionId,
            thread_id: Option<&'a ThreadId>,
        }
        if !self.json {
            return Ok(());
        }
        let ids = Ids { session_id: session, thread_id: thread };
        out(&json_line(EventName::Session, None, &ids).unwrap_or_default(), "\n")
    }

    /// Reports that events are missing.
    pub(crate) fn print_gap(&self, from: EventId, to: EventId) -> io::Result<()> {
        if self.json {
            let gap = Gap { from, to, reason: GapReason::SlowReader };
            return out(&json_line(EventName::Gap, None, &gap).unwrap_or_default(), "\n");
        }
        self.print_warning("some of what happened is left out: it cannot be shown so fast");
        Ok(())
    }

    /// Prints a request of codex.
    pub(crate) fn print_request(&self, request: &UserRequest) {
        for line in request_lines(request) {
            self.print_line(&line);
        }
    }

    /// Prints events. Returns the requests to prompt for, in order.
    pub(crate) fn print_events(&mut self, frames: &[u8]) -> io::Result<Vec<UserRequest>> {
        let frames = String::from_utf8_lossy(frames);
        let mut requests = Vec::new();
        for event in Event::parse_all(&frames) {
            if self.json {
                out(&event.to_json_line().unwrap_or_default(), "\n")?;
                continue;
            }
            let Some(body) = event.body() else { continue };
            match &body {
                EventBody::Notification(Notification::ItemDelta(delta)) => {
                    match &delta.delta {
                        Delta::Text(text) => self.stream_message(&delta.item_id, text)?,
                        Delta::Output(text) => self.print_command_output(&delta.item_id, text),
                        _ => {}
                    }
                    continue;
                }
                EventBody::Notification(Notification::ItemCompleted(completed)) => match &completed.item {
                    Item::AgentMessage(message) => self.finish_message(completed.item.id(), &message.text)?,
                    Item::CommandExecution(_) => self.finish_command_output(),
                    _ => {}
                },
                EventBody::Request(request) if self.asks_user => {
                    requests.push(request.clone());
                    continue;
                }
                _ => {}
            }
            for line in event_lines(&body, &self.streamed_commands) {
                self.print_line(&line);
            }
        }
        Ok(requests)
    }

    /// Prints complete lines of a command's output.
    fn print_command_output(&mut self, id: &ItemId, text: &str) {
        if !self.streamed_commands.contains(id) {
            self.finish_command_output();
            self.streamed_commands.insert(id.clone());
        }
        self.partial_line.push_str(text);
        if let Some(end) = self.partial_line.rfind('\n') {
            let rest = self.partial_line.split_off(end + 1);
            let whole = std::mem::replace(&mut self.partial_line, rest);
            whole.lines().for_each(|line| self.print_detail(line));
        }
    }

    /// Prints the rest of the current command's output.
    fn finish_command_output(&mut self) {
        let last = std::mem::take(&mut self.partial_line);
        if !last.is_empty() {
            self.print_detail(&last);
        }
    }

    /// Streams a piece of a message to the terminal.
    fn stream_message(&mut self, id: &ItemId, text: &str) -> io::Result<()> {
        if !self.streams {
            return Ok(());
        }
        if self.current_message.as_ref() != Some(id) {
            self.end_current_message()?;
            self.spinner.disable_steady_tick();
            self.spinner.finish_and_clear();
            self.current_message = Some(id.clone());
        }
        out(&plain(text), "")
    }

    /// Handles a complete message.
    fn finish_message(&mut self, id: &ItemId, text: &str) -> io::Result<()> {
        if text.trim().is_empty() {
            // An empty message is not an answer.
            return self.end_current_message();
        }
        let before = self.last_message.replace(text.to_owned());
        if let Some(before) = before.filter(|_| !self.streams) {
            // The previous message was not the answer, but a progress report.
            self.print_line(&Line::untrusted(Tone::Work, &before));
        }
        if self.streams && self.current_message.as_ref() != Some(id) {
            self.stream_message(id, text)?;
        }
        self.end_current_message()
    }

    fn end_current_message(&mut self) -> io::Result<()> {
        if self.current_message.take().is_some() {
            out("", "\n")?;
            self.spinner.reset();
            self.spinner.enable_steady_tick(TICK);
        }
        Ok(())
    }

    /// Prints a line to standard error.
    fn print_line(&self, Line { tone, text }: &Line) {
        if self.json {
            return;
        }
        let text = match tone {
            Tone::Work => style(text.clone()).cyan(),
            Tone::Detail => style(format!("  {text}")).dim(),
            Tone::Bad => style(format!("  {text}")).red(),
            Tone::Warning => style(format!("! {text}")).yellow(),
        };
        // A closed standard error is ignored: the answer still matters.
        self.spinner.suspend(|| drop(writeln!(io::stderr(), "{}", text.for_stderr())));
    }

    /// Hides the spinner, for a prompt.
    pub(crate) fn pause_spinner(&self) {
        self.spinner.disable_steady_tick();
        self.spinner.finish_and_clear();
    }

    /// Shows the spinner again.
    pub(crate) fn resume_spinner(&self) {
        self.spinner.reset();
        self.spinner.enable_steady_tick(TICK);
    }

    /// Prints the answer, unless it was streamed.
    pub(crate) fn print_result(&mut self, sent: Delivery, end: TurnReport) -> io::Result<()> {
        self.end_current_message()?;
        self.pause_spinner();
        if self.json {
            let line = json_line(EventName::Turn, None, &TurnStreamEnd { delivery: sent, end });
            return out(&line.unwrap_or_default(), "\n");
        }
        if let Some(error) = end.turn.as_ref().and_then(|turn| turn.error.as_ref()) {
            self.print_line(&Line::untrusted(Tone::Bad, &error.message));
        }
        match end.text {
            Some(text) if !(self.streams && self.last_message.as_ref() == Some(&text)) => {
                let text = if self.streams { plain(&text) } else { text };
                out(&text, "\n")
            }
            _ => Ok(()),
        }
    }
}

fn out(text: &str, end: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}{end}")?;
    out.flush()
}
