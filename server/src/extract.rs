//! What handlers take from a request, each refusal a documented error.

use axum::{
    RequestPartsExt,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use codex_gateway_engine::{Session, SessionError};
use codex_gateway_wire::SessionId;
use serde::de::DeserializeOwned;

use crate::{auth::Caller, error::ApiError, state::AppState};

/// The largest body that is read, in bytes.
pub const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// A JSON body. As an `Option`, an empty body is none.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let body = <Self as OptionalFromRequest<AppState>>::from_request(request, state).await?;
        body.ok_or_else(|| ApiError::BadBody("the body is empty; it should be a JSON object".to_owned()))
    }
}

impl<T: DeserializeOwned> OptionalFromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>, ApiError> {
        let says_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(failure)
                if failure.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                ApiError::TooLarge(LARGEST_BODY)
            }
            other => ApiError::BadBody(format!("the body could not be read: {other}")),
        })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if !says_json {
            // A form that a foreign page submits cannot say this.
            return Err(ApiError::BadBody(
                "the body must say that it is JSON: content-type: application/json".into(),
            ));
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::BadBody(format!("the body is not the JSON that is expected: {error}"))
        })?;
        Ok(Some(Self(body)))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The session that the path's `{id}` names, if it is the caller's.
pub struct CallersSession(pub Session);

impl FromRequestParts<AppState> for CallersSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Caller(owner) = Caller::from_request_parts(parts, state).await?;
        // Whatever cannot be an id is the id of nothing.
        let Path(id) = parts.extract::<Path<String>>().await.map_err(|_| SessionError::NotFound)?;
        Ok(Self(state.sessions.get(&owner, &SessionId::from(id))?))
    }
}
