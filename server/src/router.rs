//! The table of contents.

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{
    assets,
    auth::authenticate,
    base_path,
    body::{BodyLimit, MAX_BODY_BYTES, MAX_TEXT_BYTES, MAX_TURN_BYTES, accept_body, function_body},
    compression::compression,
    guard::guard,
    headers::headers,
    limits::limit,
    metrics::count,
    openapi, pages,
    request_id::request_id,
    routes::{
        diff, docs, events, export, fallback, files, health, images, info, items, legacy, metrics, projects,
        queue, requests, rules, sessions, sign_in, summaries, threads, turns, uploads, worker,
    },
    state::AppState,
    unknown_fields::{PathFields, check_fields},
};

/// All routes. Only health, readiness, the browser files, the worker beside them and signing in need no token.
pub fn router(state: AppState) -> Router {
    let open = served(OPEN)
        .route("/service-worker.js", get(worker::worker))
        .route("/sign-in", get(sign_in::begin).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .merge(base_path::router(&state.base_path))
        .merge(assets::router(&state));

    let api = legacy::PATHS
        .iter()
        .fold(served(API), |api, path| api.route(path, any(legacy::gone)))
        .route("/api/{*rest}", any(fallback::not_found));
    let pages = pages::router(&state).route_layer(from_fn_with_state(state.clone(), function_body));

    // The last is the first that a request meets. What a path takes is told only to those who may come in.
    let closed = limited(api, MAX_BODY_BYTES)
        .merge(limited(served(TEXTS), MAX_TEXT_BYTES))
        .merge(limited(served(TURNS), MAX_TURN_BYTES))
        .merge(served(IMAGES))
        .layer(compression())
        .merge(pages)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .route_layer(from_fn_with_state(state.clone(), limit))
        .route_layer(from_fn_with_state(state.clone(), authenticate));

    open.merge(closed)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(CatchPanicLayer::custom(fallback::panicked))
        .layer(from_fn_with_state(state.clone(), count))
        .layer(from_fn(headers))
        .layer(from_fn(request_id))
        .with_state(state)
}

/// What can be asked of the gateway, as an OpenAPI 3.2 document.
pub fn document() -> Value {
    openapi::document(
        [OPEN, API, TEXTS, TURNS, IMAGES]
            .into_iter()
            .flatten()
            .map(|operation| described(*operation).into_openapi()),
    )
}

/// The same, as an OpenAPI 3.1 document.
pub fn document_3_1() -> Value {
    openapi::in_version_3_1(document())
}

/// What answers at a path, together with what describes it.
type Operation = fn() -> UtoipaMethodRouter<AppState>;

const OPEN: &[Operation] =
    &[|| routes!(health::healthz), || routes!(health::readyz), || routes!(metrics::metrics)];

const API: &[Operation] = &[
    || routes!(info::info),
    || routes!(docs::json),
    || routes!(docs::json_3_1),
    || routes!(docs::page),
    || routes!(sessions::list, sessions::create),
    || routes!(sessions::read, sessions::delete),
    || routes!(sessions::state),
    || routes!(sessions::snapshot),
    || routes!(items::list),
    || routes!(events::events),
    || routes!(summaries::events),
    || routes!(turns::interrupt),
    || routes!(requests::list),
    || routes!(rules::list),
    || routes!(rules::delete),
    || routes!(queue::list),
    || routes!(queue::send),
    || routes!(threads::new),
    || routes!(threads::resume),
    || routes!(threads::fork),
    || routes!(threads::revert),
    || routes!(threads::compact),
    || routes!(threads::review),
    || routes!(threads::name),
    || routes!(threads::list),
    || routes!(threads::read, threads::delete),
    || routes!(threads::archive),
    || routes!(threads::unarchive),
    || routes!(export::export),
    || routes!(diff::read),
    || routes!(files::list),
    || routes!(images::read),
    || routes!(uploads::get),
    || routes!(projects::list),
    || routes!(projects::status),
    || routes!(projects::trust),
];

/// Bodies with a text in them that may be long.
const TEXTS: &[Operation] = &[|| routes!(requests::answer), || routes!(queue::edit, queue::remove)];

/// Messages, and what they bring.
const TURNS: &[Operation] = &[|| routes!(turns::start)];

/// Images are no JSON: it reads its body itself.
const IMAGES: &[Operation] = &[|| routes!(uploads::add)];

/// Routes whose bodies are JSON, and at most so long.
fn limited(routes: Router<AppState>, max_bytes: usize) -> Router<AppState> {
    routes.route_layer(from_fn_with_state(BodyLimit(max_bytes), accept_body))
}

fn described(operation: Operation) -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(operation())
}

/// Serves them, with a look at the fields of their requests. Each description goes before the next one comes: all at once
/// they are megabytes.
fn served(operations: &[Operation]) -> Router<AppState> {
    operations.iter().fold(Router::new(), |router, operation| {
        let (routes, document) = described(*operation).split_for_parts();
        // Types of this crate can be written.
        let document = serde_json::to_value(document).unwrap_or_default();
        let fields = PathFields::new(&document);
        router.merge(routes.route_layer(from_fn_with_state(fields, check_fields)))
    })
}
