//! What handlers take from a request, each refusal a documented error.

use std::collections::HashMap;

use axum::{
    RequestPartsExt,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request},
    http::request::Parts,
};
use codex_gateway_engine::{RequestKey, Session, SessionError};
use codex_gateway_wire::SessionId;
use serde::de::DeserializeOwned;

use crate::{auth::Caller, body::read_json, error::ApiError, limits::BodyPermit, state::AppState};

/// A JSON body, which is read now. As an `Option`, an empty body is none, and so is `null`.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let body = <Self as OptionalFromRequest<AppState>>::from_request(request, state).await?;
        body.ok_or_else(ApiError::empty_body)
    }
}

impl<T: DeserializeOwned> OptionalFromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>, ApiError> {
        let (bytes, _permit) = read_json(request, state).await?;
        Ok(parse(&bytes)?.map(Self))
    }
}

fn parse<T: DeserializeOwned>(bytes: &Bytes) -> Result<Option<T>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    // A list would be read as an object's fields, in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::BadBody("the body is a list; it should be a JSON object".to_owned()));
    }
    let wrong = |error| ApiError::BadBody(format!("the body is not the JSON that is expected: {error}"));
    serde_json::from_slice(bytes).map_err(wrong)
}

/// The header with the key of a request that shall be done once.
const KEY: &str = "idempotency-key";

/// A JSON body, if there is one, and the key of the request, if it has one.
pub struct Keyed<T> {
    /// The key; it stands for path and body.
    pub key: Option<RequestKey>,
    /// The body.
    pub body: Option<T>,
    /// Room for the body: what it was parsed to is as large. Held until it is handed on.
    pub permit: BodyPermit,
}

impl<T: DeserializeOwned> FromRequest<AppState> for Keyed<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let mut keys = request.headers().get_all(KEY).iter();
        let given = match (keys.next(), keys.next()) {
            (given, None) => given.map(|key| key.to_str().unwrap_or_default().to_owned()),
            (_, Some(_)) => return Err(ApiError::BadKey),
        };
        let path = request.uri().path().to_owned();
        let (bytes, permit) = read_json(request, state).await?;
        let key = |key: String| RequestKey::new(&key, &[path.as_bytes(), &bytes]).ok_or(ApiError::BadKey);
        Ok(Self { key: given.map(key).transpose()?, body: parse(&bytes)?, permit })
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
