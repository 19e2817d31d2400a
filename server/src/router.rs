//! The table of contents.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    assets,
    auth::authenticate,
    body::{LARGEST_BODY, json_body},
    guard::guard,
    headers::headers,
    limits::limit,
    metrics::count,
    openapi, pages,
    request_id::request_id,
    routes::{
        diff, docs, events, export, fallback, files, health, images, info, items, legacy, metrics, queue,
        requests, sessions, sign_in, threads, turns, uploads, worker,
    },
    state::AppState,
};

/// All routes. Only health, readiness, the browser files, the worker beside them and signing in need no token.
pub fn router(state: AppState) -> Router {
    let open = Router::from(health())
        .route("/service-worker.js", get(worker::worker))
        .route("/sign-in", get(sign_in::begin).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .merge(assets::router(&state));

    let api = legacy::PATHS
        .iter()
        .fold(Router::from(api()), |api, path| api.route(path, any(legacy::gone)))
        .route("/api/{*rest}", any(fallback::not_found));

    // The last is the first that a request meets. What a path takes is told only to those who may come in.
    let closed = api
        .merge(pages::router(&state))
        .route_layer(from_fn(json_body))
        .merge(Router::from(images()))
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .route_layer(from_fn_with_state(state.clone(), limit))
        .route_layer(from_fn_with_state(state.clone(), authenticate));

    open.merge(closed)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CatchPanicLayer::custom(fallback::panicked))
        .layer(from_fn_with_state(state.clone(), count))
        .layer(from_fn(headers))
        .layer(from_fn(request_id))
        .with_state(state)
}

/// What can be asked of the gateway.
pub fn document() -> Value {
    openapi::document([health(), api(), images()].map(OpenApiRouter::into_openapi))
}

fn health() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(info::info))
        .routes(routes!(docs::json))
        .routes(routes!(docs::page))
        .routes(routes!(sessions::list, sessions::create))
        .routes(routes!(sessions::delete))
        .routes(routes!(sessions::state))
        .routes(routes!(sessions::snapshot))
        .routes(routes!(items::list))
        .routes(routes!(events::events))
        .routes(routes!(turns::start))
        .routes(routes!(turns::interrupt))
        .routes(routes!(requests::list))
        .routes(routes!(requests::answer))
        .routes(routes!(queue::list))
        .routes(routes!(queue::edit, queue::remove))
        .routes(routes!(queue::send))
        .routes(routes!(threads::new))
        .routes(routes!(threads::resume))
        .routes(routes!(threads::fork))
        .routes(routes!(threads::revert))
        .routes(routes!(threads::compact))
        .routes(routes!(threads::review))
        .routes(routes!(threads::name))
        .routes(routes!(threads::list))
        .routes(routes!(threads::read, threads::delete))
        .routes(routes!(threads::archive))
        .routes(routes!(threads::unarchive))
        .routes(routes!(export::export))
        .routes(routes!(diff::read))
        .routes(routes!(files::list))
        .routes(routes!(images::read))
        .routes(routes!(uploads::get))
}

/// Images are no JSON: it reads its body itself.
fn images() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(uploads::add))
}
