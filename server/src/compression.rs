//! Compression of JSON and text replies with brotli or gzip. Event streams are never compressed, because an
//! event would wait in the compressor for the next one.

use axum::{
    body::HttpBody,
    http::{Response, header},
};
use codex_gateway_wire::api::ErrorBody;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate},
};

/// Minimum body to compress, in bytes. Smaller ones gain little.
const MIN_BYTES: u64 = 1024;
const COMPRESSED_TYPES: [&str; 4] = ["application/json", "text/html", "text/markdown", "text/plain"];

/// Compresses the replies of the API. Uses the fastest level, because compression runs on an async worker.
pub fn compression() -> CompressionLayer<IsCompressible> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(IsCompressible)
}

/// Decides whether a reply is compressed.
#[derive(Clone, Copy, Debug)]
pub struct IsCompressible;

impl Predicate for IsCompressible {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        // The body of an error is rewritten by the `request_id` middleware.
        if response.extensions().get::<ErrorBody>().is_some() {
            return false;
        }
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let is_long = response.body().size_hint().exact().is_none_or(|bytes| bytes >= MIN_BYTES);
        is_long && COMPRESSED_TYPES.contains(&media_type)
    }
}
