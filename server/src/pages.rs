//! The pages: rendered by `codex-gateway-app`, with what it may reach put into its context.

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use codex_gateway_app::{PAGES, ServerContext, init_tasks, shell};
use http::request::Parts;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{handle_server_fns_with_context, render_app_async_with_context};
use tower_http::compression::CompressionLayer;

use crate::{
    assets,
    auth::Caller,
    state::{AppState, BUILD_ID},
};

/// Shown while the browser files are missing.
const NOT_BUILT: &str = include_str!("not_built.html");

/// The pages, and the server functions that they call.
pub fn router(state: &AppState) -> Router<AppState> {
    init_tasks();
    let context = provide(state.clone());
    let functions = {
        let context = context.clone();
        post(move |request: Request| handle_server_fns_with_context(context, request))
    };
    let options = state.leptos.clone();
    // Rendered whole before the first byte, so that an unknown conversation is a real 404.
    let page = get(render_app_async_with_context(context, move || shell(options.clone())));
    let pages = PAGES
        .iter()
        .fold(Router::<AppState>::new(), |router, path| router.route(path, page.clone()))
        .route_layer(from_fn_with_state(state.clone(), built))
        .layer(CompressionLayer::new());
    pages.route("/_fn/{*name}", functions)
}

/// Puts what the app may reach into its context: the sessions, and who is asking. A request that did not
/// pass `authenticate` has no owner, and so no context.
fn provide(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        let caller = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned());
        if let Some(Caller(owner)) = caller {
            provide_context(ServerContext { sessions: state.sessions.clone(), owner, build_id: BUILD_ID });
        }
    }
}

/// Without the browser files a page could be read but not used: say how to build them instead.
async fn built(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if assets::are_built(&state.leptos.site_root) {
        return next.run(request).await;
    }
    (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()
}
