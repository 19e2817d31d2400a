//! `GET /api/openapi.json`, and `GET /api/docs`, which is the same for people. Both are made when they are first asked for.

use std::sync::{LazyLock, OnceLock};

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use leptos::nonce::Nonce;
use serde_json::json;

use crate::{
    headers::allow_form,
    openapi::{page::Page, refusals::Call},
    router,
    state::AppState,
};

static JSON: LazyLock<Bytes> = LazyLock::new(|| router::document().to_string().into());
static PAGE: LazyLock<Page> = LazyLock::new(|| Page::of(&router::document()));

/// This document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "getDocument",
    tag = "Gateway",
    responses((status = 200, description = "An OpenAPI 3.2 document.", body = codex_gateway_wire::Json), Call),
)]
pub async fn json(State(state): State<AppState>) -> impl IntoResponse {
    let json = state.base_path.below_root().map_or_else(|| JSON.clone(), at);
    ([(header::CONTENT_TYPE, "application/json")], json)
}

/// The document of a gateway that is served below a path.
fn at(base: &str) -> Bytes {
    // A program has one gateway.
    static JSON: OnceLock<Bytes> = OnceLock::new();
    let document = || {
        let mut document = router::document();
        document["servers"] = json!([{ "url": base }]);
        document.to_string().into()
    };
    JSON.get_or_init(document).clone()
}

/// This document, for people.
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "getDocumentForPeople",
    tag = "Gateway",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String), Call),
)]
pub async fn page(headers: HeaderMap) -> Response {
    let nonce = Nonce::new();
    let mut response = Html(PAGE.render(&headers, &nonce)).into_response();
    allow_form(response.headers_mut(), &nonce);
    response
}
