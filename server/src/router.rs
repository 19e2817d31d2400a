//! All routes of the gateway.

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state, map_request},
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
    body::{
        BodyLimit, MAX_BODY_BYTES, MAX_TEXT_BYTES, MAX_TURN_BYTES, check_body_headers, read_function_body,
    },
    compression::{compression, ignore_refused_identity},
    guard::guard,
    headers::default_headers,
    limits::limit,
    metrics::count_requests,
    openapi, pages,
    request_id::request_id,
    routes::{
        diff, docs, events, export, fallback, files, health, images, info, items, legacy, metrics, projects,
        queue, requests, rules, service_worker, sessions, sign_in, summaries, threads, turns, uploads,
    },
    state::AppState,
    unknown_fields::{PathFields, check_fields},
};

/// Builds the router. Only health checks, the browser files, the service worker and sign-in need no token.
pub fn router(state: AppState) -> Router {
    let public = with_field_checks(PUBLIC)
        .route("/service-worker.js", get(service_worker::script))
        .route("/sign-in", get(sign_in::redirect_to_page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .merge(base_path::router(&state.base_path))
        .merge(assets::router(&state));

    let api = legacy::PATHS
        .iter()
        .fold(with_field_checks(API), |api, path| api.route(path, any(legacy::gone)))
        .route("/api/{*rest}", any(fallback::not_found));
    let pages = pages::router(&state).route_layer(from_fn_with_state(state.clone(), read_function_body));

    // The last layer runs first. The body limits and methods of a path are revealed to authenticated callers
    // only.
    let protected = with_body_limit(api, MAX_BODY_BYTES)
        .merge(with_body_limit(with_field_checks(TEXTS), MAX_TEXT_BYTES))
        .merge(with_body_limit(with_field_checks(TURNS), MAX_TURN_BYTES))
        .merge(with_field_checks(IMAGES))
        .layer(compression())
        .layer(map_request(ignore_refused_identity))
        .merge(pages)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .route_layer(from_fn_with_state(state.clone(), limit))
        .route_layer(from_fn_with_state(state.clone(), authenticate));

    public
        .merge(protected)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(CatchPanicLayer::custom(fallback::panicked))
        .layer(from_fn_with_state(state.clone(), count_requests))
        .layer(from_fn(default_headers))
        .layer(from_fn(request_id))
        .with_state(state)
}

/// Returns the OpenAPI 3.2 document of all operations.
pub fn document() -> Value {
    openapi::document(
        [PUBLIC, API, TEXTS, TURNS, IMAGES]
            .into_iter()
            .flatten()
            .map(|operation| documented(*operation).into_openapi()),
    )
}

/// Returns the OpenAPI 3.1 document of all operations.
pub fn document_3_1() -> Value {
    openapi::in_version_3_1(document())
}

/// A handler with its OpenAPI description.
type Operation = fn() -> UtoipaMethodRouter<AppState>;

const PUBLIC: &[Operation] =
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

/// Operations with long texts in their bodies.
const TEXTS: &[Operation] = &[|| routes!(requests::answer), || routes!(queue::edit, queue::remove)];

/// Operations with messages in their bodies.
const TURNS: &[Operation] = &[|| routes!(turns::start)];

/// Images are not JSON. The handler reads the body itself.
const IMAGES: &[Operation] = &[|| routes!(uploads::add)];

/// Adds the check of JSON bodies, with a size limit.
fn with_body_limit(routes: Router<AppState>, max_bytes: usize) -> Router<AppState> {
    routes.route_layer(from_fn_with_state(BodyLimit(max_bytes), check_body_headers))
}

fn documented(operation: Operation) -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(operation())
}

/// Builds routes that check the fields of their requests. Each description is dropped before the next one is
/// built: together they are megabytes.
fn with_field_checks(operations: &[Operation]) -> Router<AppState> {
    operations.iter().fold(Router::new(), |router, operation| {
        let (routes, document) = documented(*operation).split_for_parts();
        // Serialising these types cannot fail.
        let document = serde_json::to_value(document).unwrap_or_default();
        let fields = PathFields::new(&document);
        router.merge(routes.route_layer(from_fn_with_state(fields, check_fields)))
    })
}
