//! Creates sessions, and runs requests with idempotency keys.

use std::sync::Arc;

use codex_gateway_wire::{
    OwnerId, SessionId, StartTurn, ThreadId, TurnId,
    api::{CreateSession, ProjectTrust, TurnReply},
    event::ClosedReason,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::Sessions;
use crate::{
    error::SessionError,
    idempotency::{DispatchFlag, IdempotencyKey},
    rules::OwnerRules,
    session::{
        Session,
        attach::{AttachRequest, SessionContext, ThreadSource},
        input,
        settings::Settings,
    },
};

impl Sessions {
    /// Creates a session: starts its process and attaches a new thread or a thread of the owner.
    /// Concurrent calls do not wait for each other.
    ///
    /// # Errors
    /// [`SessionError::SessionLimit`], [`SessionError::ShuttingDown`], an error of validation, or an error
    /// of codex. With a thread to resume also the errors of [`Sessions::resume_thread`].
    pub async fn create(&self, owner: &OwnerId, request: CreateSession) -> Result<Session, SessionError> {
        let inner = &self.inner;
        if inner.stopping.is_cancelled() {
            return Err(SessionError::ShuttingDown);
        }
        let decision = request
            .trust_project
            .map(|trusted| if trusted { ProjectTrust::Trusted } else { ProjectTrust::Untrusted });
        decision.map_or(Ok(()), |decision| self.check_trust(decision))?;
        let mut settings = Settings::resolve(&inner.config, &request).await?;
        let thread = match &request.resume_thread_id {
            Some(thread) => {
                let thread = self.authorize_resume(owner, thread).await?;
                if request.cwd.is_none() {
                    settings.adopt_cwd(&inner.config, self.thread_cwd(&thread).await).await;
                }
                ThreadSource::Resume(thread)
            }
            None => ThreadSource::New,
        };
        if let Some(decision) = decision {
            self.decide_folder(owner, &settings.cwd, decision).await?;
        }
        let non_blank = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (requested_model, effort, title) =
            (non_blank(request.model), non_blank(request.effort), non_blank(request.title));
        let model = requested_model.clone().or_else(|| inner.config.model.clone());
        let attach = match thread {
            ThreadSource::New => AttachRequest { thread, model: model.clone(), effort },
            // A resumed thread keeps its own model, unless another one is requested.
            thread => AttachRequest { thread, model: requested_model, effort },
        };
        let session = self.open_session(owner, settings, attach, model).await?;
        if let Some(title) = title
            && let Err(error) = self.name_thread_of(&session, title.trim().to_owned()).await
        {
            self.end(session, ClosedReason::Deleted).await?;
            return Err(error);
        }
        Ok(session)
    }

    /// Creates a session, or returns the session that was created with the same idempotency key.
    ///
    /// # Errors
    /// Those of [`Sessions::create`], [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`];
    /// [`SessionError::NotFound`] if that session has ended.
    pub async fn create_idempotent(
        &self,
        owner: &OwnerId,
        request: CreateSession,
        key: Option<IdempotencyKey>,
    ) -> Result<Session, SessionError> {
        let Some(key) = key else { return self.create(owner, request).await };
        let (sessions, creator) = (self.clone(), owner.clone());
        let creating = async move { Ok(sessions.create(&creator, request).await?.id().clone()) };
        // A failed creation leaves no session behind.
        let id = self.inner.idempotency.run(owner, key, DispatchFlag::default(), creating).await?;
        self.get(owner, &id).await
    }

    /// Creates a session in a fork of a thread, or returns the session that was created with the
    /// same idempotency key.
    ///
    /// # Errors
    /// Those of [`Sessions::fork`] and [`Sessions::create_idempotent`].
    pub async fn fork_idempotent(
        &self,
        owner: &OwnerId,
        thread: ThreadId,
        last_turn: Option<TurnId>,
        key: Option<IdempotencyKey>,
    ) -> Result<Session, SessionError> {
        let (sessions, creator) = (self.clone(), owner.clone());
        let forking =
            async move { sessions.fork(&creator, &thread, last_turn, CreateSession::default()).await };
        let Some(key) = key else { return forking.await };
        // A failed fork leaves no session behind.
        let forking = Box::pin(async move { Ok(forking.await?.id().clone()) });
        let id = self.inner.idempotency.run(owner, key, DispatchFlag::default(), forking).await?;
        self.get(owner, &id).await
    }

    /// Sends a message, unless it was already sent with the same idempotency key.
    ///
    /// # Errors
    /// Those of [`Session::start_turn`], [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`].
    pub async fn start_turn_idempotent(
        &self,
        session: &Session,
        turn: StartTurn,
        key: Option<IdempotencyKey>,
    ) -> Result<TurnReply, SessionError> {
        let Some(key) = key else { return session.start_turn(turn).await };
        let (sender, dispatched) = (session.clone(), DispatchFlag::default());
        let flag = dispatched.clone();
        let sending = async move { Ok(sender.send(turn, flag).await?.delivery) };
        let sent = self.inner.idempotency.run(session.owner(), key, dispatched, sending).await?;
        Ok(TurnReply { session: session.state().await?, delivery: sent })
    }

    /// Runs `work`, or returns the stored response of an earlier request with the same idempotency
    /// key. Without a key, `work` always runs. Failed work must have no effect, so that the request
    /// can be retried.
    ///
    /// # Errors
    /// Those of `work`, [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`].
    pub async fn run_idempotent<T: Serialize + DeserializeOwned>(
        &self,
        owner: &OwnerId,
        key: Option<IdempotencyKey>,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        let Some(key) = key else { return work.await };
        let dispatched = DispatchFlag::default();
        let flag = dispatched.clone();
        let work = Box::pin(async move {
            work.await.inspect_err(|error| {
                if error.may_have_taken_effect() {
                    flag.mark_dispatched();
                }
            })
        });
        self.inner.idempotency.run(owner, key, dispatched, work).await
    }

    /// Creates a session and attaches its thread. `model` applies to threads that the session
    /// starts later.
    pub(super) async fn open_session(
        &self,
        owner: &OwnerId,
        settings: Settings,
        attach: AttachRequest,
        model: Option<String>,
    ) -> Result<Session, SessionError> {
        let inner = &self.inner;
        if inner.stopping.is_cancelled() {
            return Err(SessionError::ShuttingDown);
        }
        let rules = inner.rules.for_owner(owner).await?;
        let context =
            self.context(SessionId::from(Uuid::now_v7().to_string()), owner.clone(), settings, rules);
        let attaching = async { context.attach(attach, context.process_slots.acquire().await?).await };
        let attached = tokio::select! {
            attached = attaching => attached,
            () = inner.stopping.cancelled() => Err(SessionError::ShuttingDown),
        };
        let attached = match attached {
            Ok(attached) => attached,
            Err(error) => {
                tracing::error!(%error, "a session could not be made");
                context.processes.close();
                context.processes.wait().await;
                inner.temp_dirs.remove(&context.session).await;
                return Err(error);
            }
        };
        self.update_catalog(&attached.server_info);
        let id = context.session.clone();
        let session = Session::start(context, model, attached);
        self.loaded().insert(id.clone(), session.clone());
        // The thread's owner is recorded before anyone can see the thread.
        if let Err(error) = session.flush().await {
            self.loaded().remove(&id);
            session.close(ClosedReason::Deleted).await;
            inner.temp_dirs.remove(&id).await;
            return Err(error);
        }
        inner.metrics.session_created();
        tracing::info!(session = %id, owner = owner.as_str(), "session created");
        if inner.stopping.is_cancelled() {
            // A shutdown that began after the first check may have missed this session.
            self.loaded().remove(&id);
            session.suspend().await;
            return Err(SessionError::ShuttingDown);
        }
        Ok(session)
    }

    /// Returns the context of a session.
    pub(super) fn context(
        &self,
        session: SessionId,
        owner: OwnerId,
        settings: Settings,
        rules: OwnerRules,
    ) -> SessionContext {
        let inner = &self.inner;
        SessionContext {
            config: Arc::clone(&inner.config),
            settings,
            session,
            owner,
            thread_locks: inner.thread_locks.clone(),
            indexing: inner.indexing.clone(),
            process_slots: inner.process_slots.clone(),
            process_pool: inner.process_pool.clone(),
            store: inner.store.clone(),
            uploads: inner.uploads.clone(),
            temp_dirs: inner.temp_dirs.clone(),
            rules,
            metrics: inner.metrics.clone(),
            summary_changes: inner.summary_changes.clone(),
            processes: TaskTracker::new(),
        }
    }

    /// Validates a message that would be the first of a session.
    ///
    /// # Errors
    /// Those of [`Session::start_turn`].
    pub fn check_turn(&self, turn: &StartTurn) -> Result<(), SessionError> {
        let config = &self.inner.config;
        input::check(config, &self.catalog().models, config.model.as_deref(), turn)
    }
}
