//! Compression of JSON and text replies with brotli or gzip. Event streams are never compressed, because an
//! event would wait in the compressor for the next one.

use axum::{
    body::HttpBody,
    http::{HeaderValue, Request, Response, header},
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

/// Middleware: ignores the refusals (`q=0`) of `identity` and `*` in `Accept-Encoding`.
///
/// If the client accepts no coding that the gateway has, the reply is not compressed. [`CompressionLayer`] would make its
/// status 406 after the handler has run: a message that was sent would look refused. RFC 9110, section 12.5.3, allows a
/// reply without coding, and no reply is lost by it.
pub async fn ignore_refused_identity<B>(mut request: Request<B>) -> Request<B> {
    let headers = request.headers_mut();
    let codings: Vec<&str> = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    if !codings.iter().any(|coding| refuses_identity(coding)) {
        return request;
    }
    let left: Vec<&str> = codings.into_iter().filter(|coding| !refuses_identity(coding)).collect();
    // The parts of a header value are a valid one.
    let left = HeaderValue::from_str(&left.join(", ")).ok().filter(|left| !left.is_empty());
    match left {
        Some(left) => drop(headers.insert(header::ACCEPT_ENCODING, left)),
        None => drop(headers.remove(header::ACCEPT_ENCODING)),
    }
    request
}

/// Returns `true` for `identity;q=0` and `*;q=0`.
fn refuses_identity(coding: &str) -> bool {
    let Some((name, weight)) = coding.split_once(';') else { return false };
    let name = name.trim();
    let weight = weight.trim().to_ascii_lowercase();
    let is_zero =
        |weight: &str| weight.starts_with('0') && weight[1..].bytes().all(|byte| matches!(byte, b'.' | b'0'));
    (name == "*" || name.eq_ignore_ascii_case("identity"))
        && weight.strip_prefix("q=").is_some_and(|weight| is_zero(weight.trim()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn refused_identity_is_ignored_and_other_codings_stay() {
        for (given, left) in [
            (&["*;q=0"][..], None),
            (&["identity;q=0"], None),
            (&["identity; Q=0.000, *;q=0"], None),
            (&["br, identity;q=0"], Some("br")),
            (&["zstd", "gzip;q=0.5, *; q=0"], Some("zstd, gzip;q=0.5")),
            (&["gzip;q=0"], Some("gzip;q=0")),
            (&["identity;q=0.1, *;q=1"], Some("identity;q=0.1, *;q=1")),
        ] {
            let mut request = Request::new(());
            for value in given {
                request.headers_mut().append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            let request = ignore_refused_identity(request).await;
            let all: Vec<_> = request.headers().get_all(header::ACCEPT_ENCODING).iter().collect();
            assert_eq!(all, left.into_iter().collect::<Vec<_>>(), "{given:?}");
        }
    }
}
