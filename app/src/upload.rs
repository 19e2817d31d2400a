//! Sending an image to the server. (Not one of the calls: its body is the image itself.)

use codex_gateway_wire::{UploadId, api::Upload};
use web_sys::Blob;

use crate::{browser::post, server_fns::ApiError};

/// Sends an image; its id.
pub(crate) async fn image(image: &Blob) -> Result<UploadId, ApiError> {
    let answer = post("/api/uploads", image, None, None).await?;
    serde_json::from_str(&answer)
        .map(|upload: Upload| upload.id)
        .map_err(|_| ApiError::of_reply(200, &answer))
}
