//! Sessions that server functions create and act on.

use codex_gateway_engine::{Session, SessionError};
use codex_gateway_wire::{
    SessionId, StartTurn, ThreadId, TurnId,
    api::{CreateSession, ReviewTarget, ThreadAction},
};

use super::ServerContext;

impl ServerContext {
    /// See [`super::act_on_conversation`].
    pub(super) async fn act(
        &self,
        thread: &ThreadId,
        action: ThreadAction,
        about: Option<String>,
    ) -> Result<Option<SessionId>, SessionError> {
        let session = match action {
            ThreadAction::Fork => {
                let turn = about.as_deref().map(TurnId::from);
                let settings = self.with_web_defaults(CreateSession::default());
                self.sessions.fork(&self.owner, thread, turn, settings).await?
            }
            ThreadAction::Compact => {
                let session = self.session_for_thread(thread).await?;
                session.compact().await?;
                session
            }
            ThreadAction::Review => {
                let instructions = about.filter(|about| !about.trim().is_empty());
                let target = instructions.map_or(ReviewTarget::UncommittedChanges, |instructions| {
                    ReviewTarget::Custom { instructions }
                });
                let session = self.session_for_thread(thread).await?;
                session.review(target).await?;
                session
            }
            ThreadAction::Archive => {
                self.sessions.archive_thread(&self.owner, thread.as_str()).await?;
                return Ok(None);
            }
            ThreadAction::Unarchive => {
                self.sessions.unarchive_thread(&self.owner, thread.as_str()).await?;
                return Ok(None);
            }
        };
        Ok(Some(session.id().clone()))
    }

    /// See [`super::fork_and_send`].
    pub(super) async fn fork_and_send(
        &self,
        thread: &ThreadId,
        turn: StartTurn,
    ) -> Result<SessionId, SessionError> {
        let replaced = turn.replaces_turn_id.clone().ok_or(SessionError::NoSuchTurn)?;
        self.sessions.check_turn(&turn)?;
        let settings = self.with_web_defaults(CreateSession::default());
        let session = self.sessions.fork(&self.owner, thread, Some(replaced), settings).await?;
        let fork = session.summary().thread_id;
        if let Err(error) = session.start_turn(turn).await {
            if let Some(fork) = fork {
                // The reader gets the turn's error. The engine logs why the fork could not be deleted.
                let _ = self.sessions.delete_thread(&self.owner, fork.as_str()).await;
            }
            return Err(error);
        }
        Ok(session.id().clone())
    }

    /// Creates a session and starts its first turn.
    pub(super) async fn create_and_start(
        &self,
        request: CreateSession,
        turn: StartTurn,
    ) -> Result<SessionId, SessionError> {
        let session = match self.sessions.create(&self.owner, request).await {
            // Another request has resumed the thread meanwhile.
            Err(SessionError::ThreadHeld { session: Some(id) }) => {
                self.session(&id).await?.start_turn(turn).await?;
                return Ok(id);
            }
            session => session?,
        };
        if let Err(error) = session.start_turn(turn).await {
            // A session without a turn would only count towards the session limit. The reader gets the turn's error.
            let _ = self.sessions.delete(&self.owner, session.id()).await;
            return Err(error);
        }
        Ok(session.id().clone())
    }

    /// Returns the session that has a thread open. Creates one if there is none.
    async fn session_for_thread(&self, thread: &ThreadId) -> Result<Session, SessionError> {
        if let Some(session) = self.sessions.get_by_thread(&self.owner, thread).await? {
            return Ok(session);
        }
        let request = CreateSession { resume_thread_id: Some(thread.clone()), ..CreateSession::default() };
        match self.sessions.create(&self.owner, self.with_web_defaults(request)).await {
            // Another request has resumed the thread meanwhile.
            Err(SessionError::ThreadHeld { session: Some(id) }) => self.session(&id).await,
            session => session,
        }
    }

    /// Returns a request with the defaults of sessions that the page creates.
    fn with_web_defaults(&self, request: CreateSession) -> CreateSession {
        CreateSession { approvals: Some(self.sessions.config().approvals.web_default()), ..request }
    }
}
