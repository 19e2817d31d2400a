//! `GET /api/openapi.json`, `GET /api/openapi-3.1.json` and `GET /api/docs`. All three are built on first use.

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
    headers::set_form_policy,
    openapi::{error_groups::Authenticated, page::Page},
    router,
    state::AppState,
};

static DOCUMENT: Document = Document::new(router::document);
static DOCUMENT_3_1: Document = Document::new(router::document_3_1);
static PAGE: LazyLock<Page> = LazyLock::new(|| Page::of(&router::document()));

/// The OpenAPI document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "getDocument",
    tag = "Gateway",
    responses((status = 200, description = "An OpenAPI 3.2 document.", body = codex_gateway_wire::Json), Authenticated),
)]
pub async fn json(State(state): State<AppState>) -> impl IntoResponse {
    DOCUMENT.response(&state)
}

/// An OpenAPI document, serialised on first use.
struct Document {
    build: fn() -> Value,
    json: OnceLock<Bytes>,
}

impl Document {
    const fn new(build: fn() -> Value) -> Self {
        Self { build, json: OnceLock::new() }
    }

    /// Returns the document. Its `servers` is the gateway's base path: a program has one gateway.
    fn response(&self, state: &AppState) -> impl IntoResponse + use<> {
        let json = self.json.get_or_init(|| {
            let mut document = (self.build)();
            if let Some(base) = state.base_path.below_root() {
                document["servers"] = json!([{ "url": base }]);
            }
            document.to_string().into()
        });
        ([(header::CONTENT_TYPE, "application/json")], json.clone())
    }
}

/// The OpenAPI document in version 3.1, for client generators.
#[utoipa::path(
    get,
    path = "/api/openapi-3.1.json",
    operation_id = "getDocumentInVersion31",
    tag = "Gateway",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = codex_gateway_wire::Json), Authenticated),
)]
pub async fn json_3_1(State(state): State<AppState>) -> impl IntoResponse {
    DOCUMENT_3_1.response(&state)
}

/// The OpenAPI document as a web page.
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "getDocumentForPeople",
    tag = "Gateway",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String), Authenticated),
)]
pub async fn page(headers: HeaderMap) -> Response {
    let nonce = Nonce::new();
    let mut response = Html(PAGE.render(&headers, &nonce)).into_response();
    set_form_policy(response.headers_mut(), &nonce);
    response
}
