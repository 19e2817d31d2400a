//! Messages that were sent and have not come back yet.

use codex_gateway_wire::{Content, Item, QueueItem, SessionId, StartTurn, ThreadId, Transcript};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{drafts::forget_sent, store::TranscriptStore};
use crate::{
    browser,
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
};

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unsent {
    /// Names the message on the page.
    pub(crate) client_id: String,
    /// The message as the server takes it.
    pub(crate) turn: StartTurn,
    /// How far it has come.
    pub(crate) state: UnsentState,
}

impl Unsent {
    /// A message that is about to be sent.
    pub(crate) fn new(turn: StartTurn) -> Self {
        Self::with_id(turn, browser::unique_id())
    }

    /// A message that is about to be sent under this id: the server takes each id once.
    pub(crate) fn with_id(turn: StartTurn, client_id: String) -> Self {
        let turn = StartTurn { client_message_id: Some(client_id.clone()), ..turn };
        Self { client_id, turn, state: UnsentState::Sending }
    }

    /// The message that the reader sends again. It may have arrived before: then it keeps its id, by which the server takes
    /// it once. One that the gateway has refused becomes another message.
    pub(crate) fn again(self) -> Self {
        self.again_as(browser::unique_id)
    }

    fn again_as(mut self, new_id: impl FnOnce() -> String) -> Self {
        if matches!(&self.state, UnsentState::Failed(failure) if !failure.is_open()) {
            self.turn.client_message_id = Some(new_id());
        }
        self
    }

    /// The id under which the server knows it.
    fn sent_id(&self) -> Option<&String> {
        self.turn.client_message_id.as_ref()
    }

    /// Whether the turn is still there that the message is to replace.
    pub(crate) fn is_in_place(&self, transcript: &Transcript) -> bool {
        let replaced = self.turn.replaces_turn_id.as_ref();
        replaced.is_some_and(|turn| transcript.turn(turn).is_some())
    }
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum UnsentState {
    /// On its way.
    Sending,
    /// The gateway has it, and its events have not told so yet.
    Accepted,
    /// It did not arrive.
    Failed(ApiError),
}

/// Where a message goes.
pub(crate) enum Target {
    /// To a session.
    Session(SessionId),
    /// To a thread that no session is in: one is made for it.
    Thread(ThreadId),
    /// To a new thread that begins as this one did.
    Fork(ThreadId),
    /// To a new thread in this folder.
    New(Option<String>),
}

/// Those of a conversation. They show at once, and leave when the conversation has them.
#[derive(Clone, Copy)]
pub(crate) struct Outbox(RwSignal<Vec<Unsent>>);

impl Outbox {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// All of them; tracked.
    pub(crate) fn all(self) -> Vec<Unsent> {
        self.0.get()
    }

    /// Those that stand at the end of the conversation; tracked. A message that replaces a turn does once that turn is gone:
    /// before, it is in the place of the turn.
    pub(crate) fn shown(self, live: TranscriptStore) -> Vec<Unsent> {
        let mut all = self.all();
        all.retain(|message| live.meta(|transcript| !message.is_in_place(transcript)));
        all
    }

    /// Returns `true` if a message of this id is among them; tracked.
    pub(crate) fn has(self, client_id: &str) -> bool {
        self.0.try_with(|all| {
            all.iter().any(|message| message.turn.client_message_id.as_deref() == Some(client_id))
        }) == Some(true)
    }

    /// Whether one is on its way; tracked.
    pub(crate) fn busy(self) -> bool {
        self.0.try_with(|all| all.iter().any(|message| message.state == UnsentState::Sending)) == Some(true)
    }

    /// Returns `true` if the gateway has a message that its events have not told of; tracked.
    pub(crate) fn has_accepted(self) -> bool {
        self.0.try_with(|all| all.iter().any(|message| message.state == UnsentState::Accepted)) == Some(true)
    }

    /// Shows a message that the gateway has already.
    pub(crate) fn show(self, message: Unsent) {
        self.0.update(|all| all.push(Unsent { state: UnsentState::Accepted, ..message }));
    }

    /// Sends a message, for the first time or again; `done` learns which session has it, or why it did not arrive.
    pub(crate) fn send(
        self,
        to: Target,
        message: Unsent,
        done: impl FnOnce(Result<SessionId, &ApiError>) + 'static,
    ) {
        let client_id = message.client_id.clone();
        let turn = message.turn.clone();
        self.0.update(|all| {
            all.retain(|other| other.client_id != client_id);
            all.push(Unsent { state: UnsentState::Sending, ..message });
        });
        spawn_local(async move {
            let sent = match to {
                Target::Fork(id) => server_fns::fork_and_send(id, turn).await,
                Target::New(cwd) => server_fns::start(cwd, turn).await,
                Target::Session(id) => server_fns::send(id.clone(), turn).await.map(|()| id),
                Target::Thread(id) => server_fns::resume(id, turn).await,
            };
            let state = match &sent {
                Ok(_) => UnsentState::Accepted,
                Err(failure) => UnsentState::Failed(failure.clone()),
            };
            self.note(&client_id, &state);
            done(sent.as_ref().cloned());
        });
    }

    fn note(self, client_id: &str, state: &UnsentState) {
        self.0.update(|all| {
            for message in all.iter_mut().filter(|message| message.client_id == client_id) {
                message.state = state.clone();
            }
        });
    }

    /// Takes out a message that did not arrive, if the turn is still there that it was to replace: it is edited there. Otherwise
    /// nothing is left to replace, and the message can be sent as any other. Returns `true` if it was taken out.
    pub(crate) fn take_unreplaced(self, client_id: &str, live: TranscriptStore) -> bool {
        let taken = self.0.try_update(|all| {
            let own = |message: &Unsent| message.client_id == client_id;
            let stays = live
                .with_untracked(|transcript| all.iter().any(|one| own(one) && one.is_in_place(transcript)));
            all.retain(|message| !(stays && own(message)));
            for message in all.iter_mut().filter(|message| own(message)) {
                message.turn.replaces_turn_id = None;
                message.turn.expected_last_turn_id = None;
            }
            stays
        });
        taken.unwrap_or_default()
    }

    /// Takes out those that did not arrive.
    pub(crate) fn take_failed(self) -> Vec<StartTurn> {
        let is_failed = |message: &Unsent| matches!(message.state, UnsentState::Failed(_));
        let (failed, left): (Vec<_>, Vec<_>) = self.0.get_untracked().into_iter().partition(is_failed);
        self.0.set_if_changed(left);
        failed.into_iter().map(|message| message.turn).collect()
    }

    /// Takes out what the conversation has by now.
    pub(crate) fn reconcile(self, live: TranscriptStore) {
        let waiting = self.0.get_untracked();
        if waiting.is_empty() {
            return;
        }
        let is_there = |one: &Unsent| live.with_untracked(|transcript| has(transcript, one));
        let (there, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_there);
        self.0.set_if_changed(left);
        // A message whose reply was lost has arrived all the same, and is no draft any more.
        let thread = live.with_untracked(|transcript| transcript.thread_id.clone());
        for message in there.iter().filter(|one| matches!(one.state, UnsentState::Failed(_))) {
            if let Some(thread) = &thread {
                forget_sent(thread.as_str(), &message.turn);
            }
        }
    }
}

/// Whether the conversation has a message, or lets it wait.
fn has(transcript: &Transcript, message: &Unsent) -> bool {
    // One that is being sent is about to be in the conversation.
    let waits = |item: &QueueItem| !item.sending && item.client_message_id.as_ref() == message.sent_id();
    if transcript.queue.iter().any(waits) {
        return true;
    }
    transcript.entries.iter().rev().any(|entry| match &entry.content {
        Content::Item(Item::UserMessage(user)) => user.client_id.as_ref() == message.sent_id(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{Event, EventBody, EventName, Snapshot, TurnRecord};

    use super::*;
    use crate::state::store::tests::snapshot;

    fn message(client_id: &str) -> Unsent {
        let client_message_id = Some(client_id.to_owned());
        let turn = StartTurn { prompt: "go".to_owned(), client_message_id, ..StartTurn::default() };
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

        let data = r#"{"items":[{"id":"q","clientMessageId":"third","text":"go","sending":true}]}"#;
        let body = EventBody::parse(EventName::Queue, data).unwrap();
        transcript.apply(&Event { seq: 3, body });
        assert!(!has(&transcript, &message("third")), "one that is being sent is in neither place");
    }

    #[test]
    fn message_keeps_its_id_only_if_it_may_have_arrived() {
        let failed = |failure| Unsent { state: UnsentState::Failed(failure), ..message("mine") };
        for open in [ApiError::unreachable(), ApiError::of_reply(502, "<html>")] {
            assert_eq!(failed(open).again_as(|| "new".to_owned()).sent_id().unwrap(), "mine");
        }
        let again = failed(ApiError::new("queue_full", String::new())).again_as(|| "new".to_owned());
        assert_eq!((again.sent_id().unwrap().as_str(), again.client_id.as_str()), ("new", "mine"));
    }

    #[test]
    fn message_is_in_the_place_of_a_turn_until_that_is_gone() {
        let owner = leptos::prelude::Owner::new();
        owner.set();
        let turn = |id: &str| TurnRecord { id: id.into(), ..TurnRecord::default() };
        let live = |turns: &[&str]| {
            let turns = turns.iter().map(|id| turn(id)).collect();
            TranscriptStore::new(Snapshot {
                transcript: Transcript { turns, ..Transcript::default() },
                ..snapshot()
            })
        };
        let mut edited = message("mine");
        edited.turn.replaces_turn_id = Some("b".into());
        let outbox = Outbox::new();
        outbox.show(edited);
        assert!(outbox.shown(live(&["a", "b"])).is_empty());
        assert_eq!(outbox.shown(live(&["a"])).len(), 1);

        assert!(!outbox.take_unreplaced("mine", live(&["a"])), "nothing is left to replace");
        assert_eq!(outbox.all()[0].turn.replaces_turn_id, None);
        outbox.0.update(|all| all[0].turn.replaces_turn_id = Some("b".into()));
        assert!(outbox.take_unreplaced("mine", live(&["a", "b"])));
        assert!(outbox.all().is_empty());
    }
}
