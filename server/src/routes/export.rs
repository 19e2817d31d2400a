//! `GET /api/threads/{id}/export`: a whole thread as a file.

use async_stream::stream;
use axum::{
    BoxError, Extension,
    body::Body,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::Response,
};
use codex_gateway_engine::{Export, SessionError};
use codex_gateway_wire::{Json, api::ExportFormat};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::{Caller, Expiry},
    error::ApiError,
    openapi::{params::ThreadPath, refusals::ReadThread},
    state::AppState,
};

/// The longest name of a file, without its ending, in bytes.
const LONGEST_NAME: usize = 60;

/// What may be asked of an export.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `markdown` or `json`.
    #[param(inline)]
    format: ExportFormat,
}

/// All of a thread, as a file.
#[utoipa::path(
    get,
    path = "/api/threads/{id}/export",
    operation_id = "exportThread",
    tag = "Threads",
    params(ThreadPath, Asked),
    responses((status = 200, description = "The file.", content((String = "text/markdown"), (Json = "application/json"))), ReadThread),
)]
pub async fn export(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Extension(expiry): Extension<Expiry>,
    id: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let Query(Asked { format }) = asked.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let Export { title, pieces } = state.sessions.export(&owner, &id, format).await?;
    let (ending, kind) = match format {
        ExportFormat::Markdown => ("md", "text/markdown; charset=utf-8"),
        ExportFormat::Json => ("json", "application/json"),
    };
    let name = file_name(title.as_deref().unwrap_or_default());
    let mut response = Response::new(Body::from_stream(until_over(expiry, pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{name}.{ending}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The pieces of a file until the caller's token or sign-in ends. Then the file breaks off with an error: without one it
/// would look whole.
fn until_over<E: Into<BoxError>>(
    expiry: Expiry,
    pieces: impl Stream<Item = Result<String, E>>,
) -> impl Stream<Item = Result<String, BoxError>> {
    stream! {
        let over = expiry.over();
        tokio::pin!(over, pieces);
        loop {
            let next = tokio::select! {
                biased;
                () = &mut over => Some(Err(ApiError::SignInEnded.into())),
                next = pieces.next() => next.map(|piece| piece.map_err(Into::into)),
            };
            let Some(piece) = next else { return };
            let ends = piece.is_err();
            yield piece;
            if ends {
                return;
            }
        }
    }
}

/// A name for a file, of letters and digits with hyphens between, whatever the title holds.
fn file_name(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        if name.len() + word.len() >= LONGEST_NAME {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(&word.to_ascii_lowercase());
    }
    if name.is_empty() { "conversation".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn file_breaks_off_when_the_sign_in_ends() {
        let signed_out = CancellationToken::new();
        let expiry = Expiry::new(None, signed_out.clone());
        let pieces = stream::repeat_with(|| Ok::<_, SessionError>("piece".to_owned()));
        let file = until_over(expiry, pieces);
        tokio::pin!(file);
        assert_eq!(file.next().await.unwrap().unwrap(), "piece");
        signed_out.cancel();
        assert!(file.next().await.unwrap().is_err());
        assert!(file.next().await.is_none());
    }

    #[test]
    fn a_file_is_named_safely() {
        assert_eq!(file_name("Fix the `login` page: v2!"), "fix-the-login-page-v2");
        for title in ["", "你好", "../..", "\"\r\n", &"x".repeat(500)] {
            assert_eq!(file_name(title), "conversation", "{title}");
        }
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert!(file_name(&"word ".repeat(99)).len() <= LONGEST_NAME);
    }
}
