//! Conversations that no live session is in: what was said in them, to be read.

use codex_gateway_wire::{
    Event, EventBody, OwnerId, ThreadId, Transcript,
    event::{History, ThreadOpened},
};
use serde::Deserialize;

use super::{Sessions, threads};
use crate::{
    bridge::protocol::{self, ThreadRead},
    error::SessionError,
    session::{Session, history},
};

/// Where a thread is.
#[derive(Debug)]
pub enum Place {
    /// A live session is in it.
    Live(Session),
    /// It is on disk: its newest part, and whether there is more.
    Past(Box<Transcript>, bool),
}

impl Sessions {
    /// A thread of that owner: the session that is in it, or what was said in it.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's; [`SessionError::TooManyReads`],
    /// [`SessionError::Indexing`], or what codex says.
    pub async fn find_thread(&self, owner: &OwnerId, thread: &ThreadId) -> Result<Place, SessionError> {
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
        let thread = threads::parse(thread.as_str()).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread).await?;
        if let Some(session) = self.session_in(owner, &thread).await? {
            return Ok(Place::Live(session));
        }
        self.inner.indexing.readable(&thread).await?;
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.inner.library.request(&request).await.map_err(threads::no_thread)?;
        let Read { thread: Stored { thread, model, cwd } } = threads::read(&raw)?;
        let mut history = self.newest(&thread).await?;
        if history.turns.is_empty() && self.index(owner, &thread.id).await? {
            history = self.newest(&thread).await?;
        }
        Ok(past(thread.id, model.unwrap_or_default(), cwd, history))
    }

    /// The newest part of what was said in a thread, as codex tells it.
    async fn newest(&self, thread: &protocol::Thread) -> Result<History, SessionError> {
        let _place = self.inner.library.place().await?;
        Ok(history::newest(&self.inner.library.bridge().await?, thread).await)
    }
}

/// What the fold makes of a thread that was opened with this history.
fn past(thread_id: ThreadId, model: String, cwd: String, history: History) -> Place {
    let older = history.older;
    let mut transcript = Transcript::default();
    let opened = ThreadOpened { thread_id, model, cwd, history: Some(history), ..ThreadOpened::default() };
    transcript.apply(&Event { seq: 1, body: EventBody::Thread(opened) });
    Place::Past(Box::new(transcript), older)
}
