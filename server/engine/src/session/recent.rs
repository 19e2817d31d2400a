//! Short forms of the newest events, for the documented state.

use std::collections::VecDeque;

use codex_gateway_wire::{
    EventName, Notification,
    api::RecentEvent,
    codex::{Delta, Item},
};

use crate::clock::{now_ms, rfc3339};

/// Maximum number of events.
const MAX_EVENTS: usize = 120;
/// Maximum length of an event's text, in bytes.
const PREVIEW_BYTES: usize = 160;

/// The newest events, oldest first.
#[derive(Debug, Default)]
pub(super) struct RecentEvents(VecDeque<Summary>);

#[derive(Debug)]
struct Summary {
    at_ms: i64,
    name: EventName,
    method: Option<String>,
    item_type: Option<String>,
    item_id: Option<String>,
    status: Option<&'static str>,
    text: Option<String>,
}

impl RecentEvents {
    pub(super) fn push_notification(&mut self, method: String, notification: &Notification) {
        let mut summary = Summary::new(EventName::Notification);
        summary.method = Some(method);
        match notification {
            Notification::ItemStarted(event) | Notification::ItemCompleted(event) => {
                summary.item_type = Some(event.item.kind().to_owned());
                summary.item_id = Some(event.item.id().to_string());
                summary.status = Some(if matches!(notification, Notification::ItemStarted(_)) {
                    "inProgress"
                } else {
                    "completed"
                });
                if let Item::AgentMessage(message) = &event.item {
                    summary.text = preview(&message.text);
                }
            }
            Notification::ItemDelta(delta) => {
                summary.item_id = Some(delta.item_id.to_string());
                summary.text = match &delta.delta {
                    Delta::Text(text)
                    | Delta::Output(text)
                    | Delta::Summary(_, text)
                    | Delta::Reasoning(_, text)
                    | Delta::Progress(text) => preview(text),
                    Delta::Changes(_) => None,
                };
            }
            Notification::TurnStarted(_, turn) | Notification::TurnCompleted(_, turn) => {
                summary.status = Some(turn.status.as_str());
            }
            Notification::Error(error) => summary.text = preview(&error.error.message),
            Notification::Warning(_, message) => summary.text = preview(message),
            _ => {}
        }
        self.push(summary);
    }

    pub(super) fn push_own(&mut self, name: EventName, method: Option<&str>, text: &str) {
        let mut summary = Summary::new(name);
        summary.method = method.map(str::to_owned);
        summary.text = preview(text);
        self.push(summary);
    }

    fn push(&mut self, summary: Summary) {
        if self.0.len() == MAX_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(summary);
    }

    pub(super) fn list(&self) -> Vec<RecentEvent> {
        self.0
            .iter()
            .map(|summary| RecentEvent {
                at: rfc3339(summary.at_ms),
                kind: summary.name.as_str().to_owned(),
                method: summary.method.clone(),
                item_type: summary.item_type.clone(),
                item_id: summary.item_id.clone(),
                status: summary.status.map(str::to_owned),
                text_preview: summary.text.clone(),
            })
            .collect()
    }
}

impl Summary {
    fn new(name: EventName) -> Self {
        Self { at_ms: now_ms(), name, method: None, item_type: None, item_id: None, status: None, text: None }
    }
}

fn preview(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text[..text.floor_char_boundary(PREVIEW_BYTES)].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_events_are_dropped_and_texts_are_truncated() {
        let mut recent = RecentEvents::default();
        for n in 0..200 {
            recent.push_own(EventName::Warning, None, &format!("{n}: {}", "漢".repeat(100)));
        }
        let list = recent.list();
        assert_eq!(list.len(), MAX_EVENTS);
        let text = list[0].text_preview.as_deref().unwrap();
        assert!(text.starts_with("80: ") && text.len() <= PREVIEW_BYTES, "{text}");
    }
}
