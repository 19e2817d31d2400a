//! The methods of a handle that send commands to the actor.

use std::{sync::atomic::Ordering, time::Duration};

use codex_app_server_client::protocol::Request;
use codex_gateway_wire::{
    ItemId, QueueItemId, RequestId, Snapshot, ThreadId, TurnId, UserRequest,
    api::{
        Delivery, EditQueueItem, NewThread, QueueReply, ReviewTarget, SessionReply, StartTurn, TurnReply,
        TurnReport, WaitedReply,
    },
    event::ClosedReason,
    request::{AnswerReply, AnswerRequest, Decision},
};
use futures::FutureExt;
use tokio::{sync::oneshot, time::Instant};

use super::{
    Session,
    actions::Action,
    command::{Command, ProcessCall, Reply},
    history_page::{HistoryQuery, Lookup},
    turn_waiters::WaitTarget,
};
use crate::{error::SessionError, idempotency::DispatchFlag, process_slots::ProcessPermit};

impl Session {
    /// Emits the thread's new name, unless codex has already reported it.
    pub(crate) async fn thread_renamed(&self, name: String) {
        // The actor is gone if the session has just ended. Then there are no readers.
        let _ = self.commands.send(Command::ThreadRenamed { name }).await;
    }

    /// Replaces the process as soon as it is idle, because the owner has changed the trust of the
    /// session's folder.
    pub(crate) async fn project_trust_changed(&self) {
        // The actor is gone if the session has just ended. Then there is no process.
        let _ = self.commands.send(Command::ProjectTrustChanged).await;
    }

    /// Returns the session's state, with the id of the newest event in it.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] if the session has ended, [`SessionError::ShuttingDown`] if the
    /// gateway is shutting down. Both apply to all methods that return a `Result`.
    pub async fn state(&self) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::State { reply }).await
    }

    /// Returns the newest part of the conversation, with the id of the newest event in it.
    ///
    /// # Errors
    /// See [`Session::state`].
    pub async fn snapshot(&self) -> Result<Snapshot, SessionError> {
        self.call(|reply| Command::Snapshot { reply }).await
    }

    /// Sends a message. The message starts a turn, in a new process if the session has none. While
    /// a turn is running, `turn.when_busy` decides whether the message is rejected, queued or
    /// steers the turn. Returns when codex has accepted the message or when it is queued.
    ///
    /// # Errors
    /// [`SessionError::EmptyPrompt`] and the other errors of validation,
    /// [`SessionError::TurnActive`], [`SessionError::QueueFull`], [`SessionError::Starting`], or an
    /// error of codex.
    pub async fn start_turn(&self, turn: StartTurn) -> Result<TurnReply, SessionError> {
        self.send(turn, DispatchFlag::default()).await
    }

    /// Like [`Session::start_turn`]; `dispatched` is set when the request is sent to codex.
    pub(crate) async fn send(
        &self,
        turn: StartTurn,
        dispatched: DispatchFlag,
    ) -> Result<TurnReply, SessionError> {
        if !turn.input.is_empty() {
            self.input.resolve(turn.clone()).await?;
        }
        self.call(|reply| Command::StartTurn { turn, dispatched, reply }).await?
    }

    /// Waits for the end of the turn that the message started or steered. A queued message must be
    /// sent first. Resolves early with the current result at the timeout, and when the queue is
    /// blocked. Dropping the future has no effect on the turn.
    ///
    /// # Errors
    /// See [`Session::state`]. A turn that ends because the gateway shuts down resolves normally.
    pub async fn wait_for_turn(
        &self,
        sent: &Delivery,
        timeout: Option<Duration>,
    ) -> Result<TurnReport, SessionError> {
        Ok(self.wait_for_reply(sent.clone(), None, timeout).await?.end)
    }

    /// Like [`Session::wait_for_turn`], and also returns the session's state at that moment.
    /// `client_id` is the client's id of the message; a message that has left the queue is found by
    /// it.
    ///
    /// # Errors
    /// See [`Session::wait_for_turn`].
    pub async fn wait_for_reply(
        &self,
        sent: Delivery,
        client_id: Option<String>,
        timeout: Option<Duration>,
    ) -> Result<WaitedReply, SessionError> {
        let (session, end) = match WaitTarget::of(&sent, client_id) {
            Some(target) => {
                let deadline = timeout.map(|timeout| Instant::now() + timeout);
                self.call(|reply| Command::Wait { target, deadline, reply }).await?
            }
            None => (self.state().await?, TurnReport::default()),
        };
        Ok(WaitedReply { reply: TurnReply { session, delivery: sent }, end })
    }

    /// Starts a turn that compacts the history for the model. Returns when codex has accepted the
    /// request.
    ///
    /// # Errors
    /// [`SessionError::EmptyThread`], [`SessionError::TurnActive`], [`SessionError::Starting`], or
    /// an error of codex.
    pub async fn compact(&self) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::ThreadAction { action: Action::Compact, reply }).await?
    }

    /// Starts a turn that reviews changes. Returns when codex has accepted the request.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::Starting`], or an error of codex.
    pub async fn review(&self, target: ReviewTarget) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::ThreadAction { action: Action::Review(target), reply }).await?
    }

    /// Removes a turn and all later turns from the thread. Changes of files are not undone. Readers
    /// get the remaining history.
    ///
    /// # Errors
    /// [`SessionError::NoSuchTurn`], [`SessionError::EmptyThread`], [`SessionError::TurnActive`],
    /// [`SessionError::Starting`], or an error of codex.
    pub async fn revert(&self, before: TurnId) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::ThreadAction { action: Action::Revert(before), reply }).await?
    }

    /// Returns the queued messages.
    ///
    /// # Errors
    /// See [`Session::state`].
    pub async fn queue(&self) -> Result<QueueReply, SessionError> {
        self.call(|reply| Command::Queue { reply }).await
    }

    /// Changes the text or the position of a queued message.
    ///
    /// # Errors
    /// [`SessionError::NoSuchQueueItem`], also after the message was sent;
    /// [`SessionError::QueueItemSending`], [`SessionError::EmptyPrompt`],
    /// [`SessionError::QueueTooLong`].
    pub async fn edit_queued(
        &self,
        item: QueueItemId,
        edit: EditQueueItem,
    ) -> Result<QueueReply, SessionError> {
        self.call(|reply| Command::EditQueued { item, edit, reply }).await?
    }

    /// Removes a message from the queue.
    ///
    /// # Errors
    /// [`SessionError::NoSuchQueueItem`], also after the message was sent;
    /// [`SessionError::QueueItemSending`].
    pub async fn remove_queued(&self, item: QueueItemId) -> Result<QueueReply, SessionError> {
        self.call(|reply| Command::RemoveQueued { item, reply }).await?
    }

    /// Sends a queued message now: it starts a turn or steers the running turn.
    ///
    /// # Errors
    /// [`SessionError::NoSuchQueueItem`], also after the message was sent;
    /// [`SessionError::QueueItemSending`]; or an error of codex, in which case the message stays in
    /// the queue.
    pub async fn send_queued(&self, item: QueueItemId) -> Result<TurnReply, SessionError> {
        self.call(|reply| Command::SendQueued { item, reply }).await?
    }

    /// Interrupts the running turn. A turn that is starting is interrupted as soon as it has
    /// started.
    ///
    /// # Errors
    /// [`SessionError::NoActiveTurn`], or an error of codex.
    pub async fn interrupt(&self) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::Interrupt { reply }).await?
    }

    /// Starts a new thread in a new process and ends the old process.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::Starting`], or an error of codex. On an error
    /// the session keeps its thread.
    pub async fn new_thread(&self, request: NewThread) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::NewThread { request, reply }).await?
    }

    /// Resumes another thread in a new process and ends the old process. Does nothing if the
    /// session is already in that thread. The caller must check the thread's owner.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::Starting`], [`SessionError::ThreadNotFound`],
    /// [`SessionError::ThreadHeld`], or an error of codex. On an error the session keeps its
    /// thread.
    pub(crate) async fn resume_thread(&self, thread: ThreadId) -> Result<SessionReply, SessionError> {
        self.call(|reply| Command::ResumeThread { thread, reply }).await?
    }

    /// Looks up the entries before an entry, or the newest entries if `before` is `None`. Starts no
    /// process.
    ///
    /// # Errors
    /// [`SessionError::NoSuchEntry`]
    pub(crate) async fn lookup_items(
        &self,
        before: Option<ItemId>,
        limit: usize,
    ) -> Result<Lookup, SessionError> {
        self.call(|reply| Command::LookupItems { before, limit, reply }).await?
    }

    /// Returns the query for the entries before an entry that is not in the session's transcript.
    ///
    /// # Errors
    /// See [`Session::lookup_items`].
    pub(crate) async fn lookup_items_before(&self, before: ItemId) -> Result<HistoryQuery, SessionError> {
        self.call(|reply| Command::LookupItemsBefore { before, reply }).await?
    }

    /// Sends a request that belongs to no turn to the session's own process.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] also if the session has no process; or an error of codex.
    pub(crate) async fn call_process<R>(&self, request: R) -> Result<R::Reply, SessionError>
    where
        R: Request + Send + 'static,
        R::Reply: 'static,
    {
        let process_call = |reply: Reply<_>| -> ProcessCall {
            Box::new(move |bridge| {
                async move {
                    // A failed send means that the caller no longer waits.
                    let _ = reply.send(bridge.request(&request).await);
                }
                .boxed()
            })
        };
        Ok(self.call(|reply| Command::CallProcess { call: process_call(reply) }).await??)
    }

    /// Returns the pending requests to the user, oldest first.
    ///
    /// # Errors
    /// See [`Session::state`].
    pub async fn requests(&self) -> Result<Vec<UserRequest>, SessionError> {
        self.call(|reply| Command::Requests { reply }).await
    }

    /// Answers a pending request. A decision that applies to later requests too creates a rule of
    /// the owner first.
    ///
    /// # Errors
    /// [`SessionError::NoSuchRequest`], [`SessionError::RequestEnded`];
    /// [`SessionError::BadAnswer`], [`SessionError::TooManyRules`] and [`SessionError::Store`],
    /// after which the request is still pending.
    pub async fn answer(&self, id: RequestId, answer: AnswerRequest) -> Result<AnswerReply, SessionError> {
        if !answer.decision.as_ref().is_some_and(Decision::makes_rule) {
            return self.call(|reply| Command::Answer { id, answer, rule: None, reply }).await?;
        }
        let session = self.clone();
        // In its own task: a client that disconnects must not leave a rule without its answer.
        let reply = tokio::spawn(async move { session.answer_with_rule(id, answer).await });
        reply.await.unwrap_or_else(|_| Err(self.closed_error()))
    }

    async fn answer_with_rule(
        &self,
        id: RequestId,
        answer: AnswerRequest,
    ) -> Result<AnswerReply, SessionError> {
        let _guard = self.rules.lock_decisions().await;
        let draft =
            self.call(|reply| Command::DraftRule { id: id.clone(), answer: answer.clone(), reply }).await??;
        let (rule, is_new) = self.rules.add(draft).await?;
        let rule_id = rule.id.clone();
        let reply =
            self.call(|reply| Command::Answer { id, answer, rule: Some(rule), reply }).await.flatten();
        // Another client answered first, or the request has ended: the rule does not apply.
        if reply.is_err()
            && is_new
            && let Err(error) = self.rules.remove(&rule_id).await
        {
            tracing::error!(rule = %rule_id, %error, "an unused rule cannot be removed");
        }
        reply
    }

    /// Ends the process if it is idle. Returns its permit once the process has exited. `None` if
    /// the process is not idle.
    pub(crate) async fn park(&self) -> Option<ProcessPermit> {
        self.call(|reply| Command::Park { reply }).await.ok().flatten()
    }

    /// Ends the process, so that another process can archive or delete the thread. The session
    /// stays; its next message starts another process.
    ///
    /// # Errors
    /// [`SessionError::TurnActive`], [`SessionError::StillAtWork`]
    pub(crate) async fn release_thread(&self) -> Result<(), SessionError> {
        self.call(|reply| Command::ReleaseThread { reply }).await?
    }

    /// Closes the session: informs its readers and ends its process. Returns when the process has
    /// exited.
    pub(crate) async fn close(&self, reason: ClosedReason) {
        // If the actor is gone, so is the process.
        let _ = self.call(|reply| Command::Close { reason, reply }).await;
    }

    /// Waits until all changes are stored.
    ///
    /// # Errors
    /// The store's error. The write is retried later.
    pub(crate) async fn flush(&self) -> Result<(), SessionError> {
        Ok(self.call(|reply| Command::Flush { reply }).await??)
    }

    /// Stores the session, and ends its process and its actor. The readers' streams end without a
    /// final event.
    pub(crate) async fn suspend(&self) {
        let _ = self.call(|reply| Command::Suspend { reply }).await;
    }

    /// Ends the actor if the session is dormant. Returns `true` if the actor has ended.
    pub(crate) async fn unload(&self) -> bool {
        self.call(|reply| Command::Unload { reply }).await.unwrap_or(true)
    }

    async fn call<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| self.closed_error())?;
        answer.await.map_err(|_| self.closed_error())
    }

    /// Returns the error for an actor that has ended.
    fn closed_error(&self) -> SessionError {
        let suspended = self.shared.suspended.load(Ordering::Relaxed);
        if suspended { SessionError::ShuttingDown } else { SessionError::NotFound }
    }
}
