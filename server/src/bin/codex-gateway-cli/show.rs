//! What is printed: what happens on standard error, the answer on standard output.

use std::{
    collections::HashSet,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use codex_gateway_wire::{
    EventBody, EventId, EventName, Item, ItemId, Notification, SessionId, ThreadId, UserRequest,
    api::{Sent, TurnEnd, TurnEnded},
    codex::Delta,
    event::{Gap, GapReason},
};
use console::style;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::{
    events::{Event, line},
    lines::{Line, Tone, asked, lines, plain},
};

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(80);

/// Prints.
pub(crate) struct Show {
    json: bool,
    /// Whether what codex asks is put to somebody: then it is shown when that is done.
    asks: bool,
    /// Whether a person watches the answer as it comes.
    live: bool,
    /// Draws on standard error, if that is a terminal.
    spinner: ProgressBar,
    /// The message that is being written, and of it what was.
    writing: Option<ItemId>,
    /// The last message that was written to its end.
    written: Option<String>,
    /// The commands whose output was shown as it came, and of the last one what is no whole line yet.
    shown: HashSet<ItemId>,
    unfinished: String,
}

impl Show {
    pub(crate) fn new(json: bool, asks: bool) -> Self {
        let spinner = if json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        spinner.enable_steady_tick(TICK);
        Self {
            json,
            asks,
            live: !json && io::stdout().is_terminal(),
            spinner,
            writing: None,
            written: None,
            shown: HashSet::new(),
            unfinished: String::new(),
        }
    }

    /// Says what is waited for.
    pub(crate) fn waiting(&self, what: &'static str) {
        self.spinner.set_message(what);
    }

    /// Says something of the program's own.
    pub(crate) fn note(&self, text: &str) {
        self.line(&Line::said(Tone::Warning, text));
    }

    /// Says more, for whom it is of use.
    pub(crate) fn detail(&self, text: &str) {
        self.line(&Line::said(Tone::Detail, text));
    }

    /// Says which session and thread it is, to programs.
    pub(crate) fn session(&self, session: &SessionId, thread: Option<&ThreadId>) -> io::Result<()> {
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
        out(&line(EventName::Session, None, &ids).unwrap_or_default(), "\n")
    }

    /// Says that events are left out.
    pub(crate) fn gap(&self, from: EventId, to: EventId) -> io::Result<()> {
        if self.json {
            let gap = Gap { from, to, reason: GapReason::SlowReader };
            return out(&line(EventName::Gap, None, &gap).unwrap_or_default(), "\n");
        }
        self.note("some of what happened is left out: it cannot be shown so fast");
        Ok(())
    }

    /// Says what codex asks.
    pub(crate) fn request(&self, request: &UserRequest) {
        for line in asked(request) {
            self.line(&line);
        }
    }

    /// Shows what happened; what there is to ask, in its order.
    pub(crate) fn events(&mut self, frames: &[u8]) -> io::Result<Vec<UserRequest>> {
        let frames = String::from_utf8_lossy(frames);
        let mut requests = Vec::new();
        for event in Event::all(&frames) {
            if self.json {
                out(&event.line().unwrap_or_default(), "\n")?;
                continue;
            }
            let Some(body) = event.body() else { continue };
            match &body {
                EventBody::Notification(Notification::ItemDelta(delta)) => {
                    match &delta.delta {
                        Delta::Text(text) => self.write(&delta.item_id, text)?,
                        Delta::Output(text) => self.output(&delta.item_id, text),
                        _ => {}
                    }
                    continue;
                }
                EventBody::Notification(Notification::ItemCompleted(completed)) => match &completed.item {
                    Item::AgentMessage(message) => self.finish(completed.item.id(), &message.text)?,
                    Item::CommandExecution(_) => self.end_output(),
                    _ => {}
                },
                EventBody::Request(request) if self.asks => {
                    requests.push(request.clone());
                    continue;
                }
                _ => {}
            }
            for line in lines(&body, &self.shown) {
                self.line(&line);
            }
        }
        Ok(requests)
    }

    /// Shows what a command prints, line by line.
    fn output(&mut self, id: &ItemId, text: &str) {
        if !self.shown.contains(id) {
            self.end_output();
            self.shown.insert(id.clone());
        }
        self.unfinished.push_str(text);
        if let Some(end) = self.unfinished.rfind('\n') {
            let rest = self.unfinished.split_off(end + 1);
            let whole = std::mem::replace(&mut self.unfinished, rest);
            whole.lines().for_each(|line| self.detail(line));
        }
    }

    /// A command prints no more.
    fn end_output(&mut self) {
        let last = std::mem::take(&mut self.unfinished);
        if !last.is_empty() {
            self.detail(&last);
        }
    }

    /// Writes more of a message, if somebody watches.
    fn write(&mut self, id: &ItemId, text: &str) -> io::Result<()> {
        if !self.live {
            return Ok(());
        }
        if self.writing.as_ref() != Some(id) {
            self.end_message()?;
            self.spinner.disable_steady_tick();
            self.spinner.finish_and_clear();
            self.writing = Some(id.clone());
        }
        out(&plain(text), "")
    }

    /// A message is whole.
    fn finish(&mut self, id: &ItemId, text: &str) -> io::Result<()> {
        if text.trim().is_empty() {
            // It is no answer.
            return self.end_message();
        }
        let before = self.written.replace(text.to_owned());
        if let Some(before) = before.filter(|_| !self.live) {
            // It was not the answer, but a word on the way.
            self.line(&Line::said(Tone::Work, &before));
        }
        if self.live && self.writing.as_ref() != Some(id) {
            self.write(id, text)?;
        }
        self.end_message()
    }

    fn end_message(&mut self) -> io::Result<()> {
        if self.writing.take().is_some() {
            out("", "\n")?;
            self.spinner.reset();
            self.spinner.enable_steady_tick(TICK);
        }
        Ok(())
    }

    /// Prints a line about what happens.
    fn line(&self, Line { tone, text }: &Line) {
        if self.json {
            return;
        }
        let text = match tone {
            Tone::Work => style(text.clone()).cyan(),
            Tone::Detail => style(format!("  {text}")).dim(),
            Tone::Bad => style(format!("  {text}")).red(),
            Tone::Warning => style(format!("! {text}")).yellow(),
        };
        // Standard error may be gone; the answer still matters.
        self.spinner.suspend(|| drop(writeln!(io::stderr(), "{}", text.for_stderr())));
    }

    /// Lets somebody be asked.
    pub(crate) fn pause(&self) {
        self.spinner.disable_steady_tick();
        self.spinner.finish_and_clear();
    }

    /// Goes on after that.
    pub(crate) fn resume(&self) {
        self.spinner.reset();
        self.spinner.enable_steady_tick(TICK);
    }

    /// Prints the answer, where it has not come already.
    pub(crate) fn end(&mut self, sent: Sent, end: TurnEnd) -> io::Result<()> {
        self.end_message()?;
        self.pause();
        if self.json {
            let line = line(EventName::Turn, None, &TurnEnded { sent, end });
            return out(&line.unwrap_or_default(), "\n");
        }
        if let Some(error) = end.turn.as_ref().and_then(|turn| turn.error.as_ref()) {
            self.line(&Line::said(Tone::Bad, &error.message));
        }
        match end.text {
            Some(text) if !(self.live && self.written.as_ref() == Some(&text)) => {
                let text = if self.live { plain(&text) } else { text };
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
