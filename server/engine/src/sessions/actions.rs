//! What is done with whole threads, beside talking in them.

use codex_gateway_wire::{
    OwnerId, ThreadId, TurnId,
    api::{CreateSession, SessionReply},
    event::ClosedReason,
};

use super::{Sessions, threads};
use crate::{
    bridge::{
        BridgeError,
        protocol::{ThreadArchive, ThreadUnarchive, is_held},
    },
    error::SessionError,
    session::{
        Session,
        open::{Wanted, WantedThread},
        settings::Settings,
    },
};

impl Sessions {
    /// Makes a session in a new thread, which begins as that one did until the end of a turn of it; without one, until
    /// its end. The session may what that of the old thread may; if there is none, what the request says. Nothing
    /// happens to the old one.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's; [`SessionError::NoSuchTurn`],
    /// [`SessionError::EmptyThread`]; [`SessionError::TurnActive`] if the turn has not ended; and those of
    /// [`Sessions::create`].
    pub async fn fork(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        last_turn: Option<TurnId>,
        request: CreateSession,
    ) -> Result<Session, SessionError> {
        let thread = threads::parse(thread.as_str()).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread).await?;
        let (settings, model) = if let Some(session) = self.session_in(owner, &thread).await? {
            let transcript = session.snapshot().await?.transcript;
            if transcript.turns.is_empty() {
                return Err(SessionError::EmptyThread);
            }
            let active = transcript.active_turn().map(|turn| &turn.id);
            if active.is_some_and(|active| last_turn.as_ref().is_none_or(|last| last == active)) {
                return Err(SessionError::TurnActive);
            }
            let mut settings = session.settings().clone();
            // What a turn has changed since it was made.
            settings.follow(&self.inner.config, &transcript);
            (settings, transcript.model)
        } else {
            let mut settings = Settings::choose(&self.inner.config, &request).await?;
            settings.work_where(&self.inner.config, self.cwd_of(&thread).await).await;
            (settings, None)
        };
        let wanted =
            Wanted { thread: WantedThread::Fork(thread, last_turn), model: model.clone(), effort: None };
        self.open(owner, settings, wanted, model.or_else(|| self.inner.config.model.clone())).await
    }

    /// The session of that owner that is in a thread, if one is. Counts as use.
    ///
    /// # Errors
    /// What the store says.
    pub async fn session_of_thread(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<Option<Session>, SessionError> {
        let Some(thread) = threads::parse(thread.as_str()) else { return Ok(None) };
        let session = self.session_in(owner, &thread).await?;
        Ok(session.inspect(Session::touch))
    }

    /// Gives the thread that a session is in a name.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], [`SessionError::TooManyReads`], or what codex says.
    pub async fn name_thread_of(
        &self,
        session: &Session,
        name: String,
    ) -> Result<SessionReply, SessionError> {
        let thread = session.summary().thread_id.ok_or(SessionError::ThreadNotFound)?;
        self.name_thread(session.owner(), thread.as_str(), name).await?;
        session.state().await
    }

    /// Archives a thread, and ends the session that is in it. Where codex refuses, the session stays.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's, or is archived already;
    /// [`SessionError::TurnActive`], [`SessionError::StillAtWork`], [`SessionError::EmptyThread`],
    /// [`SessionError::ThreadHeld`], [`SessionError::TooManyReads`], or what codex says.
    pub async fn archive_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadId, SessionError> {
        let thread_id = threads::parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread_id).await?;
        let session = self.session_in(owner, &thread_id).await?;
        if let Some(session) = &session {
            if session.state().await?.state.active_turn {
                return Err(SessionError::TurnActive);
            }
            if session.snapshot().await?.transcript.turns.is_empty() {
                return Err(SessionError::EmptyThread);
            }
            session.leave_thread().await?;
        }
        self.inner.indexing.finished(&thread_id).await;
        let archived = self.inner.library.request(&ThreadArchive { thread_id: thread_id.clone() }).await;
        archived.map_err(held).map_err(threads::no_thread)?;
        if let Some(session) = session {
            self.remove(session, ClosedReason::Archived).await?;
        }
        Ok(thread_id)
    }

    /// Brings a thread back that was archived.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's, or is not archived;
    /// [`SessionError::TooManyReads`], or what codex says.
    pub async fn unarchive_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadId, SessionError> {
        let thread_id = threads::parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread_id).await?;
        if self.session_in(owner, &thread_id).await?.is_some() {
            return Err(SessionError::ThreadNotFound); // A session is in it: it is not archived.
        }
        let request = ThreadUnarchive { thread_id: thread_id.clone() };
        self.inner.library.request(&request).await.map_err(held).map_err(threads::no_thread)?;
        Ok(thread_id)
    }
}

/// Says of codex's refusals which ones mean that somebody else has the thread.
pub(super) fn held(error: SessionError) -> SessionError {
    match error {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_held(&error) => {
            SessionError::ThreadHeld { session: None }
        }
        error => error,
    }
}
