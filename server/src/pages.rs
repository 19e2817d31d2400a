//! The pages and server functions of `codex-gateway-app`.

use std::{convert::Infallible, panic::resume_unwind};

use async_stream::stream;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{StatusCode, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use codex_gateway_app::{
    BasePath, ChunkFiles, PAGES, PageData, RenderBudget, ServerContext, init_tasks, load_page,
    page_highlights, shell,
};
use codex_gateway_wire::OwnerId;
use leptos::{config::LeptosOptions, nonce::Nonce, prelude::provide_context};
use leptos_axum::{handle_server_fns_with_context, render_app_async_with_context};
use tokio::{
    runtime::Handle,
    task::{JoinError, spawn_blocking, yield_now},
};
use tower_http::compression::CompressionLayer;

use crate::{assets, auth::Caller, headers::set_page_policy, rendering::MAX_PAGE_BYTES, state::AppState};

/// Page for a gateway without browser files.
const NOT_BUILT: &str = include_str!("not_built.html");

/// Returns the routes of the pages and of their server functions.
pub fn router(state: &AppState) -> Router<AppState> {
    init_tasks();
    let pages = PAGES
        .iter()
        .fold(Router::<AppState>::new(), |router, path| router.route(path, get(page)))
        .route_layer(from_fn_with_state(state.clone(), require_browser_files))
        .layer(CompressionLayer::new());
    pages.route("/_fn/{*name}", post(server_function))
}

/// Renders a page.
///
/// Its data is loaded first, so that an unknown conversation is a real 404, and one whose session has ended
/// redirects to its thread. A conversation that exceeds the limits of the
/// [`Renderer`](crate::rendering::Renderer) is omitted from its page, and loaded by the browser.
async fn page(State(state): State<AppState>, Caller(owner): Caller, request: Request) -> Response {
    let context = server_context(&state, owner);
    let (status, loaded) = load_page(&context, request.uri().path()).await;
    if let Some(path) = loaded.moved_to() {
        return Redirect::temporary(&state.base_path.address(&path)).into_response();
    }
    let (parts, _) = request.into_parts();
    let (base_path, chunks) = (state.base_path.clone(), state.chunks.clone());
    let page = Page { context, base_path, chunks, parts, nonce: Nonce::new(), leptos: state.leptos.clone() };
    let rendered = if loaded.has_conversation() {
        let whole = page.clone();
        let runtime = Handle::current();
        let work = move |budget: &RenderBudget| runtime.block_on(whole.render(loaded, Some(budget.clone())));
        let rendered = state.renderer.run(work).await;
        if rendered.is_none() {
            tracing::warn!(
                path = page.parts.uri.path(),
                "the page is too large to render on the server; the browser loads its conversation"
            );
            page.clone().render_small(PageData::deferred()).await
        } else {
            rendered
        }
    } else {
        page.clone().render_small(loaded).await
    };
    let Some(html) = rendered else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = (status, Html(in_chunks(html))).into_response();
    set_page_policy(response.headers_mut(), &page.nonce);
    response
}

/// Inputs of a page's rendering.
#[derive(Clone)]
struct Page {
    context: ServerContext,
    base_path: BasePath,
    chunks: ChunkFiles,
    parts: Parts,
    nonce: Nonce,
    leptos: LeptosOptions,
}

impl Page {
    /// Renders a page without a conversation.
    async fn render_small(self, loaded: PageData) -> Option<Bytes> {
        let runtime = Handle::current();
        let work = spawn_blocking(move || runtime.block_on(self.render(loaded, None)));
        match work.await.map_err(JoinError::try_into_panic) {
            Ok(html) => html,
            Err(Ok(panic)) => resume_unwind(panic),
            // The runtime is shutting down.
            Err(Err(_)) => None,
        }
    }

    /// Renders the whole document. `None` if it exceeds [`MAX_PAGE_BYTES`].
    async fn render(self, loaded: PageData, budget: Option<RenderBudget>) -> Option<Bytes> {
        let Self { context, base_path, chunks, parts, nonce, leptos } = self;
        let highlights = page_highlights(&context, &loaded).await;
        let provide = move || {
            provide_context(context.clone());
            provide_context(base_path.clone());
            provide_context(chunks.clone());
            provide_context(loaded.clone());
            provide_context(highlights.clone());
            if let Some(budget) = &budget {
                provide_context(budget.clone());
            }
            // Replaces leptos' own nonce, which is not accessible outside of the page.
            provide_context(nonce.clone());
        };
        let render = render_app_async_with_context(provide, move || shell(leptos.clone()));
        let response = render(Request::from_parts(parts, Body::empty())).await;
        to_bytes(response.into_body(), MAX_PAGE_BYTES).await.ok()
    }
}

/// Splits a body into chunks that are compressed one by one. Between them, other tasks may run.
fn in_chunks(mut html: Bytes) -> Body {
    const CHUNK: usize = 32 * 1024;
    Body::from_stream(stream! {
        while !html.is_empty() {
            yield Ok::<_, Infallible>(html.split_to(html.len().min(CHUNK)));
            yield_now().await;
        }
    })
}

/// Handles a server function.
async fn server_function(State(state): State<AppState>, Caller(owner): Caller, request: Request) -> Response {
    let context = server_context(&state, owner);
    handle_server_fns_with_context(move || provide_context(context.clone()), request).await.into_response()
}

/// Returns the app's context for this caller.
fn server_context(state: &AppState, owner: OwnerId) -> ServerContext {
    ServerContext {
        sessions: state.sessions.clone(),
        owner,
        build_id: state.build_id.clone(),
        auth_enabled: state.auth.is_enabled(),
    }
}

/// Middleware: without browser files, replies with instructions to build them.
async fn require_browser_files(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if assets::are_built(&state.site) {
        return next.run(request).await;
    }
    (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()
}
