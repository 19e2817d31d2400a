//! Lists, reads, names and deletes threads, and checks their owners.
//!
//! Codex does not know owners. With authentication, an owner sees only the threads that the store
//! assigns to them. Without authentication, everyone sees all threads in codex's home.

use std::time::{Duration, Instant};

use codex_app_server_client::{
    BridgeError, RpcError,
    protocol::{
        self, Request, ThreadDelete, ThreadNameSet, ThreadPage, ThreadRead, USER_SOURCE_KINDS,
        is_invalid_cursor, is_thread_not_found,
    },
};
use codex_gateway_wire::{
    Json, OwnerId, ThreadId,
    api::{ResumeThread, SessionReply, SortKey, ThreadList, ThreadReply},
    event::ClosedReason,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Sessions,
    actions::lock_error,
    cursor::{ListCursor, ThreadCursor},
    owned_threads,
    thread_list::ThreadListBuilder,
};
use crate::{error::SessionError, session::Session};

/// Number of threads that are requested at once while scanning for one owner's threads.
const SCAN_PAGE_SIZE: u32 = 100;
/// Maximum number of such pages for one list. A list that ends early continues with its cursor.
const MAX_SCAN_PAGES: usize = 10;
/// Maximum time for one list. A list that ends early continues with its cursor.
const SCAN_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum length of codex's cursor in a request, in bytes.
const MAX_CURSOR_BYTES: usize = 4096;

/// Which threads to list.
#[derive(Clone, Debug)]
pub struct ThreadQuery {
    /// The cursor of the previous page. `None` for the first page.
    pub cursor: Option<String>,
    /// Maximum number of threads.
    pub limit: u32,
    /// The sort order, newest first.
    pub sort_key: Option<SortKey>,
    /// `true` for archived threads only, `false` for others only.
    pub archived: bool,
    /// Only threads of exactly this directory.
    pub cwd: Option<String>,
    /// Only threads whose title contains this text.
    pub search_term: Option<String>,
}

impl ThreadQuery {
    /// Returns codex's request for a page of all matching threads.
    pub(super) fn page(&self, cursor: Option<String>, limit: u32) -> protocol::ThreadList {
        protocol::ThreadList {
            cursor,
            limit,
            sort_key: self.sort_key.map(SortKey::as_str),
            archived: self.archived,
            cwd: self.cwd.clone(),
            search_term: self.search_term.clone(),
            model_providers: [],
            source_kinds: USER_SOURCE_KINDS,
            included_thread_ids: None,
        }
    }
}

impl Sessions {
    /// Returns a page of the owner's threads. With authentication, a page can be shorter than the
    /// limit, or even empty, without being the last one, if codex is older than 0.171.0 or the
    /// owner has more than 3,200 threads.
    ///
    /// # Errors
    /// [`SessionError::BadCursor`], [`SessionError::ReadersBusy`], or an error of codex.
    pub async fn list_threads(
        &self,
        owner: &OwnerId,
        query: ThreadQuery,
    ) -> Result<ThreadList, SessionError> {
        if self.inner.config.auth_enabled {
            return self.list_own_threads(owner, &query).await;
        }
        if query.cursor.as_ref().is_some_and(|cursor| cursor.len() > MAX_CURSOR_BYTES) {
            return Err(SessionError::BadCursor);
        }
        let raw = self.thread_page(&query.page(query.cursor.clone(), query.limit)).await?;
        let ThreadPage { data, next_cursor, .. } = parse_json(&raw)?;
        Ok(ThreadList { ok: true, threads: data, next_cursor, raw, warnings: Vec::new() })
    }

    /// Lists the threads of one owner, by their ids if codex supports that.
    async fn list_own_threads(
        &self,
        owner: &OwnerId,
        query: &ThreadQuery,
    ) -> Result<ThreadList, SessionError> {
        let cursor =
            query.cursor.as_ref().map(|cursor| self.inner.cursors.open(owner, cursor)).transpose()?;
        let positions = match cursor {
            Some(ListCursor::Scan(cursor)) => return self.scan_own_threads(owner, query, cursor).await,
            Some(ListCursor::Groups(positions)) => Some(positions),
            None => None,
        };
        // One more than can be listed by id, to see whether there are too many.
        let ids = self.inner.store.list_owner_threads(owner, owned_threads::MAX_THREADS + 1).await?;
        let can_list_by_id = ids.len() <= owned_threads::MAX_THREADS && self.codex_takes_ids().await?;
        if positions.is_some() || can_list_by_id {
            self.list_threads_by_id(owner, query, ids, positions).await
        } else {
            self.scan_own_threads(owner, query, ThreadCursor::default()).await
        }
    }

    /// Returns `true` if codex can list threads by id. An unknown version, built from source,
    /// counts as new.
    async fn codex_takes_ids(&self) -> Result<bool, SessionError> {
        let version = self.inner.thread_reader.bridge().await?.version();
        Ok(version.is_none_or(|version| version >= owned_threads::MIN_VERSION_TO_LIST_BY_ID))
    }

    /// Scans codex's list for the threads of one owner.
    async fn scan_own_threads(
        &self,
        owner: &OwnerId,
        query: &ThreadQuery,
        cursor: ThreadCursor,
    ) -> Result<ThreadList, SessionError> {
        let mut cursor = Some(cursor);
        let mut builder = ThreadListBuilder::new(query.limit as usize);
        let start = Instant::now();
        for _ in 0..MAX_SCAN_PAGES {
            if builder.is_full() || start.elapsed() > SCAN_TIMEOUT {
                break;
            }
            let Some(at) = cursor.take() else { break };
            let page = self.thread_page(&query.page(at.page.clone(), SCAN_PAGE_SIZE)).await?;
            let page: ThreadPage = parse_json(&page)?;
            let ids = page.data.iter().map(id_of).collect::<Result<Vec<_>, _>>()?;
            let owned_ids = self.inner.store.filter_owned(owner, ids.clone()).await?;
            cursor = builder.push_page(at, page, &ids, |thread| owned_ids.contains(thread));
        }
        let next_cursor = cursor.and_then(|cursor| self.inner.cursors.seal(owner, &ListCursor::Scan(cursor)));
        builder.into_list(next_cursor)
    }

    pub(super) async fn thread_page(&self, request: &protocol::ThreadList) -> Result<Json, SessionError> {
        self.inner.thread_reader.request(request).await.map_err(cursor_error)
    }

    /// Returns a thread of the owner, with its turns.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread;
    /// [`SessionError::ReadersBusy`], [`SessionError::Indexing`], or an error of codex.
    pub async fn read_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadReply, SessionError> {
        #[derive(Deserialize)]
        struct Read {
            thread: Json,
        }
        let thread_id = parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread_id).await?;
        self.inner.indexing.wait_until_readable(&thread_id).await?;
        let raw = match self.read_with(owner, &thread_id, true).await {
            // A thread without turns has no list of turns.
            Err(SessionError::Codex(BridgeError::Refused { error, .. }))
                if error.code == RpcError::METHOD_NOT_FOUND =>
            {
                self.read_with(owner, &thread_id, false).await
            }
            raw => raw,
        };
        let mut raw = raw.map_err(thread_error)?;
        if !has_turns(&raw)? && self.index_if_needed(owner, &thread_id).await? {
            raw = self.read_with(owner, &thread_id, true).await.map_err(thread_error)?;
        }
        let Read { thread } = parse_json(&raw)?;
        Ok(ThreadReply { ok: true, thread_id, thread, raw, warnings: Vec::new() })
    }

    async fn read_with(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        include_turns: bool,
    ) -> Result<Json, SessionError> {
        self.request_for_thread(owner, thread, &ThreadRead { thread_id: thread.clone(), include_turns }).await
    }

    /// Sends a request about a thread to the process of the session that is in the thread, because
    /// other processes do not see its running turn. Without such a process, the thread reader gets
    /// the request.
    pub(super) async fn request_for_thread<R>(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
        request: &R,
    ) -> Result<R::Reply, SessionError>
    where
        R: Request + Clone + Send + 'static,
        R::Reply: 'static,
    {
        if let Some(session) = self.loaded_session_for_thread(owner, thread) {
            let _permit = self.inner.thread_reader.permit().await?;
            match session.call_process(request.clone()).await {
                // The session has no process, or its process is about to end.
                Err(
                    SessionError::NotFound
                    | SessionError::Codex(BridgeError::Closed | BridgeError::Unresponsive),
                ) => {}
                reply => return reply,
            }
        }
        self.inner.thread_reader.request(request).await
    }

    /// Returns the session of the owner that is in the thread. `None` if it is not loaded.
    pub(super) fn loaded_session_for_thread(&self, owner: &OwnerId, thread: &ThreadId) -> Option<Session> {
        let id = self.inner.thread_locks.session_in(thread)?;
        self.loaded().get(&id).filter(|session| session.owner() == owner).cloned()
    }

    /// Renames a thread of the owner. The session that is in the thread informs its readers.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread;
    /// [`SessionError::ReadersBusy`], or an error of codex.
    pub async fn name_thread(&self, owner: &OwnerId, thread: &str, name: String) -> Result<(), SessionError> {
        let thread_id = parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread_id).await?;
        let request = ThreadNameSet { thread_id: thread_id.clone(), name: name.clone() };
        self.request_for_thread(owner, &thread_id, &request).await.map_err(thread_error)?;
        if let Some(session) = self.session_for_thread(owner, &thread_id).await? {
            session.thread_renamed(name).await;
        }
        Ok(())
    }

    /// Deletes a thread of the owner for good, and ends the session that is in it. The session
    /// stays if codex refuses.
    ///
    /// # Errors
    /// Those of [`Sessions::name_thread`]; [`SessionError::TurnActive`], [`SessionError::StillAtWork`].
    pub async fn delete_thread(&self, owner: &OwnerId, thread: &str) -> Result<ThreadId, SessionError> {
        let thread_id = parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread_id).await?;
        let session = self.session_for_thread(owner, &thread_id).await?;
        if let Some(session) = &session {
            session.release_thread().await?;
        }
        self.inner.indexing.wait_until_finished(&thread_id).await;
        let request = ThreadDelete { thread_id: thread_id.clone() };
        match self.inner.thread_reader.request(&request).await.map_err(lock_error).map_err(thread_error) {
            // A thread without turns was never on disk.
            Err(SessionError::ThreadNotFound) if session.is_some() => {}
            deleted => {
                deleted?;
            }
        }
        // After the deletion, because codex refuses to delete a thread that forks refer to.
        if let Some(session) = session {
            self.end(session, ClosedReason::Deleted).await?;
        }
        self.inner.store.forget_ended_sessions_in(&thread_id).await?;
        self.inner.uploads.remove_thread(&thread_id).await?;
        Ok(thread_id)
    }

    /// Switches a session to another thread of its owner.
    ///
    /// # Errors
    /// [`SessionError::BadThreadId`]; [`SessionError::ThreadNotFound`], also for another owner's
    /// thread; [`SessionError::ThreadHeld`], [`SessionError::TurnActive`],
    /// [`SessionError::Starting`]; or an error of codex.
    pub async fn resume_thread(
        &self,
        session: &Session,
        request: &ResumeThread,
    ) -> Result<SessionReply, SessionError> {
        let thread = self.authorize_resume(session.owner(), &request.thread_id).await?;
        session.resume_thread(thread).await
    }

    /// Parses and authorizes the id of a thread to resume.
    pub(super) async fn authorize_resume(
        &self,
        owner: &OwnerId,
        thread: &ThreadId,
    ) -> Result<ThreadId, SessionError> {
        let thread = parse_thread_id(thread.as_str()).ok_or(SessionError::BadThreadId)?;
        self.authorize(owner, &thread).await?;
        Ok(thread)
    }

    /// Returns the directory of a thread. `None` if codex does not report it, or if a session is in
    /// the thread.
    pub(super) async fn thread_cwd(&self, thread: &ThreadId) -> Option<String> {
        #[derive(Deserialize)]
        struct Read {
            thread: Stored,
        }
        #[derive(Deserialize)]
        struct Stored {
            cwd: String,
        }
        if self.inner.thread_locks.session_in(thread).is_some() {
            return None;
        }
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.inner.thread_reader.request(&request).await.ok()?;
        parse_json::<Read>(&raw).ok().map(|read| read.thread.cwd)
    }

    /// Checks that a thread belongs to the owner.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`]
    pub async fn check_thread(&self, owner: &OwnerId, thread: &str) -> Result<(), SessionError> {
        let thread = parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread).await
    }

    /// Checks that a thread belongs to the owner. All other checks use this function.
    pub(super) async fn authorize(&self, owner: &OwnerId, thread: &ThreadId) -> Result<(), SessionError> {
        let is_owned = !self.inner.config.auth_enabled
            || self.inner.store.filter_owned(owner, vec![thread.clone()]).await?.contains(thread);
        if is_owned { Ok(()) } else { Err(SessionError::ThreadNotFound) }
    }
}

/// Returns `true` if codex's reply to `thread/read` contains a turn.
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
    parse_json(raw).map(|Read { thread }| !thread.turns.is_empty())
}

/// Maps codex's refusal of a cursor to an error.
pub(super) fn cursor_error(error: SessionError) -> SessionError {
    match error {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_invalid_cursor(&error) => {
            SessionError::BadCursor
        }
        error => error,
    }
}

/// Maps codex's refusals that mean that the thread does not exist.
pub(super) fn thread_error(error: SessionError) -> SessionError {
    match error {
        SessionError::Codex(BridgeError::Refused { error, .. }) if is_thread_not_found(&error) => {
            SessionError::ThreadNotFound
        }
        error => error,
    }
}

/// Returns the canonical form of a thread's id. Codex accepts several forms, and each must name the
/// same thread here as there.
pub(super) fn parse_thread_id(text: &str) -> Option<ThreadId> {
    const HYPHENATED: usize = 36;
    let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == HYPHENATED)?;
    Some(uuid.to_string().into())
}

/// Parses a part of codex's reply.
pub(super) fn parse_json<'a, T: Deserialize<'a>>(json: &'a Json) -> Result<T, SessionError> {
    let bad =
        |error: serde_json::Error| BridgeError::BadReply { method: "thread/…", message: error.to_string() };
    Ok(serde_json::from_str(json.get()).map_err(bad)?)
}

/// Returns the id in codex's JSON of a thread.
pub(super) fn id_of(thread: &Json) -> Result<ThreadId, SessionError> {
    parse_json(thread).map(|protocol::Thread { id, .. }| id)
}
