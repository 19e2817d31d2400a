//! What a handle asks of the actor.

use codex_gateway_wire::{
    ItemId, QueueItemId, RequestId, Rule, Snapshot, ThreadId, UserRequest,
    api::{EditQueueItem, NewThread, QueueReply, SessionReply, StartTurn, TurnReply},
    event::ClosedReason,
    request::{AnswerReply, AnswerRequest},
};
use futures::future::BoxFuture;
use tokio::{sync::oneshot, time::Instant};

use super::{
    actions::Action,
    older::{Beyond, Looked},
    waits::{Ended, Waited},
};
use crate::{
    bridge::Bridge, error::SessionError, once::Told, places::Place, rules::Draft, store::StoreError,
};

pub(super) type Reply<T> = oneshot::Sender<T>;
/// A request to codex, on its way to be answered.
pub(super) type Asked = Box<dyn FnOnce(Bridge) -> BoxFuture<'static, ()> + Send>;

/// What a handle asks of the actor.
pub(super) enum Command {
    State(Reply<SessionReply>),
    Snapshot(Reply<Snapshot>),
    StartTurn(StartTurn, Told, Reply<Result<TurnReply, SessionError>>),
    /// Answers when a turn has ended, or at that moment.
    Wait(Waited, Option<Instant>, Reply<Ended>),
    Queue(Reply<QueueReply>),
    EditQueued(QueueItemId, EditQueueItem, Reply<Result<QueueReply, SessionError>>),
    RemoveQueued(QueueItemId, Reply<Result<QueueReply, SessionError>>),
    SendQueued(QueueItemId, Reply<Result<TurnReply, SessionError>>),
    Interrupt(Reply<Result<SessionReply, SessionError>>),
    NewThread(NewThread, Reply<Result<SessionReply, SessionError>>),
    ResumeThread(ThreadId, Reply<Result<SessionReply, SessionError>>),
    Act(Action, Reply<Result<SessionReply, SessionError>>),
    /// The entries before one, or the newest; so many of those that the session keeps itself.
    Look(Option<ItemId>, usize, Reply<Result<Looked, SessionError>>),
    /// What is before an entry that the session does not keep.
    LookBefore(ItemId, Reply<Result<Beyond, SessionError>>),
    Read(Asked),
    Requests(Reply<Vec<UserRequest>>),
    /// What rule an answer would make.
    DraftRule(RequestId, AnswerRequest, Reply<Result<Draft, SessionError>>),
    /// An answer, and the rule that it has made.
    Answer(RequestId, AnswerRequest, Option<Rule>, Reply<Result<AnswerReply, SessionError>>),
    /// Its thread has got a name, which codex has not told.
    Named(String),
    /// Its owner has decided about its folder: what its process was told does not hold any more.
    ProjectDecided,
    /// Gives its place away, if it is idle; answers when its process is gone.
    Park(Reply<Option<Place>>),
    /// Ends its process, unless a turn runs; answers when no process of it has the thread any more.
    LeaveThread(Reply<Result<(), SessionError>>),
    /// Answers when all was written down, or why it was not.
    Flush(Reply<Result<(), StoreError>>),
    /// Ends the actor and its process; the session goes on later, from its row.
    Suspend(Reply<()>),
    /// The same, if it has no process and nothing to do; whether it did.
    Unload(Reply<bool>),
    Close(ClosedReason, Reply<()>),
}
