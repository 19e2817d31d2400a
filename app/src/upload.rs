//! Uploads images. The request's body is the image itself, so this is not one of the server functions.

use codex_gateway_wire::{UploadId, api::Upload};
use web_sys::Blob;

use crate::server_fns::{ApiError, http};

/// Uploads an image and returns its id.
///
/// # Errors
/// Those of [`http::post`].
pub(crate) async fn image(image: &Blob) -> Result<UploadId, ApiError> {
    let response = http::post("/api/uploads", image, None, None).await?;
    serde_json::from_str(&response)
        .map(|upload: Upload| upload.id)
        .map_err(|_| ApiError::of_reply(200, &response))
}
