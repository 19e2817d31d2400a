//! Actions on whole threads: fork, rename, archive and unarchive.

use codex_app_server_client::{
    BridgeError,
    protocol::{ThreadArchive, ThreadUnarchive, is_write_locked},
};
use codex_gateway_wire::{
    OwnerId, ThreadId, TurnId,
    api::{CreateSession, SessionReply},
    event::ClosedReason,
};

use super::{Sessions, threads};
use crate::{
    error::SessionError,
    session::{
        Session,
        attach::{AttachRequest, ThreadSource},
        settings::Settings,
    },
};

impl Sessions {
    /// Creates a session in a fork of a thread. `None` for `last_turn` copies all turns. The new
    /// session gets the settings of the session that is in the old thread, or those of the request
    /// if there is none. The old thread is unchanged.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread;
    /// [`SessionError::NoSuchTurn`], [`SessionError::EmptyThread`]; [`SessionError::TurnActive`] if
    /// the turn has not ended; and those of [`Sessions::create`].
    pub async fn fork(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        last_turn: Option<TurnId>,
        request: CreateSession,
    ) -> Result<Session, SessionError> {
        let thread = threads::parse_thread_id(thread.as_str()).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread).await?;
        let (settings, model) = if let Some(session) = self.session_for_thread(owner, &thread).await? {
            let transcript = session.snapshot().await?.transcript;
            if transcript.turns.is_empty() {
                return Err(SessionError::EmptyThread);
            }
            let active = transcript.active_turn().map(|turn| &turn.id);
            if active.is_some_and(|active| last_turn.as_ref().is_none_or(|last| last == active)) {
                return Err(SessionError::TurnActive);
            }
            let mut settings = session.settings().clone();
            // Includes the changes by turns.
            settings.apply(&self.inner.config, &transcript);
            (settings, transcript.model)
        } else {
            let mut settings = Settings::resolve(&self.inner.config, &request).await?;
            settings.adopt_cwd(&self.inner.config, self.thread_cwd(&thread).await).await;
            (settings, None)
        };
        let attach = AttachRequest {
            thread: ThreadSource::Fork(thread, last_turn),
            model: model.clone(),
            effort: None,
        };
        self.open_session(owner, settings, attach, model.or_else(|| self.inner.config.model.clone())).await
    }

    /// Returns the session of the owner that is in a thread. `None` if no session is in it. Counts as a
    /// use.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn get_by_thread(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<Option<Session>, SessionError> {
        let Some(thread) = threads::parse_thread_id(thread.as_str()) else { return Ok(None) };
        let session = self.session_for_thread(owner, &thread).await?;
        Ok(session.inspect(Session::touch))
    }

    /// Renames the thread that a session is in.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], [`SessionError::ReadersBusy`], or an error of codex.
    pub async fn name_thread_of(
        &self,
        session: &Session,
        name: String,
    ) -> Result<SessionReply, SessionError> {
        let thread = session.summary().thread_id.ok_or(SessionError::ThreadNotFound)?;
        self.name_thread(session.owner(), thread.as_str(), name).await?;
        session.state().await
    }

    /// Archives a thread and ends the session that is in it. The session stays if codex refuses.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread or an archived one;
    /// [`SessionError::TurnActive`], [`SessionError::StillAtWork`], [`SessionError::EmptyThread`],
    /// [`SessionError::ThreadHeld`], [`SessionError::ReadersBusy`], or an error of codex.
    pub async fn archive_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadId, SessionError> {
        let thread_id = threads::parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread_id).await?;
        let session = self.session_for_thread(owner, &thread_id).await?;
        if let Some(session) = &session {
            if session.state().await?.state.active_turn {
                return Err(SessionError::TurnActive);
            }
            if session.snapshot().await?.transcript.turns.is_empty() {
                return Err(SessionError::EmptyThread);
            }
            session.release_thread().await?;
        }
        self.inner.indexing.wait_until_finished(&thread_id).await;
        let archived =
            self.inner.thread_reader.request(&ThreadArchive { thread_id: thread_id.clone() }).await;
        archived.map_err(lock_error).map_err(threads::thread_error)?;
        if let Some(session) = session {
            self.end(session, ClosedReason::Archived).await?;
        }
        Ok(thread_id)
    }

    /// Unarchives a thread.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread or one that is not
    /// archived; [`SessionError::ReadersBusy`], or an error of codex.
    pub async fn unarchive_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadId, SessionError> {
        let thread_id = threads::parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread_id).await?;
        if self.session_for_thread(owner, &thread_id).await?.is_some() {
            return Err(SessionError::ThreadNotFound); // A thread with a session is not archived.
        }
        let request = ThreadUnarchive { thread_id: thread_id.clone() };
        self.inner
            .thread_reader
            .request(&request)
            .await
            .map_err(lock_error)
            .map_err(threads::thread_error)?;
        Ok(thread_id)
    }
}

/// Maps codex's refusals that mean that another process has locked the thread.
pub(super) fn lock_error(error: SessionError) -> SessionError {
    match error {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_write_locked(&error) => {
            SessionError::ThreadHeld { session: None }
        }
        error => error,
    }
}
