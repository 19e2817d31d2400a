//! `GET /service-worker.js`: what the browser runs when the server cannot be reached. Never needs a token: it tells
//! nothing that the sign-in form does not.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::state::AppState;

const WORKER: &str = include_str!("../worker/worker.js");
/// The page that it shows; written into it, so that nothing has to be kept.
const OFFLINE: &str = include_str!("../worker/offline.html");

/// The worker. It differs with each build, by which browsers know that it is another one.
pub async fn worker(State(state): State<AppState>) -> Response {
    let base = state.base_path.as_str();
    let script =
        WORKER.replace("{build}", &state.build_id).replace("{base}", base).replace("{offline}", OFFLINE);
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        // It is asked for again each time: a worker that stays would outlive the build.
        (header::CACHE_CONTROL, "no-cache"),
        // It may ask this server for pages, and nobody else for anything.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"),
    ];
    (headers, script).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_can_stand_in_the_script_as_it_is() {
        assert!(!OFFLINE.contains('`') && !OFFLINE.contains("${") && !OFFLINE.contains('\\'));
        assert!(OFFLINE.contains("lang=\"\"") && OFFLINE.contains("lang=\"zh-CN\""));
        assert!(WORKER.contains("{build}") && WORKER.contains("{base}") && WORKER.contains("`{offline}`"));
    }
}
