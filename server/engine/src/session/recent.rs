//! The newest events in short, for the documented state.

use std::collections::VecDeque;

use codex_gateway_wire::{
    EventName, Notification,
    api::RecentEvent,
    codex::{Delta, Item},
};

use crate::clock::{now_ms, rfc3339};

/// How many are kept.
const EVENTS: usize = 120;
/// How much of an event's text is kept, in bytes.
const PREVIEW: usize = 160;

/// The newest events in short, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Short>);

#[derive(Debug)]
struct Short {
    at_ms: i64,
    name: EventName,
    method: Option<String>,
    item_type: Option<String>,
    item_id: Option<String>,
    status: Option<&'static str>,
    text: Option<String>,
}

impl Recent {
    pub(super) fn notification(&mut self, method: String, notification: &Notification) {
        let mut short = Short::new(EventName::Notification);
        short.method = Some(method);
        match notification {
            Notification::ItemStarted(event) | Notification::ItemCompleted(event) => {
                short.item_type = Some(event.item.kind().to_owned());
                short.item_id = Some(event.item.id().to_string());
                short.status = Some(if matches!(notification, Notification::ItemStarted(_)) {
                    "inProgress"
                } else {
                    "completed"
                });
                if let Item::AgentMessage(message) = &event.item {
                    short.text = preview(&message.text);
                }
            }
            Notification::ItemDelta(delta) => {
                short.item_id = Some(delta.item_id.to_string());
                short.text = match &delta.delta {
                    Delta::Text(text)
                    | Delta::Output(text)
                    | Delta::Summary(_, text)
                    | Delta::Reasoning(_, text)
                    | Delta::Progress(text) => preview(text),
                    Delta::Changes(_) => None,
                };
            }
            Notification::TurnStarted(_, turn) | Notification::TurnCompleted(_, turn) => {
                short.status = Some(turn.status.as_str());
            }
            Notification::Error(error) => short.text = preview(&error.error.message),
            Notification::Warning(_, message) => short.text = preview(message),
            _ => {}
        }
        self.push(short);
    }

    pub(super) fn other(&mut self, name: EventName, method: Option<&str>, text: &str) {
        let mut short = Short::new(name);
        short.method = method.map(str::to_owned);
        short.text = preview(text);
        self.push(short);
    }

    fn push(&mut self, short: Short) {
        if self.0.len() == EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(short);
    }

    pub(super) fn list(&self) -> Vec<RecentEvent> {
        self.0
            .iter()
            .map(|short| RecentEvent {
                at: rfc3339(short.at_ms),
                kind: short.name.as_str().to_owned(),
                method: short.method.clone(),
                item_type: short.item_type.clone(),
                item_id: short.item_id.clone(),
                status: short.status.map(str::to_owned),
                text_preview: short.text.clone(),
            })
            .collect()
    }
}

impl Short {
    fn new(name: EventName) -> Self {
        Self { at_ms: now_ms(), name, method: None, item_type: None, item_id: None, status: None, text: None }
    }
}

fn preview(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text[..text.floor_char_boundary(PREVIEW)].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_are_kept_and_texts_are_short() {
        let mut recent = Recent::default();
        for n in 0..200 {
            recent.other(EventName::Warning, None, &format!("{n}: {}", "漢".repeat(100)));
        }
        let list = recent.list();
        assert_eq!(list.len(), EVENTS);
        let text = list[0].text_preview.as_deref().unwrap();
        assert!(text.starts_with("80: ") && text.len() <= PREVIEW, "{text}");
    }
}
