//! The pages: rendered by `codex-gateway-app`, with what it may reach put into its context.

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use codex_gateway_app::{PAGES, ServerContext, init_tasks, known_colours, load, shell};
use codex_gateway_wire::OwnerId;
use leptos::{nonce::Nonce, prelude::provide_context};
use leptos_axum::{handle_server_fns_with_context, render_app_async_with_context};
use tower_http::compression::CompressionLayer;

use crate::{assets, auth::Caller, headers::allow_page, state::AppState};

/// Shown while the browser files are missing.
const NOT_BUILT: &str = include_str!("not_built.html");

/// The pages, and the server functions that they call.
pub fn router(state: &AppState) -> Router<AppState> {
    init_tasks();
    let pages = PAGES
        .iter()
        .fold(Router::<AppState>::new(), |router, path| router.route(path, get(page)))
        .route_layer(from_fn_with_state(state.clone(), built))
        .layer(CompressionLayer::new());
    pages.route("/_fn/{*name}", post(function))
}

/// A page. What it begins with is read first, so that an unknown conversation is a real 404, and one whose session has
/// ended is found where it goes on.
async fn page(State(state): State<AppState>, Caller(owner): Caller, request: Request) -> Response {
    let context = context(&state, owner);
    let (status, loaded) = load(&context, request.uri().path()).await;
    if let Some(path) = loaded.moved_to() {
        return Redirect::temporary(&path).into_response();
    }
    let colours = known_colours(&context, &loaded).await;
    let nonce = Nonce::new();
    let for_page = nonce.clone();
    let provide = move || {
        provide_context(context.clone());
        provide_context(loaded.clone());
        provide_context(colours.clone());
        // In place of leptos' own, which nobody outside the page gets to know.
        provide_context(for_page.clone());
    };
    let render = render_app_async_with_context(provide, move || shell(state.leptos.clone()));
    let mut response = render(request).await;
    *response.status_mut() = status;
    allow_page(response.headers_mut(), &nonce);
    response
}

/// A server function.
async fn function(State(state): State<AppState>, Caller(owner): Caller, request: Request) -> Response {
    let context = context(&state, owner);
    handle_server_fns_with_context(move || provide_context(context.clone()), request).await.into_response()
}

/// What the app may reach: the sessions, for the one who asks.
fn context(state: &AppState, owner: OwnerId) -> ServerContext {
    ServerContext {
        sessions: state.sessions.clone(),
        owner,
        build_id: state.build_id.clone(),
        signs_in: state.auth.is_on(),
    }
}

/// Without the browser files a page could be read but not used: say how to build them instead.
async fn built(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if assets::are_built(&state.site) {
        return next.run(request).await;
    }
    (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()
}
