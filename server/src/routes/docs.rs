//! `GET /api/openapi.json`, the same in OpenAPI 3.1, and `GET /api/docs`, which is the same for people. All are made when they are first asked for.

use std::sync::{LazyLock, OnceLock};

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use leptos::nonce::Nonce;
use serde_json::{Value, json};

use crate::{
    headers::allow_form,
    openapi::{page::Page, refusals::Call},
    router,
    state::AppState,
};

static JSON: LazyLock<Bytes> = LazyLock::new(|| router::document().to_string().into());
static JSON_3_1: LazyLock<Bytes> = LazyLock::new(|| router::document_3_1().to_string().into());
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
    // A program has one gateway, and that has one base path.
    static BELOW_ROOT: OnceLock<Bytes> = OnceLock::new();
    let json = match state.base_path.below_root() {
        Some(base) => BELOW_ROOT.get_or_init(|| below_root(base, router::document())).clone(),
        None => JSON.clone(),
    };
    ([(header::CONTENT_TYPE, "application/json")], json)
}

/// A document with the path that the gateway is served below.
fn below_root(base: &str, mut document: Value) -> Bytes {
    document["servers"] = json!([{ "url": base }]);
    document.to_string().into()
}

/// This document in OpenAPI 3.1, for generators of clients.
#[utoipa::path(
    get,
    path = "/api/openapi-3.1.json",
    operation_id = "getDocumentInVersion31",
    tag = "Gateway",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = codex_gateway_wire::Json), Call),
)]
pub async fn json_3_1(State(state): State<AppState>) -> impl IntoResponse {
    static BELOW_ROOT: OnceLock<Bytes> = OnceLock::new();
    let json = match state.base_path.below_root() {
        Some(base) => BELOW_ROOT.get_or_init(|| below_root(base, router::document_3_1())).clone(),
        None => JSON_3_1.clone(),
    };
    ([(header::CONTENT_TYPE, "application/json")], json)
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
