//! Sending an image to the server. (Not a server function: its body is the image itself.)

use codex_gateway_wire::{UploadId, read_fields};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, RequestInit, Response};

use crate::server_fns::Failure;

/// What `POST /api/uploads` answers, either way.
#[derive(Default)]
struct Answer {
    id: UploadId,
    code: String,
    error: String,
}
read_fields!(Answer { id, code, error });

/// Sends an image; its id.
pub(crate) async fn image(image: &Blob) -> Result<UploadId, Failure> {
    let unreachable = |_| Failure { code: "unreachable".to_owned(), message: String::new() };
    let answer = send(image).await.map_err(unreachable)?;
    let answer: Answer = serde_json::from_str(&answer).unwrap_or_default();
    if answer.id.as_str().is_empty() {
        return Err(Failure { code: answer.code, message: answer.error });
    }
    Ok(answer.id)
}

async fn send(image: &Blob) -> Result<String, JsValue> {
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(image);
    let answer = leptos::prelude::window().fetch_with_str_and_init("/api/uploads", &request);
    let answer: Response = JsFuture::from(answer).await?.dyn_into()?;
    Ok(JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default())
}
