//! Messages that were sent and are not in the transcript yet.

use codex_gateway_wire::{Content, Item, QueueItem, SessionId, StartTurn, ThreadId, Transcript};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{drafts::forget_sent, store::TranscriptStore};
use crate::{
    browser,
    server_fns::{self, ApiError},
    signal::RwSignalExt as _,
};

/// A message that was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unsent {
    /// Identifies the message on the page.
    pub(crate) client_id: String,
    /// The request that sends the message.
    pub(crate) turn: StartTurn,
    pub(crate) state: UnsentState,
    /// The message was sent to another conversation: a new one, or a fork.
    goes_elsewhere: bool,
}

impl Unsent {
    /// A message to be sent under a new id.
    pub(crate) fn new(turn: StartTurn) -> Self {
        Self::with_id(turn, browser::unique_id())
    }

    /// A message to be sent under this id. The server accepts each id once.
    pub(crate) fn with_id(turn: StartTurn, client_id: String) -> Self {
        let turn = StartTurn { client_message_id: Some(client_id.clone()), ..turn };
        Self { client_id, turn, state: UnsentState::Sending, goes_elsewhere: false }
    }

    /// The message as it is sent again.
    ///
    /// A message that may have arrived keeps its id, so that the server accepts it once. A refused one gets a new id.
    pub(crate) fn again(self) -> Self {
        self.again_as(browser::unique_id)
    }

    fn again_as(mut self, new_id: impl FnOnce() -> String) -> Self {
        if matches!(&self.state, UnsentState::Failed(failure) if !failure.is_open()) {
            self.turn.client_message_id = Some(new_id());
        }
        self
    }

    /// Returns `true` if the message was sent to this conversation, and its request got no response of the gateway.
    fn is_unanswered(&self) -> bool {
        !self.goes_elsewhere && matches!(&self.state, UnsentState::Failed(failure) if failure.is_open())
    }

    /// The id of the message at the server.
    fn sent_id(&self) -> Option<&String> {
        self.turn.client_message_id.as_ref()
    }

    /// Returns `true` while the transcript has the turn that the message replaces.
    pub(crate) fn is_in_place(&self, transcript: &Transcript) -> bool {
        let replaced = self.turn.replaces_turn_id.as_ref();
        replaced.is_some_and(|turn| transcript.turn(turn).is_some())
    }
}

/// The state of a sent message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum UnsentState {
    /// Its request has no response yet.
    Sending,
    /// The gateway has accepted it. Its events have not arrived yet.
    Accepted,
    /// The request failed.
    Failed(ApiError),
}

/// Where a message is sent.
pub(crate) enum Target {
    /// A session.
    Session(SessionId),
    /// A thread without a session. The server starts one.
    Thread(ThreadId),
    /// A fork of this thread, in a new session.
    Fork(ThreadId),
    /// A new thread in this folder. `None` for the one that the operator has set.
    New(Option<String>),
}

/// The sent messages of a conversation. Each is shown at once, and removed when the transcript has it.
#[derive(Clone, Copy)]
pub(crate) struct Outbox(RwSignal<Vec<Unsent>>);

impl Outbox {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// All messages; tracked.
    pub(crate) fn all(self) -> Vec<Unsent> {
        self.0.get()
    }

    /// The messages at the end of the conversation; tracked.
    ///
    /// A message that replaces a turn is among them once the turn is gone. Before, it is shown in place of the turn.
    pub(crate) fn shown(self, store: TranscriptStore) -> Vec<Unsent> {
        let mut all = self.all();
        all.retain(|message| store.meta(|transcript| !message.is_in_place(transcript)));
        all
    }

    /// Returns `true` if it has a message with this id; tracked.
    pub(crate) fn has(self, client_id: &str) -> bool {
        self.0.try_with(|all| {
            all.iter().any(|message| message.turn.client_message_id.as_deref() == Some(client_id))
        }) == Some(true)
    }

    /// Returns `true` while a message is being sent; tracked.
    pub(crate) fn busy(self) -> bool {
        self.0.try_with(|all| all.iter().any(|message| message.state == UnsentState::Sending)) == Some(true)
    }

    /// Returns `true` if the gateway has accepted a message that is not in the transcript yet; tracked.
    pub(crate) fn has_accepted(self) -> bool {
        self.0.try_with(|all| all.iter().any(|message| message.state == UnsentState::Accepted)) == Some(true)
    }

    /// Adds a message that the gateway has accepted already.
    pub(crate) fn show(self, message: Unsent) {
        self.0.update(|all| all.push(Unsent { state: UnsentState::Accepted, ..message }));
    }

    /// Sends a message, for the first time or again. `on_sent` gets the session that has it, or the failure.
    pub(crate) fn send(
        self,
        target: Target,
        message: Unsent,
        on_sent: impl FnOnce(Result<SessionId, &ApiError>) + 'static,
    ) {
        let client_id = message.client_id.clone();
        let turn = message.turn.clone();
        let goes_elsewhere = matches!(target, Target::New(_) | Target::Fork(_));
        self.0.update(|all| {
            all.retain(|other| other.client_id != client_id);
            all.push(Unsent { state: UnsentState::Sending, goes_elsewhere, ..message });
        });
        spawn_local(async move {
            let sent = match target {
                Target::Fork(id) => server_fns::fork_and_send(id, turn).await,
                Target::New(cwd) => server_fns::start_conversation(cwd, turn).await,
                Target::Session(id) => server_fns::send_message(id.clone(), turn).await.map(|()| id),
                Target::Thread(id) => server_fns::resume_conversation(id, turn).await,
            };
            let state = match &sent {
                Ok(_) => UnsentState::Accepted,
                Err(failure) => UnsentState::Failed(failure.clone()),
            };
            self.set_state(&client_id, &state);
            on_sent(sent.as_ref().cloned());
        });
    }

    fn set_state(self, client_id: &str, state: &UnsentState) {
        self.0.update(|all| {
            for message in all.iter_mut().filter(|message| message.client_id == client_id) {
                message.state = state.clone();
            }
        });
    }

    /// Removes a failed message if the turn that it replaces is still there: the user goes on editing it in that place.
    ///
    /// Otherwise the message becomes an ordinary one, which can be sent again. Returns `true` if it was removed.
    pub(crate) fn take_unreplaced(self, client_id: &str, store: TranscriptStore) -> bool {
        let taken = self.0.try_update(|all| {
            let is_own = |message: &Unsent| message.client_id == client_id;
            let is_in_place = store.with_untracked(|transcript| {
                all.iter().any(|one| is_own(one) && one.is_in_place(transcript))
            });
            all.retain(|message| !(is_in_place && is_own(message)));
            for message in all.iter_mut().filter(|message| is_own(message)) {
                message.turn.replaces_turn_id = None;
                message.turn.expected_last_turn_id = None;
            }
            is_in_place
        });
        taken.unwrap_or_default()
    }

    /// The messages to this conversation whose requests got no response of the gateway, in their order.
    pub(super) fn unanswered(self) -> Vec<Unsent> {
        let mut all = self.0.get_untracked_or_default();
        all.retain(Unsent::is_unanswered);
        all
    }

    /// Removes the failed messages and returns them.
    pub(crate) fn take_failed(self) -> Vec<StartTurn> {
        let is_failed = |message: &Unsent| matches!(message.state, UnsentState::Failed(_));
        let (failed, left): (Vec<_>, Vec<_>) =
            self.0.get_untracked_or_default().into_iter().partition(is_failed);
        self.0.set_if_changed(left);
        failed.into_iter().map(|message| message.turn).collect()
    }

    /// Removes the messages that the transcript has.
    pub(crate) fn reconcile(self, store: TranscriptStore) {
        let all = self.0.get_untracked_or_default();
        if all.is_empty() {
            return;
        }
        let has_arrived = |one: &Unsent| store.with_untracked(|transcript| has(transcript, one));
        let (arrived, left): (Vec<_>, Vec<_>) = all.into_iter().partition(has_arrived);
        self.0.set_if_changed(left);
        // A message whose response was lost has arrived nevertheless. It may be stored as the draft.
        let thread = store.with_untracked(|transcript| transcript.thread_id.clone());
        for message in arrived.iter().filter(|one| matches!(one.state, UnsentState::Failed(_))) {
            if let Some(thread) = &thread {
                forget_sent(thread.as_str(), &message.turn);
            }
        }
    }
}

/// Returns `true` if the transcript has a message, in an entry or in the queue.
fn has(transcript: &Transcript, message: &Unsent) -> bool {
    // A queued message that is being sent is in neither place for a moment.
    let is_queued = |item: &QueueItem| !item.sending && item.client_message_id.as_ref() == message.sent_id();
    if transcript.queue.iter().any(is_queued) {
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
        Unsent { client_id: client_id.to_owned(), turn, state: UnsentState::Sending, goes_elsewhere: false }
    }

    #[test]
    fn message_is_matched_by_its_client_id_not_its_text() {
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
        assert!(has(&transcript, &message("other")), "a queued message has arrived too");

        let data = r#"{"items":[{"id":"q","clientMessageId":"third","text":"go","sending":true}]}"#;
        let body = EventBody::parse(EventName::Queue, data).unwrap();
        transcript.apply(&Event { seq: 3, body });
        assert!(!has(&transcript, &message("third")), "a queued message that is being sent has not arrived");
    }

    #[test]
    fn resent_message_keeps_its_id_only_if_it_may_have_arrived() {
        let failed = |failure| Unsent { state: UnsentState::Failed(failure), ..message("mine") };
        for open in [ApiError::unreachable(), ApiError::of_reply(502, "<html>")] {
            assert_eq!(failed(open).again_as(|| "new".to_owned()).sent_id().unwrap(), "mine");
        }
        let again = failed(ApiError::new("queue_full", String::new())).again_as(|| "new".to_owned());
        assert_eq!((again.sent_id().unwrap().as_str(), again.client_id.as_str()), ("new", "mine"));
    }

    #[test]
    fn replacing_message_is_not_shown_until_its_turn_is_gone() {
        let owner = leptos::prelude::Owner::new();
        owner.set();
        let turn = |id: &str| TurnRecord { id: id.into(), ..TurnRecord::default() };
        let store = |turns: &[&str]| {
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
        assert!(outbox.shown(store(&["a", "b"])).is_empty());
        assert_eq!(outbox.shown(store(&["a"])).len(), 1);

        assert!(!outbox.take_unreplaced("mine", store(&["a"])), "nothing is left to replace");
        assert_eq!(outbox.all()[0].turn.replaces_turn_id, None);
        outbox.0.update(|all| all[0].turn.replaces_turn_id = Some("b".into()));
        assert!(outbox.take_unreplaced("mine", store(&["a", "b"])));
        assert!(outbox.all().is_empty());
    }

    #[test]
    fn message_is_unanswered_if_this_conversation_did_not_reply() {
        let failed = |failure: ApiError| Unsent { state: UnsentState::Failed(failure), ..message("m") };
        let lost = failed(ApiError::unreachable());
        assert!(lost.is_unanswered());
        assert!(!Unsent { goes_elsewhere: true, ..lost }.is_unanswered(), "it was sent to a fork");
        assert!(!failed(ApiError::default()).is_unanswered(), "the gateway has refused it");
        assert!(!message("m").is_unanswered(), "its request is under way");
    }
}
