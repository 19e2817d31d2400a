//! What handlers take from a request, each refusal a documented error.

use std::collections::HashMap;

use axum::{
    RequestPartsExt,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request},
    http::request::Parts,
};
use codex_gateway_engine::{Session, SessionError};
use codex_gateway_wire::SessionId;
use serde::de::DeserializeOwned;

use crate::{auth::Caller, error::ApiError, state::AppState};

/// A JSON body, which [`crate::body::json_body`] has let through. As an `Option`, an empty body is none.
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
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| ApiError::BadBody(format!("the body could not be read: {rejection}")))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::BadBody(format!("the body is not the JSON that is expected: {error}"))
        })?;
        Ok(Some(Self(body)))
    }
}

/// The session that the path's `{id}` names, if it is the caller's.
pub struct CallersSession(pub Session);

impl FromRequestParts<AppState> for CallersSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Caller(owner) = Caller::from_request_parts(parts, state).await?;
        // Whatever cannot be an id is the id of nothing.
        let Path(mut names) =
            parts.extract::<Path<HashMap<String, String>>>().await.map_err(|_| SessionError::NotFound)?;
        let id = names.remove("id").ok_or(SessionError::NotFound)?;
        Ok(Self(state.sessions.get(&owner, &SessionId::from(id)).await?))
    }
}
