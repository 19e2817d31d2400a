//! What a call finds on the server.

use codex_gateway_engine::{
    IdempotencyKey, Session, SessionError, Sessions, ThreadView, bridge::ConfigWarning,
};
use codex_gateway_wire::{
    EventId, OwnerId, SessionId, Snapshot, StartTurn, ThreadId,
    api::{Project, SessionInfo},
};
use http::StatusCode;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::{ApiError, Conversation, Home, PageData, SiteConfig};
use crate::route::Route;

/// What the server provides to every page and server function.
#[derive(Clone)]
pub struct ServerContext {
    /// The sessions.
    pub sessions: Sessions,
    /// Who asks.
    pub owner: OwnerId,
    /// Names this build of the server; an older page is offered a reload.
    pub build_id: std::sync::Arc<str>,
    /// Whether one signs in here, and can sign out.
    pub auth_enabled: bool,
}

/// How many conversations the first screen lists.
const RECENT: usize = 4;

impl ServerContext {
    pub(super) async fn home(&self) -> Home {
        let catalog = self.sessions.catalog();
        let recent = self.sessions.recent(&self.owner, RECENT).await;
        let workspaces = self.sessions.workspaces().await;
        let project = self.project(None).await;
        Home {
            site: self.site(),
            workspaces,
            models: catalog.models,
            recent,
            codex_error: catalog.error.or_else(|| {
                let warning = catalog.config_warning.filter(ConfigWarning::is_fatal);
                warning.map(|warning| warning.text())
            }),
            project,
        }
    }

    /// A folder; `None` if it cannot be read.
    async fn project(&self, cwd: Option<&str>) -> Option<Project> {
        self.sessions.project(&self.owner, cwd).await.ok()
    }

    /// A conversation with its folder.
    async fn in_folder(&self, snapshot: Snapshot) -> Conversation {
        let project = match snapshot.transcript.cwd.as_deref() {
            Some(cwd) => self.project(Some(cwd)).await,
            None => None,
        };
        Conversation { site: self.site(), snapshot, project }
    }

    /// A session of the reader's.
    pub(super) async fn session(&self, id: &SessionId) -> Result<Session, SessionError> {
        self.sessions.get(&self.owner, id).await
    }

    pub(super) async fn conversation(&self, id: &SessionId) -> Result<Conversation, SessionError> {
        let snapshot = self.session(id).await?.snapshot().await?;
        Ok(self.in_folder(snapshot).await)
    }

    /// A thread: the session that is in it, or what was said in it before.
    pub(super) async fn thread(&self, id: &ThreadId) -> Result<Conversation, SessionError> {
        let snapshot = match self.sessions.view_thread(&self.owner, id).await? {
            ThreadView::Session(session) => session.snapshot().await?,
            ThreadView::Stored(transcript, older) => Snapshot {
                // It has no log: nothing follows.
                at: EventId { epoch: "past".to_owned(), seq: 0 },
                session: SessionInfo {
                    id: SessionId::default(),
                    created_at: String::new(),
                    last_access_at: String::new(),
                    expires_at: None,
                    approvals: self.sessions.config().approvals.web_default(),
                },
                models: self.sessions.catalog().models,
                older,
                transcript: *transcript,
            },
        };
        Ok(self.in_folder(snapshot).await)
    }

    fn site(&self) -> SiteConfig {
        let config = self.sessions.config();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        SiteConfig {
            demo: config.demo,
            sandbox: config.sandbox.into(),
            approval_policy: config.approval_policy.into(),
            approvals: config.approvals.web_default(),
            now_ms: now.ok().and_then(|now| i64::try_from(now.as_millis()).ok()).unwrap_or_default(),
        }
    }
}

/// Reads what the page at a path begins with, before it is rendered: so the status of the answer can say how that
/// went. To be put into the context of the page, beside the [`ServerContext`].
pub async fn load(context: &ServerContext, path: &str) -> (StatusCode, PageData) {
    let found = |loaded| (StatusCode::OK, loaded);
    let refused = |status: u16, failure| {
        (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), PageData::failed(failure))
    };
    match Route::parse(path) {
        Route::Home => found(PageData { home: Some(context.home().await), ..PageData::default() }),
        Route::Conversation(id) => match context.conversation(&id).await {
            Ok(conversation) => found(PageData { conversation: Some(conversation), ..PageData::default() }),
            Err(error) => refused(error.code().status(), failure(&error)),
        },
        Route::Thread(id) => match context.thread(&id).await {
            Ok(past) => found(PageData { conversation: Some(past), ..PageData::default() }),
            Err(error) => refused(error.code().status(), failure(&error)),
        },
        Route::Unknown => refused(404, ApiError::not_found()),
    }
}

fn failure(error: &SessionError) -> ApiError {
    let thread_id = match error {
        SessionError::Ended { thread } => Some(thread.clone()),
        _ => None,
    };
    ApiError { thread_id, ..ApiError::new(error.code().as_str(), error.to_string()) }
}

pub(super) fn context() -> Result<ServerContext, ApiError> {
    use_context().ok_or_else(|| ApiError::new("internal", "There is no request.".to_owned()))
}

/// The key under which a message is taken once: the page repeats a message, with the same id, whose reply did not come.
/// `None` for a message without an id.
pub(super) fn message_key(turn: &StartTurn, purpose: &[&str]) -> Option<IdempotencyKey> {
    let id = turn.client_message_id.as_deref()?;
    let parts: Vec<&[u8]> = purpose.iter().map(|part| part.as_bytes()).collect();
    IdempotencyKey::new(&format!("page-{id}"), &parts)
}

/// Passes an error on, and its status.
pub(super) fn failed(error: SessionError) -> ApiError {
    set_status(error.code().status());
    failure(&error)
}

/// A text that says something.
pub(super) fn text(prompt: String) -> Result<String, ApiError> {
    if prompt.trim().is_empty() {
        set_status(400);
        return Err(ApiError::new("empty_prompt", "The text is empty.".to_owned()));
    }
    Ok(prompt)
}

pub(super) fn set_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}
