//! One step of the fold.

use super::{Change, Content, Entry, EntryChange, Notice, Phase, Question, Transcript, TurnRecord};
use crate::{
    codex::{
        Delta, ErrorNotification, Item, ItemDelta, ItemEvent, McpServer, Notification, RateLimits,
        ThreadSettings, TokenUsage, Turn, TurnError, TurnPlan, TurnStatus,
    },
    event::{Event, EventBody, ThreadOpened, Warning, WarningKind},
    ids::{ItemId, RequestId, TurnId},
    request::{RequestResolved, UserRequest},
};

/// The maximum length of a title that is made of a prompt, in characters.
const MAX_TITLE_CHARS: usize = 80;
/// The maximum number of MCP servers: more than any configuration has.
const MAX_MCP_SERVERS: usize = 200;
/// The maximum number of remembered warnings: more than any configuration causes.
const MAX_WARNINGS: usize = 50;

impl Change {
    const NONE: Self = Self { entry: None, meta: false, reset: false };
    const META: Self = Self { entry: None, meta: true, reset: false };

    fn added(id: ItemId) -> Self {
        Self { entry: Some(EntryChange::Added(id)), ..Self::NONE }
    }

    fn updated(id: ItemId) -> Self {
        Self { entry: Some(EntryChange::Updated(id)), ..Self::NONE }
    }

    fn and_meta(self, meta: bool) -> Self {
        Self { meta: self.meta || meta, ..self }
    }

    /// Returns `true` if nothing changed.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

impl Transcript {
    /// Applies an event and returns what it changed.
    ///
    /// Nothing changes if the event is not newer than the transcript or than its entry, or if it belongs to another
    /// thread, such as a sub-agent's.
    pub fn apply(&mut self, event: &Event) -> Change {
        if event.seq <= self.as_of {
            return Change::NONE;
        }
        self.as_of = event.seq;
        match &event.body {
            EventBody::Notification(notification) => self.apply_notification(event.seq, notification),
            // Requests to the user are announced by the two events below.
            EventBody::ServerRequest(request) if request.request_id.is_some() => Change::NONE,
            EventBody::Request(request) => self.request_opened(event.seq, request),
            EventBody::RequestResolved(resolved) => self.request_resolved(event.seq, resolved),
            EventBody::ServerRequest(request) => {
                let turn_id = self.active_turn().map(|turn| turn.id.clone());
                self.add_entry(event.seq, "request", turn_id, Content::Request(request.clone()))
            }
            EventBody::Warning(warning) => self.apply_warning(event.seq, warning),
            EventBody::Thread(opened) => self.thread_opened(event.seq, opened),
            EventBody::Queue(queue) => set(&mut self.queue, queue.items.clone()),
            EventBody::SessionClosed(closed) => {
                self.interrupt_running(|_| true);
                self.process = false;
                self.closed = Some(closed.clone());
                Change::META
            }
        }
    }

    fn apply_notification(&mut self, seq: u64, notification: &Notification) -> Change {
        if let (Some(about), Some(own)) = (notification.thread_id(), &self.thread_id)
            && about != own
        {
            return Change::NONE;
        }
        match notification {
            Notification::ItemDelta(delta) => self.apply_delta(seq, delta),
            Notification::ItemStarted(event) => self.apply_item(seq, event, Phase::Running),
            Notification::ItemCompleted(event) => self.apply_item(seq, event, Phase::Done),
            Notification::TurnStarted(_, turn) => self.turn_started(turn),
            Notification::TurnCompleted(_, turn) => self.turn_completed(turn),
            Notification::PlanUpdated(plan) => self.apply_plan(seq, plan),
            Notification::Error(error) => self.apply_error(seq, error),
            Notification::McpServer(_, server) => self.apply_mcp_server(server),
            Notification::Warning(_, message) if self.warnings.contains(message) => Change::NONE,
            Notification::Warning(_, message) => {
                if self.warnings.len() == MAX_WARNINGS {
                    self.warnings.remove(0);
                }
                self.warnings.push(message.clone());
                let notice = Notice { message: message.clone(), detail: None, failure: false };
                let turn_id = self.active_turn().map(|turn| turn.id.clone());
                self.add_entry(seq, "notice", turn_id, Content::Notice(notice)).and_meta(true)
            }
            Notification::TokenUsage(_, usage) => self.apply_token_usage(usage),
            Notification::RateLimits(limits) => self.apply_rate_limits(limits),
            Notification::ThreadStatus(_, status) => set(&mut self.status, status.clone()),
            Notification::ThreadName(_, Some(name)) => set(&mut self.title, Some(name.clone())),
            Notification::Model(_, model) => set(&mut self.model, Some(model.clone())),
            Notification::Settings(_, settings) => self.apply_settings(settings),
            Notification::ThreadName(_, None) | Notification::Other => Change::NONE,
        }
    }

    fn apply_mcp_server(&mut self, server: &McpServer) -> Change {
        if let Some(known) = self.mcp_servers.iter_mut().find(|known| known.name == server.name) {
            return set(known, server.clone());
        }
        if self.mcp_servers.len() == MAX_MCP_SERVERS {
            return Change::NONE;
        }
        self.mcp_servers.push(server.clone());
        Change::META
    }

    fn apply_settings(&mut self, settings: &ThreadSettings) -> Change {
        let ThreadSettings { model, effort, sandbox, approval_policy } = settings;
        let changes = [
            set(&mut self.model, Some(model.clone())),
            set(&mut self.effort, effort.clone()),
            set(&mut self.sandbox, *sandbox),
            set(&mut self.approval_policy, *approval_policy),
        ];
        Change::NONE.and_meta(changes.iter().any(|change| change.meta))
    }

    /// Adds an entry that is not an item of codex.
    fn add_entry(&mut self, seq: u64, kind: &str, turn_id: Option<TurnId>, content: Content) -> Change {
        let id = ItemId::from(format!("{kind}:{seq}"));
        self.entries.push(Entry {
            id: id.clone(),
            as_of: seq,
            turn_id,
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content,
        });
        Change::added(id)
    }

    fn request_opened(&mut self, seq: u64, request: &UserRequest) -> Change {
        let id = question_id(&request.id);
        // A sub-agent's turns are not in the transcript: its requests belong to the running turn.
        let own_turn = request.summary.turn_id.clone().filter(|turn| self.turn(turn).is_some());
        let turn_id = own_turn.or_else(|| self.active_turn().map(|turn| turn.id.clone()));
        self.entries.push(Entry {
            id: id.clone(),
            as_of: seq,
            turn_id,
            phase: Phase::Running,
            started_at_ms: Some(request.created_at.ms()),
            completed_at_ms: None,
            content: Content::Question(Box::new(Question { request: request.clone(), resolved: None })),
        });
        Change::added(id).and_meta(true)
    }

    fn request_resolved(&mut self, seq: u64, resolved: &RequestResolved) -> Change {
        let id = question_id(&resolved.id);
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.as_of < seq) else {
            return Change::NONE;
        };
        let Content::Question(question) = &mut entry.content else { return Change::NONE };
        question.resolved = Some(resolved.clone());
        entry.as_of = seq;
        entry.phase = Phase::Done;
        entry.completed_at_ms = Some(resolved.at.ms());
        Change::updated(id).and_meta(true)
    }

    fn apply_item(&mut self, seq: u64, event: &ItemEvent, phase: Phase) -> Change {
        let id = event.item.id().clone();
        let mut has_new_title = false;
        if let (None, Item::UserMessage(message)) = (&self.title, &event.item) {
            self.title = title_from_prompt(&message.text());
            has_new_title = self.title.is_some();
        }
        let was_retrying = self.retrying.take().is_some();
        let change = if let Some(entry) = self.entries.get_mut(&id) {
            if entry.as_of >= seq {
                return Change::NONE;
            }
            entry.as_of = seq;
            entry.phase = phase;
            match phase {
                Phase::Running => entry.started_at_ms = event.at_ms,
                Phase::Done | Phase::Interrupted => entry.completed_at_ms = event.at_ms,
            }
            let streamed = std::mem::replace(&mut entry.content, Content::Item(event.item.clone()));
            keep_streamed(&mut entry.content, streamed);
            Change::updated(id)
        } else {
            let done = phase == Phase::Done;
            self.entries.push(Entry {
                id: id.clone(),
                as_of: seq,
                turn_id: Some(event.turn_id.clone()),
                phase,
                started_at_ms: if done { None } else { event.at_ms },
                completed_at_ms: if done { event.at_ms } else { None },
                content: Content::Item(event.item.clone()),
            });
            Change::added(id)
        };
        change.and_meta(has_new_title || was_retrying)
    }

    fn apply_delta(&mut self, seq: u64, delta: &ItemDelta) -> Change {
        let was_retrying = self.retrying.take().is_some();
        let Some(entry) = self.entries.get_mut(&delta.item_id) else {
            return Change::NONE.and_meta(was_retrying);
        };
        let Content::Item(item) = &mut entry.content else { return Change::NONE.and_meta(was_retrying) };
        if entry.as_of >= seq || !add_delta(item, &delta.delta) {
            return Change::NONE.and_meta(was_retrying);
        }
        entry.as_of = seq;
        Change::updated(delta.item_id.clone()).and_meta(was_retrying)
    }

    fn apply_plan(&mut self, seq: u64, plan: &TurnPlan) -> Change {
        let id = ItemId::from(format!("plan:{}", plan.turn_id));
        if let Some(entry) = self.entries.get_mut(&id) {
            if entry.as_of >= seq {
                return Change::NONE;
            }
            entry.as_of = seq;
            entry.content = Content::Plan(plan.clone());
            return Change::updated(id);
        }
        self.entries.push(Entry {
            id: id.clone(),
            as_of: seq,
            turn_id: Some(plan.turn_id.clone()),
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content: Content::Plan(plan.clone()),
        });
        Change::added(id)
    }

    fn turn_started(&mut self, turn: &Turn) -> Change {
        self.retrying = None;
        // The items of a review name the root turn, and the root turn is completed.
        let id = turn.root_turn_id.as_ref().unwrap_or(&turn.id);
        // A page of older entries that was made later may already have added the turn.
        self.turns.retain(|known| known.id != *id);
        self.turns.push(TurnRecord {
            id: id.clone(),
            status: TurnStatus::InProgress,
            started_at: turn.started_at,
            ..TurnRecord::default()
        });
        Change::META
    }

    fn turn_completed(&mut self, turn: &Turn) -> Change {
        self.retrying = None;
        let at = self.turns.iter().rposition(|known| known.id == turn.id).unwrap_or_else(|| {
            self.turns.push(TurnRecord { id: turn.id.clone(), ..TurnRecord::default() });
            self.turns.len() - 1
        });
        let known = &mut self.turns[at];
        known.status = turn.status;
        known.started_at = turn.started_at.or(known.started_at);
        known.duration_ms = turn.duration_ms;
        known.error = turn.error.clone().or(known.error.take());
        // A review's turn starts and completes under different ids. Only one turn runs at a time.
        for other in self.turns.iter_mut().filter(|other| other.status == TurnStatus::InProgress) {
            other.status = turn.status;
        }
        // A command that has a process can outlive its turn. No other running entry will be completed.
        self.interrupt_running(|entry| {
            !matches!(&entry.content, Content::Item(Item::CommandExecution(c)) if c.process_id.is_some())
        });
        Change::META
    }

    /// Updates the usage, and attributes the increase to the running turn.
    fn apply_token_usage(&mut self, usage: &TokenUsage) -> Change {
        let used =
            self.usage.as_ref().map_or_else(|| usage.last.clone(), |before| usage.total.since(&before.total));
        if let Some(turn) = self.turns.last_mut().filter(|turn| turn.status == TurnStatus::InProgress) {
            turn.tokens += used;
        }
        set(&mut self.usage, Some(usage.clone()))
    }

    /// Updates the limits. Those that the notification omits stay unchanged.
    fn apply_rate_limits(&mut self, limits: &RateLimits) -> Change {
        let mut known = self.rate_limits.clone().unwrap_or_default();
        known.primary = limits.primary.clone().or(known.primary);
        known.secondary = limits.secondary.clone().or(known.secondary);
        if known == RateLimits::default() {
            return Change::NONE;
        }
        set(&mut self.rate_limits, Some(known))
    }

    fn apply_error(&mut self, seq: u64, error: &ErrorNotification) -> Change {
        if error.will_retry {
            // The next attempt repeats these items under new ids.
            self.interrupt_running(|entry| {
                matches!(
                    entry.content,
                    Content::Item(Item::AgentMessage(_) | Item::Reasoning(_) | Item::Plan(_))
                )
            });
            return set(&mut self.retrying, Some(error.error.message.clone()));
        }
        let has_active_turn = self.active_turn().is_some();
        let change = match self.turns.iter_mut().rev().find(|turn| turn.id == error.turn_id) {
            Some(turn) => set(&mut turn.error, Some(error.error.clone())),
            None => Change::NONE,
        };
        if has_active_turn {
            return change;
        }
        // No turn will report the error, for example because its turn failed before it started.
        let TurnError { message, additional_details: detail, .. } = error.error.clone();
        self.add_entry(seq, "notice", None, Content::Notice(Notice { message, detail, failure: true }))
            .and_meta(change.meta)
    }

    fn apply_warning(&mut self, seq: u64, warning: &Warning) -> Change {
        let process_died =
            matches!(warning.kind, WarningKind::ProcessExited | WarningKind::ProcessUnresponsive);
        let turn_id = self.active_turn().map(|turn| turn.id.clone());
        if warning.kind == WarningKind::StopForced {
            self.retrying = None;
            self.interrupt_running(|_| true);
            for turn in self.turns.iter_mut().filter(|turn| turn.status == TurnStatus::InProgress) {
                turn.status = TurnStatus::Interrupted;
            }
        }
        if warning.kind == WarningKind::SignInRefreshed
            && let Some(turn) = self.turns.last_mut().filter(|turn| turn.status == TurnStatus::Failed)
        {
            // Codex's own message wrongly asks the user to sign in again.
            turn.error = Some(TurnError {
                message: warning.message.clone(),
                codex_error_info: None,
                additional_details: None,
            });
            return Change::META;
        }
        if process_died {
            self.process = false;
            self.mcp_servers.clear();
            self.retrying = None;
            self.interrupt_running(|_| true);
            if let Some(turn) = self.turns.last_mut().filter(|turn| turn.status == TurnStatus::InProgress) {
                turn.status = TurnStatus::Failed;
                turn.error = Some(TurnError {
                    message: warning.message.clone(),
                    codex_error_info: None,
                    additional_details: warning.detail.clone(),
                });
                return Change::META;
            }
        }
        let failure = process_died || warning.kind == WarningKind::NotSaved;
        let notice = Notice { message: warning.message.clone(), detail: warning.detail.clone(), failure };
        let phases_changed = process_died || warning.kind == WarningKind::StopForced;
        self.add_entry(seq, "notice", turn_id, Content::Notice(notice)).and_meta(phases_changed)
    }

    fn thread_opened(&mut self, seq: u64, opened: &ThreadOpened) -> Change {
        let is_other = self.thread_id.as_ref() != Some(&opened.thread_id);
        let reset = is_other || opened.history.is_some();
        if is_other || !reset {
            // The thread has another process.
            self.mcp_servers.clear();
        }
        if reset {
            let mcp_servers = std::mem::take(&mut self.mcp_servers);
            let warnings = if is_other { Vec::new() } else { std::mem::take(&mut self.warnings) };
            let thread_id = Some(opened.thread_id.clone());
            *self = Self { as_of: seq, thread_id, mcp_servers, warnings, ..Self::default() };
            if let Some(history) = &opened.history {
                self.title.clone_from(&history.title);
                self.turns.clone_from(&history.turns);
                let as_of = |entry: &Entry| Entry { as_of: seq, ..entry.clone() };
                self.entries = history.entries.iter().map(as_of).collect();
            }
        }
        self.process = true;
        // A thread that codex has just indexed has no model yet.
        self.model = Some(opened.model.clone()).filter(|model| !model.is_empty());
        self.effort.clone_from(&opened.effort);
        (self.sandbox, self.approval_policy) = (opened.sandbox, opened.approval_policy);
        self.cwd = Some(opened.cwd.clone());
        Change { reset, ..Change::META }
    }

    /// Marks the running entries that match `filter` as interrupted.
    fn interrupt_running(&mut self, filter: impl Fn(&Entry) -> bool) {
        for entry in self.entries.iter_mut().filter(|entry| entry.phase == Phase::Running) {
            // A request to the user ends by an event of its own.
            if !matches!(entry.content, Content::Question(_)) && filter(entry) {
                entry.phase = Phase::Interrupted;
            }
        }
    }
}

/// The id of a request's entry.
fn question_id(id: &RequestId) -> ItemId {
    ItemId::from(format!("question:{id}"))
}

/// Applies a delta to an item. Returns `false` if the delta does not fit the item's type.
fn add_delta(item: &mut Item, delta: &Delta) -> bool {
    match (item, delta) {
        (Item::AgentMessage(message), Delta::Text(text)) => message.text.push_str(text),
        (Item::Plan(plan), Delta::Text(text)) => plan.text.push_str(text),
        (Item::CommandExecution(command), Delta::Output(text)) => {
            // Codex splits output inside of characters, and sends each byte of a split character as U+FFFD. These are
            // removed here; the completed item has the character.
            command.aggregated_output.push(text.trim_matches(char::REPLACEMENT_CHARACTER));
        }
        (Item::Reasoning(reasoning), Delta::Summary(index, text)) => {
            return append_to_part(&mut reasoning.summary, *index, text);
        }
        (Item::Reasoning(reasoning), Delta::Reasoning(index, text)) => {
            return append_to_part(&mut reasoning.content, *index, text);
        }
        (Item::FileChange(change), Delta::Changes(changes)) => change.changes.clone_from(changes),
        (Item::McpToolCall(call), Delta::Progress(message)) => call.progress = Some(message.clone()),
        _ => return false,
    }
    true
}

fn append_to_part(parts: &mut Vec<String>, index: usize, text: &str) -> bool {
    /// The maximum number of parts, so that a wrong index cannot exhaust the memory. No model writes as many.
    const MAX_PARTS: usize = 10_000;
    if index >= MAX_PARTS {
        return false;
    }
    if parts.len() <= index {
        parts.resize(index + 1, String::new());
    }
    parts[index].push_str(text);
    true
}

/// Copies streamed text into a completed item that omits it. Otherwise the completed item is authoritative.
fn keep_streamed(completed: &mut Content, streamed: Content) {
    match (completed, streamed) {
        (Content::Item(Item::CommandExecution(now)), Content::Item(Item::CommandExecution(before)))
            if now.aggregated_output.is_empty() =>
        {
            now.aggregated_output = before.aggregated_output;
        }
        (Content::Item(Item::Reasoning(now)), Content::Item(Item::Reasoning(before))) => {
            if now.summary.is_empty() {
                now.summary = before.summary;
            }
            if now.content.is_empty() {
                now.content = before.content;
            }
        }
        _ => {}
    }
}

fn set<T: PartialEq>(field: &mut T, value: T) -> Change {
    if *field == value {
        return Change::NONE;
    }
    *field = value;
    Change::META
}

/// The title of a conversation that starts with this prompt: its first line that is not blank, shortened.
pub fn title_from_prompt(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut title: String = line.chars().take(MAX_TITLE_CHARS).collect();
    if title.len() < line.len() {
        title.push('…');
    }
    Some(title)
}

#[cfg(test)]
mod tests;
