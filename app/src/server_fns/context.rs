//! The context of server functions and pages on the server.

use codex_gateway_engine::{ConfigWarning, IdempotencyKey, Session, SessionError, Sessions, ThreadView};
use codex_gateway_wire::{
    EventId, OwnerId, SessionId, Snapshot, StartTurn, ThreadId,
    api::{Project, SessionInfo},
};
use http::StatusCode;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::{ApiError, Conversation, Home, PageData, SiteConfig};
use crate::router::Route;

/// The context that the server provides to each page and server function.
#[derive(Clone)]
pub struct ServerContext {
    /// The engine's sessions.
    pub sessions: Sessions,
    /// The signed-in reader.
    pub owner: OwnerId,
    /// Identifies this build of the server. A page of another build offers a reload.
    pub build_id: std::sync::Arc<str>,
    /// Whether readers sign in, and can sign out.
    pub auth_enabled: bool,
}

/// Conversations on the home page.
const MAX_RECENT: usize = 4;

impl ServerContext {
    /// Returns the context of the current request.
    ///
    /// # Errors
    /// `internal` outside of a request.
    pub(super) fn current() -> Result<Self, ApiError> {
        use_context().ok_or_else(|| ApiError::internal("There is no request.".to_owned()))
    }

    pub(super) async fn home(&self) -> Home {
        let catalog = self.sessions.current_catalog().await;
        let recent = self.sessions.recent(&self.owner, MAX_RECENT).await;
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

    /// Returns a folder and its codex settings. `None` if it cannot be read.
    async fn project(&self, cwd: Option<&str>) -> Option<Project> {
        self.sessions.project(&self.owner, cwd).await.ok()
    }

    /// Adds the settings and the folder to a snapshot.
    async fn with_project(&self, snapshot: Snapshot) -> Conversation {
        let project = match snapshot.transcript.cwd.as_deref() {
            Some(cwd) => self.project(Some(cwd)).await,
            None => None,
        };
        Conversation { site: self.site(), snapshot, project }
    }

    /// Returns a session of the reader.
    pub(super) async fn session(&self, id: &SessionId) -> Result<Session, SessionError> {
        self.sessions.get(&self.owner, id).await
    }

    /// Returns the conversation of a session.
    pub(super) async fn conversation(&self, id: &SessionId) -> Result<Conversation, SessionError> {
        let snapshot = self.session(id).await?.snapshot().await?;
        Ok(self.with_project(snapshot).await)
    }

    /// Returns the conversation of a thread: of the session that has it open, else from disk.
    pub(super) async fn thread(&self, id: &ThreadId) -> Result<Conversation, SessionError> {
        let snapshot = match self.sessions.view_thread(&self.owner, id).await? {
            ThreadView::Session(session) => session.snapshot().await?,
            ThreadView::Stored(transcript, older) => Snapshot {
                // A stored thread has no event log, so no stream continues from here.
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
        Ok(self.with_project(snapshot).await)
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

/// Loads the data of the page at `path`, and the status of its response.
///
/// Provide the data to the page as context, next to the [`ServerContext`].
pub async fn load_page(context: &ServerContext, path: &str) -> (StatusCode, PageData) {
    let result = match Route::parse(path) {
        Route::Home => Ok(PageData::home(context.home().await)),
        Route::Conversation(id) => context.conversation(&id).await.map(PageData::conversation),
        Route::Thread(id) => context.thread(&id).await.map(PageData::conversation),
        Route::Unknown => return (StatusCode::NOT_FOUND, PageData::failed(ApiError::not_found())),
    };
    match result {
        Ok(data) => (StatusCode::OK, data),
        Err(error) => {
            let status = StatusCode::from_u16(error.code().status());
            (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), PageData::failed(api_error(&error)))
        }
    }
}

fn api_error(error: &SessionError) -> ApiError {
    let thread_id = match error {
        SessionError::Ended { thread } => Some(thread.clone()),
        _ => None,
    };
    ApiError { thread_id, ..ApiError::new(error.code().as_str(), error.to_string()) }
}

/// Converts an error of the engine, and sets the response's status.
pub(super) fn to_api_error(error: SessionError) -> ApiError {
    set_status(error.code().status());
    api_error(&error)
}

/// Returns the idempotency key of a message. The page sends a message again, with the same client id, if no response
/// came.
///
/// `None` for a message without a client id.
pub(super) fn message_key(turn: &StartTurn, purpose: &[&str]) -> Option<IdempotencyKey> {
    let id = turn.client_message_id.as_deref()?;
    let parts: Vec<&[u8]> = purpose.iter().map(|part| part.as_bytes()).collect();
    IdempotencyKey::new(&format!("page-{id}"), &parts)
}

/// Returns the text if it is not blank.
///
/// # Errors
/// `empty_prompt`.
pub(super) fn require_text(text: String) -> Result<String, ApiError> {
    if text.trim().is_empty() {
        set_status(400);
        return Err(ApiError::new("empty_prompt", "The text is empty.".to_owned()));
    }
    Ok(text)
}

/// Sets the status of the server function's response.
pub(super) fn set_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}
