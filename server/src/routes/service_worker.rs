//! `GET /service-worker.js`: the service worker, which shows a page when the server is unreachable. Needs no
//! token, because it reveals no more than the sign-in form.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::state::AppState;

const SCRIPT: &str = include_str!("../worker/worker.js");
/// Page of the worker. It is inlined into the script, so that nothing has to be cached.
const OFFLINE_PAGE: &str = include_str!("../worker/offline.html");

/// Returns the script. It contains the build id, by which browsers detect a new version.
pub async fn script(State(state): State<AppState>) -> Response {
    let base = state.base_path.as_str();
    let script =
        SCRIPT.replace("{build}", &state.build_id).replace("{base}", base).replace("{offline}", OFFLINE_PAGE);
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        // Always revalidated: a stale worker would outlive the build.
        (header::CACHE_CONTROL, "no-cache"),
        // The worker may fetch pages of this server, and nothing else.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"),
    ];
    (headers, script).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offline_page_can_be_embedded_in_template_literal() {
        assert!(!OFFLINE_PAGE.contains('`') && !OFFLINE_PAGE.contains("${") && !OFFLINE_PAGE.contains('\\'));
        assert!(OFFLINE_PAGE.contains("lang=\"\"") && OFFLINE_PAGE.contains("lang=\"zh-CN\""));
        assert!(SCRIPT.contains("{build}") && SCRIPT.contains("{base}") && SCRIPT.contains("`{offline}`"));
    }
}
