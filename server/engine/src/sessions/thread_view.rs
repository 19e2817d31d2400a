//! Read access to a thread: its session, or its newest entries if no session is in it.

use codex_app_server_client::protocol::{self, ThreadRead};
use codex_gateway_wire::{
    Event, EventBody, OwnerId, ThreadId, Transcript,
    event::{History, ThreadOpened},
};
use serde::Deserialize;

use super::{Sessions, threads};
use crate::{
    error::SessionError,
    session::{Session, history},
};

/// Where a thread can be read.
#[derive(Debug)]
pub enum ThreadView {
    /// The session that is in the thread.
    Session(Session),
    /// The newest entries of a thread on disk, and `true` if it has older ones.
    Stored(Box<Transcript>, bool),
}

impl Sessions {
    /// Returns a view of a thread of the owner.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread;
    /// [`SessionError::ReadersBusy`], [`SessionError::Indexing`], or an error of codex.
    pub async fn view_thread(&self, owner: &OwnerId, thread: &ThreadId) -> Result<ThreadView, SessionError> {
        #[derive(Deserialize)]
        struct Read {
            thread: Stored,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            #[serde(flatten)]
            thread: protocol::Thread,
            #[serde(default)]
            model: Option<String>,
            #[serde(default)]
            cwd: String,
        }
        let thread = threads::parse_thread_id(thread.as_str()).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread).await?;
        if let Some(session) = self.session_for_thread(owner, &thread).await? {
            return Ok(ThreadView::Session(session));
        }
        self.inner.indexing.wait_until_readable(&thread).await?;
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.inner.thread_reader.request(&request).await.map_err(threads::thread_error)?;
        let Read { thread: Stored { thread, model, cwd } } = threads::parse_json(&raw)?;
        let mut history = self.newest_history(&thread).await?;
        if history.turns.is_empty() && self.index_if_needed(owner, &thread.id).await? {
            history = self.newest_history(&thread).await?;
        }
        Ok(stored_view(thread.id, model.unwrap_or_default(), cwd, history))
    }

    /// Returns the newest part of a thread's history.
    async fn newest_history(&self, thread: &protocol::Thread) -> Result<History, SessionError> {
        let _permit = self.inner.thread_reader.permit().await?;
        Ok(history::newest_history(&self.inner.thread_reader.bridge().await?, thread).await)
    }
}

/// Folds the history into a transcript, as if a session had resumed the thread.
fn stored_view(thread_id: ThreadId, model: String, cwd: String, history: History) -> ThreadView {
    let has_older = history.older;
    let mut transcript = Transcript::default();
    let event = ThreadOpened { thread_id, model, cwd, history: Some(history), ..ThreadOpened::default() };
    transcript.apply(&Event { seq: 1, body: EventBody::Thread(event) });
    ThreadView::Stored(Box::new(transcript), has_older)
}
