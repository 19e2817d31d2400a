//! The queue: messages that wait until the running turn has ended.
//!
//! The queue is part of the transcript, so all clients see it. Its first message is sent when a
//! turn has completed or was stopped by force. After a turn that was interrupted or has failed, the
//! queue waits for the user. A message leaves the queue when codex has accepted it, so that no
//! message is lost or sent twice.

use codex_gateway_wire::{
    EventBody, EventName, Queue, QueueItem, QueueItemId, StartTurn, TurnId,
    api::{Delivery, DeliveryOutcome, EditQueueItem, QueueReply},
    codex::{TurnStatus, UserMessage},
};
use uuid::Uuid;

use super::{
    actor::{Actor, TaskResult},
    input,
    turns::{OutgoingMessage, SentReply},
};
use crate::{error::SessionError, idempotency::DispatchFlag};

/// Maximum number of queued messages.
const MAX_ITEMS: usize = 32;
/// Maximum size of all queued messages together. Every change of the queue is emitted as a whole.
const MAX_BYTES: usize = 256 * 1024;

impl Actor {
    pub(super) fn queue(&self) -> QueueReply {
        let (queue, last_event_id) = (self.transcript.queue.clone(), self.shared.log.last());
        QueueReply { ok: true, queue, last_event_id }
    }

    /// Queues a message behind all others, or before all others if `first` is set. A message that
    /// is already queued is moved.
    pub(super) fn enqueue(&mut self, message: OutgoingMessage, first: bool) {
        // The queue belongs to a thread, and the new thread is not known yet.
        if self.turn.state().is_switching() {
            return self.reject(message, &SessionError::Starting);
        }
        let mut items = self.transcript.queue.clone();
        let current_index = message.item.as_ref().and_then(|id| items.iter().position(|item| item.id == *id));
        let item = match current_index {
            Some(index) => QueueItem { sending: false, ..items.remove(index) },
            None => QueueItem::new(Uuid::now_v7().to_string().into(), message.turn.clone()),
        };
        let id = item.id.clone();
        items.insert(if first { 0 } else { items.len() }, item);
        match check_limits(&items) {
            Ok(()) => {
                self.set_queue(items);
                self.reserve_images(&message);
                let sent =
                    Delivery { outcome: DeliveryOutcome::Queued, turn_id: None, queue_item_id: Some(id) };
                self.reply_to_sender(message, sent);
            }
            Err(error) => self.reject(message, &error),
        }
    }

    /// Queues a message before all others, regardless of the limits, and marks it as being sent. If
    /// codex does not accept the message, it stays in the queue with the error.
    pub(super) fn push_front(&mut self, message: OutgoingMessage) -> OutgoingMessage {
        let id = QueueItemId::from(Uuid::now_v7().to_string());
        let replaces_turn_id = message.turn.replaces_turn_id.clone();
        let item = QueueItem { sending: true, ..QueueItem::new(id.clone(), message.turn) };
        let turn = StartTurn { replaces_turn_id, ..item.turn() };
        let mut items = self.transcript.queue.clone();
        items.insert(0, item);
        self.set_queue(items);
        OutgoingMessage { turn, item: Some(id), ..message }
    }

    /// Reserves the uploaded images of a queued message.
    fn reserve_images(&mut self, message: &OutgoingMessage) {
        let resolver = self.context.input_resolver(self.transcript.thread_id.clone());
        let turn = message.turn.clone();
        // A missing image is reported when the message is sent.
        let reserving =
            async move { resolver.resolve(turn).await.map_or(TaskResult::Done, |_| TaskResult::Done) };
        self.tasks.spawn(reserving);
    }

    /// Changes the text or the position of a queued message.
    pub(super) fn edit_queued(
        &mut self,
        id: &QueueItemId,
        edit: EditQueueItem,
    ) -> Result<QueueReply, SessionError> {
        let index = self.editable_index(id)?;
        let mut items = self.transcript.queue.clone();
        let EditQueueItem { text, before } = edit;
        if let Some(text) = text {
            items[index].text = text;
            items[index].error = None;
            if input::is_empty(&items[index].turn()) {
                return Err(SessionError::EmptyPrompt);
            }
        }
        if let Some(before) = before.filter(|before| before.as_ref() != Some(id)) {
            let item = items.remove(index);
            let to = match before {
                None => items.len(),
                Some(before) => position(&items, &before).ok_or(SessionError::NoSuchQueueItem)?,
            };
            items.insert(to, item);
        }
        check_limits(&items)?;
        self.set_queue(items);
        Ok(self.queue())
    }

    /// Removes a queued message.
    pub(super) fn remove_queued(&mut self, id: &QueueItemId) -> Result<QueueReply, SessionError> {
        self.editable_index(id)?;
        self.dequeue(id);
        Ok(self.queue())
    }

    /// Sends a queued message now: it starts a turn or steers the running turn.
    pub(super) fn send_queued(&mut self, id: &QueueItemId, reply: SentReply) {
        match self.editable_index(id) {
            Ok(index) => {
                let turn = self.transcript.queue[index].turn();
                self.steer_or_begin(OutgoingMessage {
                    turn,
                    item: Some(id.clone()),
                    dispatched: DispatchFlag::default(),
                    reply: Some(reply),
                });
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Sends the first message if the last turn has completed.
    pub(super) fn send_next(&mut self) {
        let ended_well =
            self.transcript.turns.last().is_some_and(|turn| turn.status == TurnStatus::Completed);
        if ended_well {
            self.send_first();
        }
    }

    /// Sends the first message, unless the session is busy or that message has failed.
    pub(super) fn send_first(&mut self) {
        if self.turn.state().is_busy() || self.transcript.queue.iter().any(|item| item.sending) {
            return;
        }
        if let Some(item) = self.transcript.queue.first().filter(|item| item.error.is_none()) {
            self.begin_turn(OutgoingMessage {
                turn: item.turn(),
                item: Some(item.id.clone()),
                dispatched: DispatchFlag::default(),
                reply: None,
            });
        }
    }

    /// Marks a queued message as being sent.
    pub(super) fn mark_sending(&mut self, message: &OutgoingMessage) {
        if let Some(id) = &message.item {
            self.update(id, |item| (item.sending, item.error) = (true, None));
        }
    }

    /// Marks a queued message as failed. It stays in the queue.
    pub(super) fn mark_failed(&mut self, id: &QueueItemId, error: &SessionError) {
        self.update(id, |item| (item.sending, item.error) = (false, Some(error.to_string())));
    }

    /// Removes a queued message that codex reports as received, even if the reply to its request is
    /// missing.
    pub(super) fn confirm_delivery(&mut self, message: &UserMessage, turn: &TurnId) {
        let is_same = |item: &&QueueItem| {
            (item.sending || item.error.is_some()) && item.client_message_id == message.client_id
        };
        if let Some(id) = self.transcript.queue.iter().find(is_same).map(|item| item.id.clone()) {
            self.dequeue(&id);
            self.record_accepted(Some(&id), turn);
        }
    }

    /// Removes a message from the queue, if it is there.
    pub(super) fn dequeue(&mut self, id: &QueueItemId) {
        if let Some(index) = position(&self.transcript.queue, id) {
            let mut items = self.transcript.queue.clone();
            items.remove(index);
            self.set_queue(items);
        }
    }

    fn update(&mut self, id: &QueueItemId, change: impl FnOnce(&mut QueueItem)) {
        if let Some(index) = position(&self.transcript.queue, id) {
            let mut items = self.transcript.queue.clone();
            change(&mut items[index]);
            self.set_queue(items);
        }
    }

    /// Returns the index of a queued message that is not being sent.
    fn editable_index(&self, id: &QueueItemId) -> Result<usize, SessionError> {
        let index = position(&self.transcript.queue, id).ok_or(SessionError::NoSuchQueueItem)?;
        if self.transcript.queue[index].sending { Err(SessionError::QueueItemSending) } else { Ok(index) }
    }

    /// Replaces the queue and emits it.
    pub(super) fn set_queue(&mut self, items: Vec<QueueItem>) {
        if items != self.transcript.queue {
            let queue = Queue { items };
            self.emit(EventName::Queue, &queue, EventBody::Queue(queue.clone()));
            self.save_now();
        }
    }
}

fn position(items: &[QueueItem], id: &QueueItemId) -> Option<usize> {
    items.iter().position(|item| item.id == *id)
}

/// Checks the number and the size of the queued messages.
fn check_limits(items: &[QueueItem]) -> Result<(), SessionError> {
    // The gateway's own types always serialize.
    let bytes = serde_json::to_string(items).map_or(0, |json| json.len());
    if items.len() > MAX_ITEMS {
        return Err(SessionError::QueueFull { items: MAX_ITEMS });
    }
    if bytes > MAX_BYTES { Err(SessionError::QueueTooLong { bytes: MAX_BYTES }) } else { Ok(()) }
}
