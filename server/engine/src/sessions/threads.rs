//! Which threads there are, and who may see them.
//!
//! Codex knows no owners. Where tokens are needed, everybody sees the threads alone that the store says are
//! theirs; where none is, all threads of codex's home are everybody's.

use std::time::{Duration, Instant};

use codex_gateway_wire::{
    Json, OwnerId, ThreadId,
    api::{ResumeThread, SessionReply, SortKey, ThreadList, ThreadReply},
    event::ClosedReason,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Sessions,
    actions::held,
    cursor::{ListCursor, Place},
    found::Found,
    owned_threads,
};
use crate::{
    bridge::{
        BridgeError, RpcError,
        protocol::{
            self, PEOPLES_THREADS, Request, ThreadDelete, ThreadNameSet, ThreadPage, ThreadRead,
            is_bad_cursor, is_no_thread,
        },
    },
    error::SessionError,
    session::Session,
};

/// How many threads are asked for at once where most may be somebody else's.
const PAGE: u32 = 100;
/// How many such pages are looked through for one list; then it is short, and goes on with its cursor.
const PAGES: usize = 10;
/// How long one list may take; then it is short as well.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest cursor of codex's that is passed on, in bytes.
const LONGEST_CURSOR: usize = 4096;

/// Which threads to list.
#[derive(Clone, Debug)]
pub struct ThreadQuery {
    /// Where the list goes on, as the one before said.
    pub cursor: Option<String>,
    /// How many threads at most.
    pub limit: u32,
    /// What they are sorted by, the newest first.
    pub sort_key: Option<SortKey>,
    /// Only those that are archived, or only those that are not.
    pub archived: bool,
    /// Only those of exactly this directory.
    pub cwd: Option<String>,
    /// Only those with this in their title.
    pub search_term: Option<String>,
}

impl ThreadQuery {
    /// Codex's request for a page of all threads that match.
    pub(super) fn page(&self, cursor: Option<String>, limit: u32) -> protocol::ThreadList {
        protocol::ThreadList {
            cursor,
            limit,
            sort_key: self.sort_key.map(SortKey::as_str),
            archived: self.archived,
            cwd: self.cwd.clone(),
            search_term: self.search_term.clone(),
            model_providers: [],
            source_kinds: PEOPLES_THREADS,
            included_thread_ids: None,
        }
    }
}

impl Sessions {
    /// A page of that owner's threads. With tokens it can be shorter than asked for, even empty, and still not be the last,
    /// if codex is older than 0.171.0 or the owner has more than 3,200 threads.
    ///
    /// # Errors
    /// [`SessionError::BadCursor`], [`SessionError::TooManyReads`], or what codex says.
    pub async fn list_threads(
        &self,
        owner: &OwnerId,
        query: ThreadQuery,
    ) -> Result<ThreadList, SessionError> {
        if self.inner.config.tokens {
            return self.list_own_threads(owner, &query).await;
        }
        if query.cursor.as_ref().is_some_and(|cursor| cursor.len() > LONGEST_CURSOR) {
            return Err(SessionError::BadCursor);
        }
        let raw = self.thread_page(&query.page(query.cursor.clone(), query.limit)).await?;
        let ThreadPage { data, next_cursor, .. } = read(&raw)?;
        Ok(ThreadList { ok: true, threads: data, next_cursor, raw, warnings: Vec::new() })
    }

    /// Lists the threads of one owner: by their ids where codex can be asked so.
    async fn list_own_threads(
        &self,
        owner: &OwnerId,
        query: &ThreadQuery,
    ) -> Result<ThreadList, SessionError> {
        let cursor =
            query.cursor.as_ref().map(|cursor| self.inner.cursors.open(owner, cursor)).transpose()?;
        let positions = match cursor {
            Some(ListCursor::Scan(place)) => return self.scan_own_threads(owner, query, place).await,
            Some(ListCursor::Groups(positions)) => Some(positions),
            None => None,
        };
        // One more than can be listed by id: then there are too many.
        let ids = self.inner.store.threads_of(owner, owned_threads::MAX_THREADS + 1).await?;
        let by_id = ids.len() <= owned_threads::MAX_THREADS && self.codex_takes_ids().await?;
        if positions.is_some() || by_id {
            self.list_threads_by_id(owner, query, ids, positions).await
        } else {
            self.scan_own_threads(owner, query, Place::default()).await
        }
    }

    /// Returns `true` if codex can be asked for threads by id. A codex that was built from its source is taken for a new one.
    async fn codex_takes_ids(&self) -> Result<bool, SessionError> {
        let version = self.inner.library.bridge().await?.version();
        Ok(version.is_none_or(|version| version >= owned_threads::SINCE))
    }

    /// Looks through codex's list for the threads of one owner.
    async fn scan_own_threads(
        &self,
        owner: &OwnerId,
        query: &ThreadQuery,
        place: Place,
    ) -> Result<ThreadList, SessionError> {
        let mut place = Some(place);
        let mut found = Found::new(query.limit as usize);
        let start = Instant::now();
        for _ in 0..PAGES {
            if found.is_full() || start.elapsed() > PATIENCE {
                break;
            }
            let Some(at) = place.take() else { break };
            let page = self.thread_page(&query.page(at.page.clone(), PAGE)).await?;
            let page: ThreadPage = read(&page)?;
            let ids = page.data.iter().map(id).collect::<Result<Vec<_>, _>>()?;
            let theirs = self.inner.store.owned(owner, ids.clone()).await?;
            place = found.take(at, page, &ids, |thread| theirs.contains(thread));
        }
        let next_cursor = place.and_then(|place| self.inner.cursors.seal(owner, &ListCursor::Scan(place)));
        found.into_list(next_cursor)
    }

    pub(super) async fn thread_page(&self, request: &protocol::ThreadList) -> Result<Json, SessionError> {
        self.inner.library.request(request).await.map_err(bad_cursor)
    }

    /// A thread of that owner, with its turns.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's; [`SessionError::TooManyReads`],
    /// [`SessionError::Indexing`], or what codex says.
    pub async fn read_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadReply, SessionError> {
        #[derive(Deserialize)]
        struct Read {
            thread: Json,
        }
        let thread_id = parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread_id).await?;
        self.inner.indexing.readable(&thread_id).await?;
        let raw = match self.read_with(owner, &thread_id, true).await {
            // A thread that has had no turn yet has no turns to be listed.
            Err(SessionError::Codex(BridgeError::Refused { error, .. }))
                if error.code == RpcError::METHOD_NOT_FOUND =>
            {
                self.read_with(owner, &thread_id, false).await
            }
            raw => raw,
        };
        let mut raw = raw.map_err(no_thread)?;
        if !has_turns(&raw)? && self.index(owner, &thread_id).await? {
            raw = self.read_with(owner, &thread_id, true).await.map_err(no_thread)?;
        }
        let Read { thread } = read(&raw)?;
        Ok(ThreadReply { ok: true, thread_id, thread, raw, warnings: Vec::new() })
    }

    async fn read_with(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        include_turns: bool,
    ) -> Result<Json, SessionError> {
        self.ask_in(owner, thread, &ThreadRead { thread_id: thread.clone(), include_turns }).await
    }

    /// Asks something of a thread of the process of the session that is in it: another one would not see what is
    /// going on in it. If there is none, of the library's.
    pub(super) async fn ask_in<R>(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        request: &R,
    ) -> Result<R::Reply, SessionError>
    where
        R: Request + Clone + Send + 'static,
        R::Reply: 'static,
    {
        if let Some(session) = self.live_session_in(owner, thread) {
            let _place = self.inner.library.place().await?;
            match session.read(request.clone()).await {
                // It has no process, or that is about to end.
                Err(
                    SessionError::NotFound
                    | SessionError::Codex(BridgeError::Closed | BridgeError::Unresponsive),
                ) => {}
                reply => return reply,
            }
        }
        self.inner.library.request(request).await
    }

    /// The session of that owner that is in the thread, if it is in memory.
    pub(super) fn live_session_in(&self, owner: &OwnerId, thread: &ThreadId) -> Option<Session> {
        let id = self.inner.holds.holder(thread)?;
        self.live().get(&id).filter(|session| session.owner() == owner).cloned()
    }

    /// Gives a thread of that owner a name. The session that is in it, if one is, tells its readers.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's; [`SessionError::TooManyReads`], or what
    /// codex says.
    pub async fn name_thread(&self, owner: &OwnerId, thread: &str, name: String) -> Result<(), SessionError> {
        let thread_id = parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread_id).await?;
        let request = ThreadNameSet { thread_id: thread_id.clone(), name: name.clone() };
        self.ask_in(owner, &thread_id, &request).await.map_err(no_thread)?;
        if let Some(session) = self.session_in(owner, &thread_id).await? {
            session.named(name).await;
        }
        Ok(())
    }

    /// Deletes a thread of that owner for good, and the session that is in it. Where codex refuses, the session stays.
    ///
    /// # Errors
    /// Those of [`Sessions::name_thread`]; [`SessionError::TurnActive`], [`SessionError::StillAtWork`].
    pub async fn delete_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadId, SessionError> {
        let thread_id = parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread_id).await?;
        let session = self.session_in(owner, &thread_id).await?;
        if let Some(session) = &session {
            session.leave_thread().await?;
        }
        self.inner.indexing.finished(&thread_id).await;
        let request = ThreadDelete { thread_id: thread_id.clone() };
        match self.inner.library.request(&request).await.map_err(held).map_err(no_thread) {
            // One that never had a turn was never on disk: there is nothing left of it.
            Err(SessionError::ThreadNotFound) if session.is_some() => {}
            deleted => {
                deleted?;
            }
        }
        // Only now: codex refuses a thread whose forks refer to it.
        if let Some(session) = session {
            self.remove(session, ClosedReason::Deleted).await?;
        }
        self.inner.store.forget_ended_in(&thread_id).await?;
        self.inner.uploads.forget(&thread_id).await?;
        Ok(thread_id)
    }

    /// Lets a session of its owner go on with another thread of theirs.
    ///
    /// # Errors
    /// [`SessionError::BadThreadId`]; [`SessionError::ThreadNotFound`], also if it is somebody else's;
    /// [`SessionError::ThreadHeld`], [`SessionError::TurnActive`], [`SessionError::Starting`]; or what codex says.
    pub async fn resume_thread(
        &self,
        session: &Session,
        request: &ResumeThread,
    ) -> Result<SessionReply, SessionError> {
        let thread = self.resumable(session.owner(), &request.thread_id).await?;
        session.resume_thread(thread).await
    }

    /// The thread that somebody means who wants to go on with it, if it may be theirs.
    pub(super) async fn resumable(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<ThreadId, SessionError> {
        let thread = parse(thread.as_str()).ok_or(SessionError::BadThreadId)?;
        self.admit(owner, &thread).await?;
        Ok(thread)
    }

    /// Where a thread has worked so far, as far as codex tells; not asked of one that a session is in.
    pub(super) async fn cwd_of(&self, thread: &ThreadId) -> Option<String> {
        #[derive(Deserialize)]
        struct Read {
            thread: Stored,
        }
        #[derive(Deserialize)]
        struct Stored {
            cwd: String,
        }
        if self.inner.holds.holder(thread).is_some() {
            return None;
        }
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.inner.library.request(&request).await.ok()?;
        read::<Read>(&raw).ok().map(|read| read.thread.cwd)
    }

    /// Checks that a thread may be that owner's.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`]
    pub async fn check_thread(&self, owner: &OwnerId, thread: &str) -> Result<(), SessionError> {
        let thread = parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread).await
    }

    /// The one place where a thread's owner is checked.
    pub(super) async fn admit(&self, owner: &OwnerId, thread: &ThreadId) -> Result<(), SessionError> {
        let is_theirs = !self.inner.config.tokens
            || self.inner.store.owned(owner, vec![thread.clone()]).await?.contains(thread);
        if is_theirs { Ok(()) } else { Err(SessionError::ThreadNotFound) }
    }
}

/// Whether codex's reply to `thread/read` tells a turn.
fn has_turns(raw: &Json) -> Result<bool, SessionError> {
    #[derive(Deserialize)]
    struct Read {
        thread: Turns,
    }
    #[derive(Deserialize)]
    struct Turns {
        #[serde(default)]
        turns: Vec<serde::de::IgnoredAny>,
    }
    read(raw).map(|Read { thread }| !thread.turns.is_empty())
}

/// What codex's refusal of a cursor means.
pub(super) fn bad_cursor(error: SessionError) -> SessionError {
    match error {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_bad_cursor(&error) => {
            SessionError::BadCursor
        }
        error => error,
    }
}

/// Says of codex's refusals which ones mean that there is no such thread.
pub(super) fn no_thread(error: SessionError) -> SessionError {
    match error {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_no_thread(&error) => {
            SessionError::ThreadNotFound
        }
        error => error,
    }
}

/// The one form of a thread's id: codex takes it in several, and each must mean the same thread here as there.
pub(super) fn parse(text: &str) -> Option<ThreadId> {
    const HYPHENATED: usize = 36;
    let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == HYPHENATED)?;
    Some(uuid.to_string().into())
}

pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a Json) -> Result<T, SessionError> {
    let bad =
        |error: serde_json::Error| BridgeError::BadReply { method: "thread/…", message: error.to_string() };
    Ok(serde_json::from_str(json.get()).map_err(bad)?)
}

pub(super) fn id(thread: &Json) -> Result<ThreadId, SessionError> {
    read(thread).map(|protocol::Thread { id, .. }| id)
}
