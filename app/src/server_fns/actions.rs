//! What is done with a whole conversation, on the server.

use codex_gateway_engine::{Session, SessionError};
use codex_gateway_wire::{
    SessionId, StartTurn, ThreadId, TurnId,
    api::{CreateSession, ReviewTarget, ThreadAction},
};

use super::ServerContext;

impl ServerContext {
    /// Does it; see [`super::calls::act`].
    pub(super) async fn act(
        &self,
        thread: &ThreadId,
        action: ThreadAction,
        about: Option<String>,
    ) -> Result<Option<SessionId>, SessionError> {
        let turn = about.as_deref().map(TurnId::from);
        let session = match action {
            ThreadAction::Fork => {
                let settings = self.with_web_defaults(CreateSession::default());
                self.sessions.fork(&self.owner, thread, turn, settings).await?
            }
            ThreadAction::Compact => {
                let session = self.session_with(thread).await?;
                session.compact().await?;
                session
            }
            ThreadAction::Review => {
                let instructions = about.filter(|about| !about.trim().is_empty());
                let target = instructions.map_or(ReviewTarget::UncommittedChanges, |instructions| {
                    ReviewTarget::Custom { instructions }
                });
                let session = self.session_with(thread).await?;
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

    /// Sends a message in a fork; see [`super::calls::fork_and_send`].
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
                // The message is refused already; why the fork is left over is in the log.
                let _ = self.sessions.delete_thread(&self.owner, fork.as_str()).await;
            }
            return Err(error);
        }
        Ok(session.id().clone())
    }

    /// Makes a session and starts its first turn.
    pub(super) async fn begin(
        &self,
        request: CreateSession,
        turn: StartTurn,
    ) -> Result<SessionId, SessionError> {
        let session = match self.sessions.create(&self.owner, request).await {
            // Somebody was faster: their session has the conversation.
            Err(SessionError::ThreadHeld { session: Some(id) }) => {
                self.session(&id).await?.start_turn(turn).await?;
                return Ok(id);
            }
            session => session?,
        };
        if let Err(error) = session.start_turn(turn).await {
            // A conversation that never began would only take up a place. Who asks sees why it did not.
            let _ = self.sessions.delete(&self.owner, session.id()).await;
            return Err(error);
        }
        Ok(session.id().clone())
    }

    /// The session that is in a thread; if none is, one that is made.
    async fn session_with(&self, thread: &ThreadId) -> Result<Session, SessionError> {
        if let Some(session) = self.sessions.get_by_thread(&self.owner, thread).await? {
            return Ok(session);
        }
        let request = CreateSession { resume_thread_id: Some(thread.clone()), ..CreateSession::default() };
        match self.sessions.create(&self.owner, self.with_web_defaults(request)).await {
            // Somebody was faster.
            Err(SessionError::ThreadHeld { session: Some(id) }) => self.session(&id).await,
            session => session,
        }
    }

    /// A request for a session of the page's.
    fn with_web_defaults(&self, request: CreateSession) -> CreateSession {
        CreateSession { approvals: Some(self.sessions.config().approvals.web_default()), ..request }
    }
}
