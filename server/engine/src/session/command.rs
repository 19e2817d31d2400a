//! The commands that handles send to the actor.

use codex_app_server_client::Bridge;
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
    history_page::{HistoryQuery, Lookup},
    turn_waiters::{WaitResult, WaitTarget},
};
use crate::{
    error::SessionError, idempotency::DispatchFlag, process_slots::ProcessPermit, rules::RuleDraft,
    store::StoreError,
};

pub(super) type Reply<T> = oneshot::Sender<T>;
/// A request to codex that sends its own reply.
pub(super) type ProcessCall = Box<dyn FnOnce(Bridge) -> BoxFuture<'static, ()> + Send>;

/// A command to the actor.
pub(super) enum Command {
    State(Reply<SessionReply>),
    Snapshot(Reply<Snapshot>),
    StartTurn(StartTurn, DispatchFlag, Reply<Result<TurnReply, SessionError>>),
    /// Replies when the turn has ended, or at the deadline.
    Wait(WaitTarget, Option<Instant>, Reply<WaitResult>),
    Queue(Reply<QueueReply>),
    EditQueued(QueueItemId, EditQueueItem, Reply<Result<QueueReply, SessionError>>),
    RemoveQueued(QueueItemId, Reply<Result<QueueReply, SessionError>>),
    SendQueued(QueueItemId, Reply<Result<TurnReply, SessionError>>),
    Interrupt(Reply<Result<SessionReply, SessionError>>),
    NewThread(NewThread, Reply<Result<SessionReply, SessionError>>),
    ResumeThread(ThreadId, Reply<Result<SessionReply, SessionError>>),
    ThreadAction(Action, Reply<Result<SessionReply, SessionError>>),
    /// The entries before an entry, or the newest entries, up to a number of entries.
    LookupItems(Option<ItemId>, usize, Reply<Result<Lookup, SessionError>>),
    /// The query for the entries before an entry that is not in the transcript.
    LookupItemsBefore(ItemId, Reply<Result<HistoryQuery, SessionError>>),
    CallProcess(ProcessCall),
    Requests(Reply<Vec<UserRequest>>),
    /// The rule that an answer would create.
    DraftRule(RequestId, AnswerRequest, Reply<Result<RuleDraft, SessionError>>),
    /// An answer, and the rule that it has created.
    Answer(RequestId, AnswerRequest, Option<Rule>, Reply<Result<AnswerReply, SessionError>>),
    /// The thread has a new name that codex has not reported.
    ThreadRenamed(String),
    /// The owner has changed the trust of the folder: the process is outdated.
    ProjectTrustChanged,
    /// Gives away the permit if the process is idle. Replies when the process has exited.
    Park(Reply<Option<ProcessPermit>>),
    /// Ends the process unless a turn is running. Replies when no process of the session has the
    /// thread.
    ReleaseThread(Reply<Result<(), SessionError>>),
    /// Replies when everything is stored, or with the store's error.
    Flush(Reply<Result<(), StoreError>>),
    /// Ends the actor and its process. The session is restored from its row later.
    Suspend(Reply<()>),
    /// Ends the actor if the session is dormant. Replies whether it has ended.
    Unload(Reply<bool>),
    Close(ClosedReason, Reply<()>),
}
