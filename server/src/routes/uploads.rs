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
    uploads::{MAX_UPLOAD_BYTES, UploadContent},
};
use codex_gateway_wire::{
    UploadId,
    api::{ImageKind, Upload},
};
use tokio::time::timeout;

use crate::{
    auth::Caller,
    body::{media_type, read_body},
    error::ApiError,
    extract::idempotency_key,
    limits::CallerKey,
    openapi::{
        Binary,
        error_groups::{ReadImage, UploadImage},
        params::{IdempotencyHeader, UploadPath},
    },
    state::AppState,
};

/// How long an upload waits for concurrent ones. It occupies its connection meanwhile.
const SLOT_TIMEOUT: Duration = Duration::from_secs(30);
/// When to retry after that, in seconds.
const SLOT_RETRY_SECONDS: u64 = 5;
/// Policy of an image that is opened by itself: it may only be shown.
const IMAGE_POLICY: &str = "sandbox; default-src 'none'";
/// An upload never changes, and is visible to its owner only.
const IMAGE_CACHE_CONTROL: &str = "private, max-age=31536000, immutable";

/// Upload an image, for use in messages.
///
/// This is the only operation whose body is not JSON. Its `content-type` must be an image type or
/// `application/octet-stream`. Forms and simple requests of foreign pages cannot have these types. So browsers
/// send a preflight request first, which is refused. The kind of image is detected from its content.
#[utoipa::path(
    post,
    path = "/api/uploads",
    operation_id = "uploadImage",
    tag = "Files",
    params(IdempotencyHeader),
    request_body(content((Binary = "image/png"), (Binary = "image/jpeg"), (Binary = "image/gif"), (Binary = "image/webp"), (Binary = "application/octet-stream")), description = "The image."),
    responses((status = 200, description = "Its id, for messages.", body = Upload), UploadImage),
)]
pub async fn add(
    State(state): State<AppState>,
    Caller(owner): Caller,
    request: Request,
) -> Result<Json<Upload>, ApiError> {
    if !is_image_type(request.headers()) {
        return Err(ApiError::NoImageType);
    }
    let caller = CallerKey::of(&state.auth, &owner, &request);
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_UPLOAD_BYTES as u64 {
        return Err(ApiError::TooLarge(MAX_UPLOAD_BYTES));
    }
    let uploads = state.sessions.uploads();
    let slot = timeout(SLOT_TIMEOUT, uploads.acquire_permit(&owner)).await;
    let _slot = slot.map_err(|_| ApiError::TooManyBodies { retry_after: SLOT_RETRY_SECONDS })?;
    let (content, _permit) =
        read_body(body, MAX_UPLOAD_BYTES, |bytes| state.limits.reserve_body(caller, bytes)).await?;
    let key = idempotency_key(&http::Request::from_parts(parts, ()), &content)?;
    let (uploads, sender) = (uploads.clone(), owner.clone());
    let adding = async move { Ok(uploads.add(&sender, &content).await?) };
    Ok(Json(state.sessions.run_idempotent(&owner, key, adding).await?))
}

fn is_image_type(headers: &HeaderMap) -> bool {
    let declared = media_type(headers).to_ascii_lowercase();
    declared.starts_with("image/") || declared == "application/octet-stream"
}

/// Download an uploaded image.
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
    // A path that cannot be parsed names no image.
    let Path(id) = id.map_err(|_| UploadError::NotFound)?;
    let UploadContent { kind, bytes } = state.sessions.uploads().get(&owner, &id).await?;
    let kind = match kind {
        ImageKind::Png => "image/png",
        ImageKind::Jpeg => "image/jpeg",
        ImageKind::Gif => "image/gif",
        ImageKind::Webp => "image/webp",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, IMAGE_POLICY),
        (header::CACHE_CONTROL, IMAGE_CACHE_CONTROL),
    ];
    Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), bytes).into_response())
}
