//! The actor's part about the queue: messages that wait for their turn.
//!
//! The queue is part of the transcript, so all clients see it. Its first message is sent when a turn has completed, or was
//! stopped by force. After a turn that was stopped in the ordinary way, or that failed, the queue waits for the user.
//! A message leaves the queue when codex has it: no message is sent twice or lost.

use codex_gateway_wire::{
    EventBody, EventName, Queue, QueueItem, QueueItemId, StartTurn, TurnId,
    api::{EditQueueItem, QueueReply, Sent, TurnOutcome},
    codex::{TurnStatus, UserMessage},
};
use futures::FutureExt;
use uuid::Uuid;

use super::{
    actor::{Actor, Done},
    intake,
    turns::{Message, SentReply, Slot},
};
use crate::{error::SessionError, once::Told};

/// How many messages may wait.
const ITEMS: usize = 32;
/// How much all of them may say, in bytes: every change of the queue is told whole.
const BYTES: usize = 256 * 1024;

impl Actor {
    pub(super) fn queue(&self) -> QueueReply {
        let (queue, last_event_id) = (self.transcript.queue.clone(), self.shared.log.last());
        QueueReply { ok: true, queue, last_event_id }
    }

    /// Lets a message wait: behind all others, or before them. One that is in the queue already only moves.
    pub(super) fn wait_in_queue(&mut self, message: Message, first: bool) {
        // Which thread it was written for, nobody can tell.
        if matches!(self.slot, Slot::Changing(_)) {
            return self.failed(message, &SessionError::Starting);
        }
        let mut items = self.transcript.queue.clone();
        let known = message.item.as_ref().and_then(|id| items.iter().position(|item| item.id == *id));
        let item = match known {
            Some(at) => QueueItem { sending: false, ..items.remove(at) },
            None => QueueItem::new(Uuid::now_v7().to_string().into(), message.turn.clone()),
        };
        let id = item.id.clone();
        items.insert(if first { 0 } else { items.len() }, item);
        match fits(&items) {
            Ok(()) => {
                self.set_queue(items);
                self.keep_images(&message);
                let sent = Sent { outcome: TurnOutcome::Queued, turn_id: None, queue_item_id: Some(id) };
                self.tell_sender(message, sent);
            }
            Err(error) => self.failed(message, &error),
        }
    }

    /// Puts a message that is about to be sent before all others, however many wait: it is sent next. It stays there, with the
    /// reason, if codex does not take it.
    pub(super) fn put_first(&mut self, message: Message) -> Message {
        let id = QueueItemId::from(Uuid::now_v7().to_string());
        let replaces_turn_id = message.turn.replaces_turn_id.clone();
        let item = QueueItem { sending: true, ..QueueItem::new(id.clone(), message.turn) };
        let turn = StartTurn { replaces_turn_id, ..item.turn() };
        let mut items = self.transcript.queue.clone();
        items.insert(0, item);
        self.set_queue(items);
        Message { turn, item: Some(id), ..message }
    }

    /// The images of a message that waits are kept for it.
    fn keep_images(&self, message: &Message) {
        let intake = self.base.intake(self.transcript.thread_id.clone());
        let turn = message.turn.clone();
        // One that is gone is told when the message is sent.
        let keeping = async move { intake.resolve(turn).await.map_or(Done::Nothing, |_| Done::Nothing) };
        self.tasks.push(keeping.boxed());
    }

    /// Says something else, or waits elsewhere.
    pub(super) fn edit_queued(
        &mut self,
        id: &QueueItemId,
        edit: EditQueueItem,
    ) -> Result<QueueReply, SessionError> {
        let at = self.find(id)?;
        let mut items = self.transcript.queue.clone();
        let EditQueueItem { text, before } = edit;
        if let Some(text) = text {
            items[at].text = text;
            items[at].error = None;
            if intake::is_empty(&items[at].turn()) {
                return Err(SessionError::EmptyPrompt);
            }
        }
        if let Some(before) = before.filter(|before| before.as_ref() != Some(id)) {
            let item = items.remove(at);
            let to = match before {
                None => items.len(),
                Some(before) => position(&items, &before).ok_or(SessionError::NoSuchQueueItem)?,
            };
            items.insert(to, item);
        }
        fits(&items)?;
        self.set_queue(items);
        Ok(self.queue())
    }

    /// Takes a message out that nobody is to have.
    pub(super) fn remove_queued(&mut self, id: &QueueItemId) -> Result<QueueReply, SessionError> {
        self.find(id)?;
        self.take_out(id);
        Ok(self.queue())
    }

    /// Sends a message now: as a turn, or to the agent that is at work.
    pub(super) fn send_queued(&mut self, id: &QueueItemId, reply: SentReply) {
        match self.find(id) {
            Ok(at) => {
                let turn = self.transcript.queue[at].turn();
                self.tell(Message {
                    turn,
                    item: Some(id.clone()),
                    told: Told::default(),
                    reply: Some(reply),
                });
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Sends the next message, if the last turn ended well and nothing stands in the way.
    pub(super) fn send_next(&mut self) {
        let ended_well =
            self.transcript.turns.last().is_some_and(|turn| turn.status == TurnStatus::Completed);
        if ended_well {
            self.send_first();
        }
    }

    /// Sends the first message, if nothing stands in the way.
    pub(super) fn send_first(&mut self) {
        if self.slot.is_busy() || self.transcript.queue.iter().any(|item| item.sending) {
            return;
        }
        if let Some(item) = self.transcript.queue.first().filter(|item| item.error.is_none()) {
            self.start(Message {
                turn: item.turn(),
                item: Some(item.id.clone()),
                told: Told::default(),
                reply: None,
            });
        }
    }

    /// A message of the queue is on its way.
    pub(super) fn mark_sending(&mut self, message: &Message) {
        if let Some(id) = &message.item {
            self.update(id, |item| (item.sending, item.error) = (true, None));
        }
    }

    /// A message of the queue could not be sent: it waits, with the reason.
    pub(super) fn mark_failed(&mut self, id: &QueueItemId, error: &SessionError) {
        self.update(id, |item| (item.sending, item.error) = (false, Some(error.to_string())));
    }

    /// Codex has a message of the user: one of the queue whose sending nobody answered for has arrived after all.
    pub(super) fn arrived(&mut self, message: &UserMessage, turn: &TurnId) {
        let is_it = |item: &&QueueItem| {
            (item.sending || item.error.is_some()) && item.client_message_id == message.client_id
        };
        if let Some(id) = self.transcript.queue.iter().find(is_it).map(|item| item.id.clone()) {
            self.take_out(&id);
            self.taken_for(Some(&id), turn);
        }
    }

    /// Takes a message out, if it is there.
    pub(super) fn take_out(&mut self, id: &QueueItemId) {
        if let Some(at) = position(&self.transcript.queue, id) {
            let mut items = self.transcript.queue.clone();
            items.remove(at);
            self.set_queue(items);
        }
    }

    fn update(&mut self, id: &QueueItemId, change: impl FnOnce(&mut QueueItem)) {
        if let Some(at) = position(&self.transcript.queue, id) {
            let mut items = self.transcript.queue.clone();
            change(&mut items[at]);
            self.set_queue(items);
        }
    }

    /// Where a message is that can still be changed.
    fn find(&self, id: &QueueItemId) -> Result<usize, SessionError> {
        let at = position(&self.transcript.queue, id).ok_or(SessionError::NoSuchQueueItem)?;
        if self.transcript.queue[at].sending { Err(SessionError::QueueItemSending) } else { Ok(at) }
    }

    /// Tells everybody what waits now.
    pub(super) fn set_queue(&mut self, items: Vec<QueueItem>) {
        if items != self.transcript.queue {
            let queue = Queue { items };
            self.say_event(EventName::Queue, &queue, EventBody::Queue(queue.clone()));
            self.save_soon();
        }
    }
}

fn position(items: &[QueueItem], id: &QueueItemId) -> Option<usize> {
    items.iter().position(|item| item.id == *id)
}

/// Whether so much may wait.
fn fits(items: &[QueueItem]) -> Result<(), SessionError> {
    // Our own types can be written.
    let bytes = serde_json::to_string(items).map_or(0, |json| json.len());
    if items.len() > ITEMS {
        return Err(SessionError::QueueFull { items: ITEMS });
    }
    if bytes > BYTES { Err(SessionError::QueueTooLong { bytes: BYTES }) } else { Ok(()) }
}
