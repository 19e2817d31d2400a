//! Messages that were sent and have not come back yet.

use codex_gateway_wire::{Content, Item, QueueItem, SessionId, StartTurn, ThreadId, Transcript};
use leptos::task::spawn_local;

use super::Live;
use crate::{
    browser,
    server_fns::{self, Failure},
    state::State,
};

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unsent {
    /// Ours; codex gives it back with the message.
    pub(crate) client_id: String,
    /// The message as the server takes it.
    pub(crate) turn: StartTurn,
    /// How far it has come.
    pub(crate) state: UnsentState,
}

impl Unsent {
    /// A message that is about to be sent.
    pub(crate) fn new(turn: StartTurn) -> Self {
        let client_id = browser::unique_id();
        let turn = StartTurn { client_message_id: Some(client_id.clone()), ..turn };
        Self { client_id, turn, state: UnsentState::Sending }
    }
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum UnsentState {
    /// On its way.
    Sending,
    /// It did not arrive.
    Failed(Failure),
}

/// Where a message goes.
pub(crate) enum Target {
    /// To a session.
    Session(SessionId),
    /// To a thread that no session is in: one is made for it.
    Thread(ThreadId),
}

/// Those of a conversation. They show at once, and leave when the conversation has them.
#[derive(Clone, Copy)]
pub(crate) struct Outbox(State<Vec<Unsent>>);

impl Outbox {
    pub(crate) fn new() -> Self {
        Self(State::new(Vec::new()))
    }

    /// All of them; tracked.
    pub(crate) fn all(self) -> Vec<Unsent> {
        self.0.get()
    }

    /// Whether one is on its way; tracked.
    pub(crate) fn busy(self) -> bool {
        self.0.try_with(|all| all.iter().any(|message| message.state == UnsentState::Sending)) == Some(true)
    }

    /// Shows a message that is on its way already.
    pub(crate) fn show(self, message: Unsent) {
        self.0.update(|all| all.push(message));
    }

    /// Sends a message, for the first time or again; `done` learns which session has it, or why it did not arrive.
    pub(crate) fn send(
        self,
        to: Target,
        message: Unsent,
        done: impl FnOnce(Result<SessionId, &Failure>) + 'static,
    ) {
        let client_id = message.client_id.clone();
        let turn = message.turn.clone();
        self.0.update(|all| {
            all.retain(|other| other.client_id != client_id);
            all.push(Unsent { state: UnsentState::Sending, ..message });
        });
        spawn_local(async move {
            let sent = match to {
                Target::Session(id) => server_fns::send(id.clone(), turn).await.map(|()| id),
                Target::Thread(id) => server_fns::resume(id, turn).await,
            };
            if let Err(failure) = &sent {
                self.fail(&client_id, failure);
            }
            done(sent.as_ref().cloned());
        });
    }

    fn fail(self, client_id: &str, failure: &Failure) {
        self.0.update(|all| {
            for message in all.iter_mut().filter(|message| message.client_id == client_id) {
                message.state = UnsentState::Failed(failure.clone());
            }
        });
    }

    /// Takes out those that did not arrive.
    pub(crate) fn take_failed(self) -> Vec<StartTurn> {
        let is_failed = |message: &Unsent| message.state != UnsentState::Sending;
        let (failed, left): (Vec<_>, Vec<_>) = self.0.peek().into_iter().partition(is_failed);
        self.0.set_to(left);
        failed.into_iter().map(|message| message.turn).collect()
    }

    /// Takes out what the conversation has by now.
    pub(crate) fn settle(self, live: Live) {
        let waiting = self.0.peek();
        if waiting.is_empty() {
            return;
        }
        let left: Vec<_> =
            waiting.into_iter().filter(|one| !live.peek(|transcript| has(transcript, one))).collect();
        self.0.set_to(left);
    }
}

/// Whether the conversation has a message, or lets it wait.
fn has(transcript: &Transcript, message: &Unsent) -> bool {
    let waits = |item: &QueueItem| item.client_message_id.as_ref() == Some(&message.client_id);
    if transcript.queue.iter().any(waits) {
        return true;
    }
    transcript.entries.iter().rev().any(|entry| match &entry.content {
        Content::Item(Item::UserMessage(user)) => user.client_id.as_ref() == Some(&message.client_id),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Event, EventBody, EventName};

    use super::*;

    fn message(client_id: &str) -> Unsent {
        let turn = StartTurn { prompt: "go".to_owned(), ..StartTurn::default() };
        Unsent { client_id: client_id.to_owned(), turn, state: UnsentState::Sending }
    }

    #[test]
    fn a_message_is_matched_by_its_client_id_not_its_text() {
        let data = r#"{"method":"item/completed","params":{"threadId":"t","turnId":"u","item":
            {"type":"userMessage","id":"i","clientId":"mine","content":[{"type":"text","text":"go"}]}}}"#;
        let mut transcript = Transcript::default();
        let body = EventBody::parse(EventName::Notification, data).unwrap();
        transcript.apply(&Event { seq: 1, body });
        assert!(has(&transcript, &message("mine")));
        assert!(!has(&transcript, &message("other")));

        let data = r#"{"items":[{"id":"q","clientMessageId":"other","text":"go"}]}"#;
        let body = EventBody::parse(EventName::Queue, data).unwrap();
        transcript.apply(&Event { seq: 2, body });
        assert!(has(&transcript, &message("other")), "one that waits has arrived too");
    }
}
