//! What a call finds on the server.

use codex_gateway_engine::{SessionError, Sessions};
use codex_gateway_wire::OwnerId;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::{Failure, Site};

/// What the server provides to every page and server function.
#[derive(Clone)]
pub struct ServerContext {
    /// The sessions.
    pub sessions: Sessions,
    /// Who asks.
    pub owner: OwnerId,
    /// Names this build of the server; an older page is offered a reload.
    pub build_id: &'static str,
}

impl ServerContext {
    pub(super) fn site(&self) -> Site {
        let config = self.sessions.config();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Site {
            demo: config.demo,
            cwd: config.cwd.display().to_string(),
            sandbox: config.sandbox.as_str().to_owned(),
            approval_policy: config.approval_policy.as_str().to_owned(),
            now_ms: now.ok().and_then(|now| i64::try_from(now.as_millis()).ok()).unwrap_or_default(),
        }
    }
}

pub(super) fn context() -> Result<ServerContext, Failure> {
    use_context()
        .ok_or_else(|| Failure { code: "internal".to_owned(), message: "There is no request.".to_owned() })
}

/// Passes an error on, and its status.
pub(super) fn failed(error: SessionError) -> Failure {
    set_status(error.status());
    Failure { code: error.code().to_owned(), message: error.to_string() }
}

/// A message that says something. (Checked here as well, so that an empty one makes no session.)
pub(super) fn text(prompt: String) -> Result<String, Failure> {
    if prompt.trim().is_empty() {
        set_status(400);
        return Err(Failure { code: "empty_prompt".to_owned(), message: "The prompt is empty.".to_owned() });
    }
    Ok(prompt)
}

fn set_status(status: u16) {
    if let (Some(response), Ok(status)) =
        (use_context::<ResponseOptions>(), http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
}
