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

/// A command to the actor. Each variant with a `reply` gets one, unless the actor ends before.
pub(super) enum Command {
    /// Asks for the documented state.
    State { reply: Reply<SessionReply> },
    /// Asks for the newest part of the conversation.
    Snapshot { reply: Reply<Snapshot> },
    /// Sends a message.
    StartTurn { turn: StartTurn, dispatched: DispatchFlag, reply: Reply<Result<TurnReply, SessionError>> },
    /// Replies when the turn has ended, or at the deadline.
    Wait { target: WaitTarget, deadline: Option<Instant>, reply: Reply<WaitResult> },
    /// Asks for the queue.
    Queue { reply: Reply<QueueReply> },
    /// Changes the text or the position of a queued message.
    EditQueued { item: QueueItemId, edit: EditQueueItem, reply: Reply<Result<QueueReply, SessionError>> },
    /// Removes a queued message.
    RemoveQueued { item: QueueItemId, reply: Reply<Result<QueueReply, SessionError>> },
    /// Sends a queued message now.
    SendQueued { item: QueueItemId, reply: Reply<Result<TurnReply, SessionError>> },
    /// Interrupts the turn.
    Interrupt { reply: Reply<Result<SessionReply, SessionError>> },
    /// Starts a new thread.
    NewThread { request: NewThread, reply: Reply<Result<SessionReply, SessionError>> },
    /// Resumes another thread.
    ResumeThread { thread: ThreadId, reply: Reply<Result<SessionReply, SessionError>> },
    /// Runs an action on the thread.
    ThreadAction { action: Action, reply: Reply<Result<SessionReply, SessionError>> },
    /// Asks for the entries before an entry, or for the newest ones.
    LookupItems { before: Option<ItemId>, limit: usize, reply: Reply<Result<Lookup, SessionError>> },
    /// Asks for the query for the entries before an entry that is not in the transcript.
    LookupItemsBefore { before: ItemId, reply: Reply<Result<HistoryQuery, SessionError>> },
    /// Runs a call in the process.
    CallProcess { call: ProcessCall },
    /// Asks for the pending requests.
    Requests { reply: Reply<Vec<UserRequest>> },
    /// Asks for the rule that an answer would create.
    DraftRule { id: RequestId, answer: AnswerRequest, reply: Reply<Result<RuleDraft, SessionError>> },
    /// Answers a request.
    Answer {
        id: RequestId,
        answer: AnswerRequest,
        /// The rule that the answer has created.
        rule: Option<Rule>,
        reply: Reply<Result<AnswerReply, SessionError>>,
    },
    /// The thread has a new name that codex has not reported.
    ThreadRenamed { name: String },
    /// The owner has changed the trust of the folder: the process is outdated.
    ProjectTrustChanged,
    /// Gives away the permit if the process is idle. Replies when the process has exited.
    Park { reply: Reply<Option<ProcessPermit>> },
    /// Ends the process unless a turn is running. Replies when no process of the session has the thread.
    ReleaseThread { reply: Reply<Result<(), SessionError>> },
    /// Replies when everything is stored, or with the store's error.
    Flush { reply: Reply<Result<(), StoreError>> },
    /// Ends the actor and its process. The session is restored from its row later.
    Suspend { reply: Reply<()> },
    /// Ends the actor if the session is dormant. Replies whether it has ended.
    Unload { reply: Reply<bool> },
    /// Closes the session, and ends the actor and its process.
    Close { reason: ClosedReason, reply: Reply<()> },
}
