//! The calls themselves.
#![cfg_attr(
    feature = "ssr",
    allow(missing_docs, reason = "the structs of the arguments have no docs of their fields")
)]

#[cfg(feature = "ssr")]
use codex_gateway_engine::{ItemsQuery, OlderThan};
#[cfg(feature = "ssr")]
use codex_gateway_wire::api::CreateSession;
use codex_gateway_wire::{
    ItemId, ItemsPage, Matches, QueueItemId, RequestId, Rule, RuleId, SearchCursor, SessionId, StartTurn,
    ThreadId,
    api::{FoundFile, Project, ProjectTrust, QueueChange, ThreadAction},
    request::AnswerRequest,
};

#[cfg(feature = "ssr")]
use super::context::{context, failed, message_key, text};
use super::{ApiError, Conversation, Home, Listing, call::calls};

/// How many older entries the page loads at once.
#[cfg(feature = "ssr")]
const PAGE: usize = 100;

/// How many files are told.
#[cfg(feature = "ssr")]
const FILES: usize = 20;
/// How much of a query counts, in characters.
#[cfg(feature = "ssr")]
const LONGEST_QUERY: usize = 100;

calls! {
    /// What the first screen shows.
    ///
    /// # Errors
    /// None of its own.
    ReadHome "home" home() -> Home {
        Ok(context()?.home().await)
    }

    /// A conversation as it stands.
    ///
    /// # Errors
    /// `not_found` if there is none of that id, for this reader.
    ReadConversation "snapshot" snapshot(id: SessionId) -> Conversation {
        context()?.conversation(&id).await.map_err(failed)
    }

    /// A page of older entries: those before the page that gave the cursor, else those before an entry.
    ///
    /// # Errors
    /// `not_found` if there is no such conversation, or no such entry in it; `bad_query` if the cursor is none; what
    /// else the engine says.
    ReadItems "items" items(id: SessionId, before: Option<ItemId>, cursor: Option<String>) -> ItemsPage {
        let context = context()?;
        let session = context.session(&id).await.map_err(failed)?;
        let older_than = match (cursor, before) {
            (Some(cursor), _) => OlderThan::Page(cursor),
            (None, Some(id)) => OlderThan::Entry(id),
            (None, None) => OlderThan::Now,
        };
        context.sessions.items(&session, ItemsQuery { older_than, limit: PAGE }).await.map_err(failed)
    }

    /// The runs of pieces of code, each given as its language, a line break, and the code. An empty one has no colours.
    ///
    /// # Errors
    /// None of its own.
    Highlight "highlight" highlight(sources: Vec<String>) -> Vec<String> {
        Ok(context()?.colours(sources).await)
    }

    /// Files by a few letters of their paths: in the directory of a session, or in one that a session could be made in.
    /// The best first.
    ///
    /// # Errors
    /// `not_found` if there is no such session, for this reader; `bad_cwd` if there is no such directory, or none any
    /// more; `outside_workspaces`.
    FindFiles "files" files(id: Option<SessionId>, cwd: Option<String>, query: String) -> Vec<FoundFile> {
        let context = context()?;
        let query: String = query.chars().take(LONGEST_QUERY).collect();
        let found = match id {
            Some(id) => context.sessions.files(&context.session(&id).await.map_err(failed)?, &query, FILES).await,
            None => context.sessions.files_in(cwd.as_deref(), &query, FILES).await,
        };
        Ok(found.map_err(failed)?.files)
    }

    /// A folder, and what it brings along; without `cwd`, the one in which new sessions work.
    ///
    /// # Errors
    /// `bad_cwd` if there is no such directory; `outside_workspaces`.
    ReadProject "project" project(cwd: Option<String>) -> Project {
        let context = context()?;
        context.sessions.project(&context.owner, cwd.as_deref()).await.map_err(failed)
    }

    /// Records what the reader decides about a folder: the folder after that.
    ///
    /// # Errors
    /// `over_ceiling` if the operator trusts no folder; those of reading it.
    TrustFolder "trust" trust(path: String, trust: ProjectTrust) -> Project {
        let context = context()?;
        context.sessions.decide_project(&context.owner, Some(&path), trust).await.map_err(failed)
    }

    /// Where a text stands in a thread: a part of what there is, and where the next part begins.
    ///
    /// # Errors
    /// `not_found` if there is none of that id, for this reader; what codex says.
    SearchThread "search" search(thread: ThreadId, words: String, from: Option<SearchCursor>) -> Matches {
        let context = context()?;
        context.sessions.search(&context.owner, &thread, &words, from).await.map_err(failed)
    }

    /// A thread as it stands: of the session that is in it, or as it is on disk.
    ///
    /// # Errors
    /// `not_found` if there is none of that id, for this reader; what codex says.
    ReadThread "thread" thread(id: ThreadId) -> Conversation {
        context()?.thread(&id).await.map_err(failed)
    }

    /// A page of the reader's conversations with this in their titles.
    ///
    /// # Errors
    /// What codex says; `bad_query` if the cursor is none.
    ListConversations "conversations" conversations(search: String, cursor: Option<String>) -> Listing {
        context()?.listing(search.trim(), cursor).await.map_err(failed)
    }

    /// Gives a conversation a name.
    ///
    /// # Errors
    /// `not_found`; what codex says.
    RenameConversation "rename" rename(thread: ThreadId, name: String) -> () {
        let context = context()?;
        let name = text(name)?.trim().to_owned();
        context.sessions.name_thread(&context.owner, thread.as_str(), name).await.map_err(failed)
    }

    /// Deletes a conversation for good.
    ///
    /// # Errors
    /// `not_found`; what codex says.
    RemoveConversation "remove" remove(thread: ThreadId) -> () {
        let context = context()?;
        context.sessions.delete_thread(&context.owner, thread.as_str()).await.map(drop).map_err(failed)
    }

    /// Makes a session, in that directory if one is named, and starts its first turn; the session's id. What the turn is
    /// to run with is what the session is made with.
    ///
    /// # Errors
    /// What the engine says: `session_limit`, `codex_unavailable`, `empty_prompt`, `over_ceiling`, `bad_cwd`, ….
    StartConversation "start" start(cwd: Option<String>, turn: StartTurn) -> SessionId {
        begin(CreateSession { cwd, ..CreateSession::default() }, turn).await
    }

    /// Goes on with a thread that no session is in; the id of the session that does.
    ///
    /// # Errors
    /// `not_found`; what the engine says: `session_limit`, `codex_unavailable`, `turn_active`, ….
    ResumeConversation "resume" resume(id: ThreadId, turn: StartTurn) -> SessionId {
        begin(CreateSession { resume_thread_id: Some(id), ..CreateSession::default() }, turn).await
    }

    /// Does something with a conversation, whether a session is in it or not. `about` is, for a fork, the last turn that
    /// is taken over (all without); for a review, what to look at (what is not committed without). The session that the conversation is in then; none once it is archived.
    ///
    /// # Errors
    /// `not_found` if there is no such conversation or turn, for this reader; `empty_thread`, `turn_active`; what else the
    /// engine says.
    ActOnConversation "act" act(thread: ThreadId, action: ThreadAction, about: Option<String>) -> Option<SessionId> {
        context()?.act(&thread, action, about).await.map_err(failed)
    }

    /// Starts a turn; while one is running, does as the message says.
    ///
    /// # Errors
    /// `turn_active` while one is running; `queue_full`; `not_found`; what else the engine says.
    SendMessage "send" send(id: SessionId, turn: StartTurn) -> () {
        let context = context()?;
        let session = context.session(&id).await.map_err(failed)?;
        let key = message_key(&turn, &["send", id.as_str()]);
        context.sessions.start_turn_idempotent(&session, turn, key).await.map_err(failed)?;
        Ok(())
    }

    /// Sends a message in a new thread that begins as a thread did, in the place of the turn that the message replaces. Nothing
    /// happens to the old one. The session that is in the new one.
    ///
    /// # Errors
    /// `not_found` if there is no such conversation or turn, for this reader; what else the engine says. No thread is left
    /// behind then.
    ForkAndSend "fork-and-send" fork_and_send(thread: ThreadId, turn: StartTurn) -> SessionId {
        let context = context()?;
        let key = message_key(&turn, &["fork", thread.as_str()]);
        let (forker, sessions) = (context.clone(), context.sessions.clone());
        let work = Box::pin(async move { forker.fork_and_send(&thread, turn).await });
        sessions.run_idempotent(&context.owner, key, work).await.map_err(failed)
    }

    /// Does something with a message that waits for its turn.
    ///
    /// # Errors
    /// `not_found` if it does not wait any more; `queue_item_sending` while codex is asked to take it; if it is to be sent,
    /// those of a turn.
    ChangeQueue "queue" queue(id: SessionId, item: QueueItemId, change: QueueChange) -> () {
        let session = context()?.session(&id).await.map_err(failed)?;
        match change {
            QueueChange::Edit(edit) => session.edit_queued(item, edit).await.map(drop),
            QueueChange::Remove => session.remove_queued(item).await.map(drop),
            QueueChange::Send => session.send_queued(item).await.map(drop),
        }
        .map_err(failed)
    }

    /// The reader's rules, the oldest first.
    ///
    /// # Errors
    /// What the store says.
    ListRules "rules" rules() -> Vec<Rule> {
        let context = context()?;
        context.sessions.rules(&context.owner).await.map_err(failed)
    }

    /// Revokes a rule.
    ///
    /// # Errors
    /// `not_found` if this reader has no rule of that id; or an error of the store.
    RevokeRule "revoke" revoke(id: RuleId) -> () {
        let context = context()?;
        context.sessions.revoke_rule(&context.owner, &id).await.map_err(failed)
    }

    /// Stops the turn that is running.
    ///
    /// # Errors
    /// `no_active_turn` if none is; `not_found`; what else the engine says.
    Interrupt "interrupt" interrupt(id: SessionId) -> () {
        let session = context()?.session(&id).await.map_err(failed)?;
        session.interrupt().await.map_err(failed)?;
        Ok(())
    }

    /// Answers what waits for the user.
    ///
    /// # Errors
    /// `request_ended` if somebody else was first, or it was withdrawn; `bad_answer`; `not_found`.
    AnswerUserRequest "answer" answer(id: SessionId, request: RequestId, answer: AnswerRequest) -> () {
        let session = context()?.session(&id).await.map_err(failed)?;
        session.answer(request, answer).await.map_err(failed)?;
        Ok(())
    }
}

/// Makes a session as asked and starts a turn, once for each message. What the turn is to run with is what the session is
/// made with.
#[cfg(feature = "ssr")]
async fn begin(asked: CreateSession, turn: StartTurn) -> Result<SessionId, ApiError> {
    let context = context()?;
    // An empty message makes no session.
    context.sessions.check_turn(&turn).map_err(failed)?;
    let thread = asked.resume_thread_id.as_ref().map_or("", |thread| thread.as_str());
    let key = message_key(&turn, &["begin", thread]);
    let request = CreateSession {
        model: turn.model.clone(),
        approvals: Some(context.sessions.config().approvals.web_default()),
        sandbox: turn.sandbox,
        approval_policy: turn.approval_policy,
        ..asked
    };
    let (sessions, owner) = (context.sessions.clone(), context.owner.clone());
    let work = Box::pin(async move { context.begin(request, turn).await });
    sessions.run_idempotent(&owner, key, work).await.map_err(failed)
}
