//! The actor's part about those who wait for the end of a turn.

use codex_gateway_wire::{
    Content, Item, QueueItemId, TurnId,
    api::{Sent, SessionReply, TurnEnd, TurnResult},
    codex::TurnStatus,
    transcript::TurnRecord,
};
use tokio::time::Instant;

use super::{Reply, actor::Actor};

/// What somebody waits for.
#[derive(Debug)]
pub(super) enum Waited {
    /// The end of a turn.
    Turn(TurnId),
    /// That of the turn which a message of the queue will begin.
    Queued(QueueItemId),
}

impl Waited {
    /// The turn that a message began or was told to, or will begin.
    pub(super) fn of(sent: &Sent) -> Option<Self> {
        let queued = || sent.queue_item_id.clone().map(Self::Queued);
        sent.turn_id.clone().map(Self::Turn).or_else(queued)
    }
}

/// How the session stands when the wait is over, and the turn.
pub(super) type Ended = (SessionReply, TurnEnd);

/// Those who wait.
#[derive(Default)]
pub(super) struct Waits(Vec<Wait>);

struct Wait {
    what: Waited,
    /// When they have waited long enough; never without.
    until: Option<Instant>,
    reply: Reply<Ended>,
}

impl Waits {
    pub(super) fn add(&mut self, what: Waited, until: Option<Instant>, reply: Reply<Ended>) {
        self.0.push(Wait { what, until, reply });
    }

    /// When the first has waited long enough.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().filter_map(|wait| wait.until).min()
    }

    /// A message of the queue has become a turn, or was told to one.
    pub(super) fn sent(&mut self, item: &QueueItemId, turn: &TurnId) {
        for wait in &mut self.0 {
            if matches!(&wait.what, Waited::Queued(queued) if queued == item) {
                wait.what = Waited::Turn(turn.clone());
            }
        }
    }

    /// A message was taken out of the queue: it has no turn.
    pub(super) fn removed(&mut self, item: &QueueItemId, session: &SessionReply) {
        let removed =
            self.0.extract_if(.., |wait| matches!(&wait.what, Waited::Queued(queued) if queued == item));
        for wait in removed {
            let _ = wait.reply.send((session.clone(), TurnEnd::default()));
        }
    }
}

impl Actor {
    /// Answers those whose turn has ended, or who have waited long enough.
    pub(super) fn tell_waits(&mut self) {
        if self.waits.0.is_empty() {
            return;
        }
        let now = Instant::now();
        for wait in std::mem::take(&mut self.waits.0) {
            let late = wait.until.is_some_and(|until| until <= now);
            if late || self.is_over(&wait.what) {
                // An answer that nobody waits for any more is no error.
                let _ = wait.reply.send((self.reply(), self.turn_end(&wait.what)));
            } else if !wait.reply.is_closed() {
                self.waits.0.push(wait);
            }
        }
    }

    /// Whether nothing more will come of it by itself.
    fn is_over(&self, what: &Waited) -> bool {
        match what {
            // One that codex has taken, and has not announced yet, is nowhere.
            Waited::Turn(turn) => match self.transcript.turn(turn) {
                Some(turn) => turn.status != TurnStatus::InProgress,
                None => !self.slot.is_busy(),
            },
            // The queue stands still.
            Waited::Queued(_) => {
                !self.slot.is_busy() && self.transcript.queue.iter().all(|item| !item.sending)
            }
        }
    }

    /// The turn as far as it has come.
    fn turn_end(&self, what: &Waited) -> TurnEnd {
        let Waited::Turn(id) = what else { return TurnEnd::default() };
        let turn = match self.transcript.turn(id) {
            Some(turn) => turn.clone(),
            // It was long ago, and is not kept any more.
            None if self.older && !self.slot.is_busy() => return TurnEnd::default(),
            None => {
                let status = if self.slot.is_busy() { TurnStatus::InProgress } else { TurnStatus::Failed };
                TurnRecord { id: id.clone(), status, ..TurnRecord::default() }
            }
        };
        let text = self.transcript.entries.iter().rev().find_map(|entry| match &entry.content {
            Content::Item(Item::AgentMessage(message)) if entry.turn_id.as_ref() == Some(id) => {
                Some(message.text.clone())
            }
            _ => None,
        });
        TurnEnd { turn: Some(TurnResult::from(turn)), text }
    }
}
