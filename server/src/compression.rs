//! Compression of replies that are JSON or text: as brotli or gzip, where the client takes it. Event streams are never
//! compressed, since an event would wait in the compressor for the next one.

use axum::{
    body::HttpBody,
    http::{Response, header},
};
use codex_gateway_wire::api::ErrorBody;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate},
};

/// The shortest body that is compressed, in bytes: below, little is gained.
const MIN_BYTES: u64 = 1024;
const COMPRESSED: [&str; 4] = ["application/json", "text/html", "text/markdown", "text/plain"];

/// Compresses the replies of the API. The level is the quickest: a reply is compressed on a thread that serves others too.
pub fn compression() -> CompressionLayer<IsWorthIt> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(IsWorthIt)
}

/// Whether a reply is compressed.
#[derive(Clone, Copy, Debug)]
pub struct IsWorthIt;

impl Predicate for IsWorthIt {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        // The body of an error is written again by the middleware that knows the request's id.
        if response.extensions().get::<ErrorBody>().is_some() {
            return false;
        }
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let is_long = response.body().size_hint().exact().is_none_or(|bytes| bytes >= MIN_BYTES);
        is_long && COMPRESSED.contains(&media_type)
    }
}
