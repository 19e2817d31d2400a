//! The table of contents.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, delete, get, patch, post},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    assets,
    auth::authenticate,
    body::{LARGEST_BODY, json_body},
    guard::guard,
    headers::headers,
    limits::limit,
    pages,
    request_id::request_id,
    routes::{
        diff, events, export, fallback, files, health, images, info, items, legacy, queue, requests,
        sessions, sign_in, threads, turns, uploads, worker,
    },
    state::AppState,
};

/// All routes. Only health, readiness, the browser files, the worker beside them and signing in need no token.
pub fn router(state: AppState) -> Router {
    let open = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/service-worker.js", get(worker::worker))
        .route("/sign-in", get(sign_in::begin).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .merge(assets::router(&state));

    let api = Router::new()
        .route("/api/info", get(info::info))
        .route("/api/sessions", get(sessions::list).post(sessions::create))
        .route("/api/sessions/{id}", delete(sessions::delete))
        .route("/api/sessions/{id}/state", get(sessions::state))
        .route("/api/sessions/{id}/snapshot", get(sessions::snapshot))
        .route("/api/sessions/{id}/images/{item}", get(images::read))
        .route("/api/sessions/{id}/items", get(items::list))
        .route("/api/sessions/{id}/diff", get(diff::read))
        .route("/api/sessions/{id}/files", get(files::list))
        .route("/api/sessions/{id}/events", get(events::events))
        .route("/api/sessions/{id}/turn", post(turns::start))
        .route("/api/sessions/{id}/turn/interrupt", post(turns::interrupt))
        .route("/api/sessions/{id}/queue", get(queue::list))
        .route("/api/sessions/{id}/queue/{item}", patch(queue::edit).delete(queue::remove))
        .route("/api/sessions/{id}/queue/{item}/send", post(queue::send))
        .route("/api/sessions/{id}/thread/new", post(threads::new))
        .route("/api/sessions/{id}/thread/resume", post(threads::resume))
        .route("/api/uploads/{id}", get(uploads::get))
        .route("/api/threads", get(threads::list))
        .route("/api/sessions/{id}/thread/fork", post(threads::fork))
        .route("/api/sessions/{id}/thread/revert", post(threads::revert))
        .route("/api/sessions/{id}/thread/compact", post(threads::compact))
        .route("/api/sessions/{id}/thread/review", post(threads::review))
        .route("/api/sessions/{id}/thread/name", post(threads::name))
        .route("/api/threads/{id}", get(threads::read).delete(threads::delete))
        .route("/api/threads/{id}/archive", post(threads::archive))
        .route("/api/threads/{id}/unarchive", post(threads::unarchive))
        .route("/api/threads/{id}/export", get(export::export))
        .route("/api/sessions/{id}/requests", get(requests::list))
        .route("/api/sessions/{id}/requests/{request}", post(requests::answer))
        .route("/api/state", any(legacy::gone))
        .route("/api/events", any(legacy::gone))
        .route("/api/turn", any(legacy::gone))
        .route("/api/thread/new", any(legacy::gone))
        .route("/api/{*rest}", any(fallback::not_found));

    // Images are no JSON: it reads its body itself.
    let images = Router::new().route("/api/uploads", post(uploads::add));

    // The last is the first that a request meets. What a path takes is told only to those who may come in.
    let closed = api
        .merge(pages::router(&state))
        .route_layer(from_fn(json_body))
        .merge(images)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .route_layer(from_fn_with_state(state.clone(), limit))
        .route_layer(from_fn_with_state(state.clone(), authenticate));

    open.merge(closed)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CatchPanicLayer::custom(fallback::panicked))
        .layer(from_fn(headers))
        .layer(from_fn(request_id))
        .with_state(state)
}
