//! The actor's part about those who wait for the end of a turn.

use std::collections::VecDeque;

use codex_gateway_wire::{
    Content, Item, QueueItemId, TurnId,
    api::{Sent, SessionReply, TurnEnd, TurnResult},
    codex::TurnStatus,
    transcript::TurnRecord,
};
use tokio::time::Instant;

use super::{Reply, actor::Actor};

/// Of how many messages it is remembered which turn they were taken for.
const TAKEN: usize = 64;

/// What somebody waits for.
#[derive(Debug)]
pub(super) enum Waited {
    /// The end of a turn.
    Turn(TurnId),
    /// That of the turn which a message of the queue will begin; by what codex knows the message.
    Queued(QueueItemId, String),
}

impl Waited {
    /// The turn that a message began or was told to, or will begin; the message may have an id of the client's.
    pub(super) fn of(sent: &Sent, client_id: Option<String>) -> Option<Self> {
        let queued = |item: QueueItemId| {
            let client_id = client_id.unwrap_or_else(|| item.to_string());
            Self::Queued(item, client_id)
        };
        sent.turn_id.clone().map(Self::Turn).or_else(|| sent.queue_item_id.clone().map(queued))
    }

    fn is_queued(&self, item: &QueueItemId) -> bool {
        matches!(self, Self::Queued(queued, _) if queued == item)
    }
}

/// How the session stands when the wait is over, and the turn.
pub(super) type Ended = (SessionReply, TurnEnd);

/// Those who wait.
#[derive(Default)]
pub(super) struct Waits {
    waiting: Vec<Wait>,
    /// What codex has taken, the newest first.
    taken: VecDeque<Taken>,
    /// Turns that failed before they began, the newest first: they are in no transcript.
    failed: VecDeque<TurnId>,
}

/// A message that codex has taken.
struct Taken {
    /// What it was in the queue.
    item: Option<QueueItemId>,
    turn: TurnId,
    /// The turn was announced. One that fails before that is in no transcript.
    begun: bool,
}

struct Wait {
    what: Waited,
    /// When they have waited long enough; never without.
    until: Option<Instant>,
    reply: Reply<Ended>,
}

impl Waits {
    fn add(&mut self, what: Waited, until: Option<Instant>, reply: Reply<Ended>) {
        self.waiting.push(Wait { what, until, reply });
    }

    /// When the first has waited long enough.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(|wait| wait.until).min()
    }

    fn taken(&mut self, taken: Taken) {
        let Taken { item, turn, .. } = &taken;
        if let Some(item) = item {
            for wait in self.waiting.iter_mut().filter(|wait| wait.what.is_queued(item)) {
                wait.what = Waited::Turn(turn.clone());
            }
        }
        // Codex may say it more than once.
        self.taken.retain(|known| (&known.item, &known.turn) != (item, turn));
        self.taken.truncate(TAKEN - 1);
        self.taken.push_front(taken);
    }

    /// A turn was announced.
    pub(super) fn begun(&mut self, turn: &TurnId) {
        for taken in self.taken.iter_mut().filter(|taken| taken.turn == *turn) {
            taken.begun = true;
        }
    }

    /// A turn failed before it began.
    pub(super) fn failed(&mut self, turn: &TurnId) {
        self.failed.truncate(TAKEN - 1);
        self.failed.push_front(turn.clone());
    }

    /// The conversation has begun anew: the turns before are none of it.
    pub(super) fn forget(&mut self) {
        self.taken.clear();
    }

    /// Whether codex has taken a turn that it has not announced.
    fn is_unbegun(&self, turn: &TurnId) -> bool {
        self.taken.iter().any(|taken| taken.turn == *turn && !taken.begun)
    }

    fn has_failed(&self, turn: &TurnId) -> bool {
        self.failed.contains(turn)
    }
}

impl Actor {
    /// Codex has taken a message for a turn: to begin it, or for the one that runs.
    pub(super) fn taken_for(&mut self, item: Option<&QueueItemId>, turn: &TurnId) {
        let begun = self.transcript.turn(turn).is_some();
        self.waits.taken(Taken { item: item.cloned(), turn: turn.clone(), begun });
    }

    pub(super) fn wait(&mut self, what: Waited, until: Option<Instant>, reply: Reply<Ended>) {
        let what = match self.became(&what) {
            Some(turn) => Waited::Turn(turn),
            None => what,
        };
        self.waits.add(what, until, reply);
    }

    /// The turn of a message that has left the queue, as far as it is known.
    fn became(&self, what: &Waited) -> Option<TurnId> {
        let Waited::Queued(item, client_id) = what else { return None };
        if self.is_in_queue(item) {
            return None;
        }
        let taken = self.waits.taken.iter().find(|taken| taken.item.as_ref() == Some(item));
        taken.map(|taken| taken.turn.clone()).or_else(|| {
            self.transcript.entries.iter().rev().find_map(|entry| match &entry.content {
                Content::Item(Item::UserMessage(message))
                    if message.client_id.as_ref() == Some(client_id) =>
                {
                    entry.turn_id.clone()
                }
                _ => None,
            })
        })
    }

    fn is_in_queue(&self, item: &QueueItemId) -> bool {
        self.transcript.queue.iter().any(|queued| queued.id == *item)
    }

    /// Answers those whose turn has ended, or who have waited long enough.
    pub(super) fn tell_waits(&mut self) {
        if self.waits.waiting.is_empty() {
            return;
        }
        let now = Instant::now();
        for wait in std::mem::take(&mut self.waits.waiting) {
            let late = wait.until.is_some_and(|until| until <= now);
            if late || self.is_over(&wait.what) {
                // An answer that nobody waits for any more is no error.
                let _ = wait.reply.send((self.reply(), self.turn_end(&wait.what)));
            } else if !wait.reply.is_closed() {
                self.waits.waiting.push(wait);
            }
        }
    }

    /// Whether nothing more will come of it by itself.
    fn is_over(&self, what: &Waited) -> bool {
        match what {
            Waited::Turn(turn) => match self.transcript.turn(turn) {
                Some(turn) => {
                    turn.status != TurnStatus::InProgress && self.refresh_check.as_ref() != Some(&turn.id)
                }
                None => self.waits.has_failed(turn) || !self.is_coming(turn),
            },
            // It was taken out, or the queue stands still.
            Waited::Queued(item, _) => {
                let stands = !self.slot.is_busy() && self.transcript.queue.iter().all(|item| !item.sending);
                stands || !self.is_in_queue(item)
            }
        }
    }

    /// Whether codex is about to begin the turn.
    fn is_coming(&self, turn: &TurnId) -> bool {
        self.slot.is_starting() && self.waits.is_unbegun(turn)
    }

    /// The turn as far as it has come.
    fn turn_end(&self, what: &Waited) -> TurnEnd {
        let Waited::Turn(id) = what else { return TurnEnd::default() };
        let turn = match self.transcript.turn(id) {
            Some(turn) => turn.clone(),
            None if self.waits.has_failed(id) || self.waits.is_unbegun(id) => {
                let coming = self.is_coming(id) && !self.waits.has_failed(id);
                let status = if coming { TurnStatus::InProgress } else { TurnStatus::Failed };
                TurnRecord { id: id.clone(), status, ..TurnRecord::default() }
            }
            // It was long ago, or in another thread, and is not kept any more.
            None => return TurnEnd::default(),
        };
        let text = self.transcript.answer(id).map(|message| message.text.clone());
        TurnEnd { turn: Some(TurnResult::from(turn)), text }
    }
}
