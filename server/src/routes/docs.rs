//! `GET /api/openapi.json`, the same in OpenAPI 3.1, and `GET /api/docs`, which is the same for people. All are made when they are first asked for.

use std::sync::LazyLock;

use axum::{
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use leptos::nonce::Nonce;

use crate::{
    headers::allow_form,
    openapi::{page::Page, refusals::Call},
    router,
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
pub async fn json() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], JSON.clone())
}

/// This document in OpenAPI 3.1, for generators of clients.
#[utoipa::path(
    get,
    path = "/api/openapi-3.1.json",
    operation_id = "getDocumentInVersion31",
    tag = "Gateway",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = codex_gateway_wire::Json), Call),
)]
pub async fn json_3_1() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], JSON_3_1.clone())
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
