//! `/api/uploads`: images for messages.

use std::time::Duration;

use axum::{
    Json,
    body::HttpBody,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use codex_gateway_engine::{
    UploadError,
    uploads::{Content, LARGEST},
};
use codex_gateway_wire::{
    UploadId,
    api::{ImageKind, Upload},
};
use tokio::time::timeout;

use crate::{
    auth::Caller,
    body::{media_type, read},
    error::ApiError,
    extract::request_key,
    limits::Who,
    openapi::{
        Binary,
        params::{OnceHeader, UploadPath},
        refusals::{ReadImage, SendImage},
    },
    state::AppState,
};

/// How long an image waits for others that are being sent. It holds its connection meanwhile.
const PLACE_TIMEOUT: Duration = Duration::from_secs(30);
/// When to send it again then, in seconds.
const PLACE_RETRY: u64 = 5;
/// What a browser may do with an image that it opens by itself: nothing but show it.
const POLICY: &str = "sandbox; default-src 'none'";
/// An upload never changes, and is its owner's alone.
const CACHE: &str = "private, max-age=31536000, immutable";

/// Send an image, for messages to bring.
///
/// It is the one route that takes another body than JSON. It must say that it is an image, or bytes: as with JSON, a
/// foreign page's form or simple request cannot (the types that those can have are text and forms), so that the
/// browser asks first, and is not answered. What kind of image it is, its content tells.
#[utoipa::path(
    post,
    path = "/api/uploads",
    operation_id = "uploadImage",
    tag = "Files",
    params(OnceHeader),
    request_body(content((Binary = "image/png"), (Binary = "image/jpeg"), (Binary = "image/gif"), (Binary = "image/webp"), (Binary = "application/octet-stream")), description = "The image."),
    responses((status = 200, description = "Its id, for messages.", body = Upload), SendImage),
)]
pub async fn add(
    State(state): State<AppState>,
    Caller(owner): Caller,
    request: Request,
) -> Result<Json<Upload>, ApiError> {
    if !says_image(request.headers()) {
        return Err(ApiError::NoImageType);
    }
    let who = Who::of(&state.auth, &owner, &request);
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(ApiError::TooLarge(LARGEST));
    }
    let uploads = state.sessions.uploads();
    let place = timeout(PLACE_TIMEOUT, uploads.place(&owner)).await;
    let _place = place.map_err(|_| ApiError::TooManyBodies { after: PLACE_RETRY })?;
    let (content, _permit) = read(body, LARGEST, |bytes| state.limits.body(who, bytes)).await?;
    let key = request_key(&http::Request::from_parts(parts, ()), &content)?;
    let (uploads, sender) = (uploads.clone(), owner.clone());
    let adding = async move { Ok(uploads.add(&sender, &content).await?) };
    Ok(Json(state.sessions.do_once(&owner, key, adding).await?))
}

fn says_image(headers: &HeaderMap) -> bool {
    let said = media_type(headers).to_ascii_lowercase();
    said.starts_with("image/") || said == "application/octet-stream"
}

/// An image that was sent.
#[utoipa::path(
    get,
    path = "/api/uploads/{id}",
    operation_id = "getImage",
    tag = "Files",
    params(UploadPath),
    responses((status = 200, description = "The image.", content((Binary = "image/png"), (Binary = "image/jpeg"), (Binary = "image/gif"), (Binary = "image/webp"))), ReadImage),
)]
pub async fn get(
    State(state): State<AppState>,
    Caller(owner): Caller,
    id: Result<Path<UploadId>, PathRejection>,
) -> Result<Response, ApiError> {
    // Whatever cannot be an id is the id of nothing.
    let Path(id) = id.map_err(|_| UploadError::NotFound)?;
    let Content { kind, bytes } = state.sessions.uploads().get(&owner, &id).await?;
    let kind = match kind {
        ImageKind::Png => "image/png",
        ImageKind::Jpeg => "image/jpeg",
        ImageKind::Gif => "image/gif",
        ImageKind::Webp => "image/webp",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, CACHE),
    ];
    Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), bytes).into_response())
}
