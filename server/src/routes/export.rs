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
    openapi::{error_groups::ReadThread, params::ThreadPath},
    state::AppState,
};

/// Maximum length of a file name without its extension, in bytes.
const MAX_FILE_NAME_BYTES: usize = 60;

/// Query of the export.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `markdown` or `json`.
    #[param(inline)]
    format: ExportFormat,
}

/// Export a whole thread as a file.
#[utoipa::path(
    get,
    path = "/api/threads/{id}/export",
    operation_id = "exportThread",
    tag = "Threads",
    params(ThreadPath, ExportQuery),
    responses((status = 200, description = "The file.", content((String = "text/markdown"), (Json = "application/json"))), ReadThread),
)]
pub async fn export(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Extension(expiry): Extension<Expiry>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Path(id) = id.map_err(|_| SessionError::ThreadNotFound)?;
    let Query(ExportQuery { format }) =
        query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let Export { title, pieces } = state.sessions.export(&owner, &id, format).await?;
    let (ending, kind) = match format {
        ExportFormat::Markdown => ("md", "text/markdown; charset=utf-8"),
        ExportFormat::Json => ("json", "application/json"),
    };
    let name = file_name(title.as_deref().unwrap_or_default());
    let mut response = Response::new(Body::from_stream(until_expired(expiry, pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{name}.{ending}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Yields the pieces of a file until the caller's token or browser session ends. Then the file ends with an
/// error, because otherwise it would look complete.
fn until_expired<E: Into<BoxError>>(
    expiry: Expiry,
    pieces: impl Stream<Item = Result<String, E>>,
) -> impl Stream<Item = Result<String, BoxError>> {
    stream! {
        let expired = expiry.expired();
        tokio::pin!(expired, pieces);
        loop {
            let next = tokio::select! {
                biased;
                () = &mut expired => Some(Err(ApiError::SignInEnded.into())),
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

/// Derives a file name from the title: ASCII letters and digits, separated by hyphens.
fn file_name(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        if name.len() + word.len() >= MAX_FILE_NAME_BYTES {
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
    async fn export_fails_when_sign_in_ends() {
        let signed_out = CancellationToken::new();
        let expiry = Expiry::new(None, signed_out.clone());
        let pieces = stream::repeat_with(|| Ok::<_, SessionError>("piece".to_owned()));
        let file = until_expired(expiry, pieces);
        tokio::pin!(file);
        assert_eq!(file.next().await.unwrap().unwrap(), "piece");
        signed_out.cancel();
        assert!(file.next().await.unwrap().is_err());
        assert!(file.next().await.is_none());
    }

    #[test]
    fn file_name_contains_only_safe_characters() {
        assert_eq!(file_name("Fix the `login` page: v2!"), "fix-the-login-page-v2");
        for title in ["", "你好", "../..", "\"\r\n", &"x".repeat(500)] {
            assert_eq!(file_name(title), "conversation", "{title}");
        }
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert!(file_name(&"word ".repeat(99)).len() <= MAX_FILE_NAME_BYTES);
    }
}
