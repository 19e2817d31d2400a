//! Extractors of the handlers. Each rejection is a documented error.

use std::collections::HashMap;

use axum::{
    RequestPartsExt,
    body::{Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request},
    http::request::Parts,
};
use codex_gateway_engine::{IdempotencyKey, Session, SessionError};
use codex_gateway_wire::SessionId;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    auth::Caller, body::read_json, error::ApiError, limits::BodyPermit, state::AppState,
    unknown_fields::FieldCheck,
};

/// JSON body. As an `Option`, an empty body and `null` are `None`.
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
        let check = request.extensions().get::<FieldCheck>().cloned();
        let (bytes, _permit) = read_json(request, state).await?;
        Ok(parse(&bytes, check.as_ref())?.map(Self))
    }
}

fn parse<T: DeserializeOwned>(bytes: &Bytes, check: Option<&FieldCheck>) -> Result<Option<T>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    // serde would read a list as the fields of an object, in order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::BadBody("the body is a list; it should be a JSON object".to_owned()));
    }
    check.map_or(Ok(()), |check| check.check_body(bytes))?;
    let wrong = |error| ApiError::BadBody(format!("the body is not the JSON that is expected: {error}"));
    serde_json::from_slice(bytes).map_err(wrong)
}

/// Header of an idempotent request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Field of the body that only says how long to wait for the reply, and so does not count for the key.
const WAIT_FIELD: &str = "wait";

/// Returns the `Idempotency-Key` header of a request, if present.
fn key_header<B>(request: &http::Request<B>) -> Result<Option<String>, ApiError> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    match (keys.next(), keys.next()) {
        (given, None) => Ok(given.map(|key| key.to_str().unwrap_or_default().to_owned())),
        (_, Some(_)) => Err(ApiError::BadKey),
    }
}

/// Returns the idempotency key of a request whose body is not JSON or is empty.
///
/// # Errors
/// [`ApiError::BadKey`]
pub fn idempotency_key<B>(
    request: &http::Request<B>,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, ApiError> {
    let path = request.uri().path().as_bytes();
    let key = |key: String| IdempotencyKey::new(&key, &[path, body]).ok_or(ApiError::BadKey);
    key_header(request)?.map(key).transpose()
}

/// Extractor of operations without a body. If the request has one, its fields are reported as unknown.
pub struct NoBody {
    /// The idempotency key, if the request has one.
    pub key: Option<IdempotencyKey>,
}

impl FromRequest<AppState> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let key = idempotency_key(&request, &[])?;
        // Most requests have no body. They need no reservation, which may be unavailable.
        if request.body().is_end_stream() {
            return Ok(Self { key });
        }
        let check = request.extensions().get::<FieldCheck>().cloned();
        let (bytes, _permit) = read_json(request, state).await?;
        check.map_or(Ok(()), |check| check.check_body(&bytes))?;
        Ok(Self { key })
    }
}

/// Serialises a body in canonical form: without defaults and `null`, with sorted names. Equivalent bodies have
/// the same form. Returns `bytes` if the body has a number that JSON values cannot hold.
fn canonical_body<T: Serialize>(body: Option<&T>, bytes: &[u8]) -> Vec<u8> {
    let Ok(mut canonical) = serde_json::to_value(body) else { return bytes.to_vec() };
    if let Value::Object(members) = &mut canonical {
        members.remove(WAIT_FIELD);
        members.retain(|_, member| !member.is_null());
    }
    canonical.sort_all_objects();
    if canonical.is_null() { b"{}".to_vec() } else { canonical.to_string().into_bytes() }
}

/// An optional JSON body, and the idempotency key of the request.
pub struct IdempotentJson<T> {
    /// The key, if the request has one. It covers the path and the canonical body.
    pub key: Option<IdempotencyKey>,
    /// The body.
    pub body: Option<T>,
    /// Permit for the bytes of the body. The parsed body is about as large, so hold it until the body is handed
    /// on.
    pub permit: BodyPermit,
}

impl<T: DeserializeOwned + Serialize> FromRequest<AppState> for IdempotentJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let given = key_header(&request)?;
        let path = request.uri().path().to_owned();
        let check = request.extensions().get::<FieldCheck>().cloned();
        let (bytes, permit) = read_json(request, state).await?;
        let body = parse(&bytes, check.as_ref())?;
        let key = |key: String| {
            IdempotencyKey::new(&key, &[path.as_bytes(), &canonical_body(body.as_ref(), &bytes)])
                .ok_or(ApiError::BadKey)
        };
        Ok(Self { key: given.map(key).transpose()?, body, permit })
    }
}

/// The session of the path's `{id}`. Rejects sessions of other owners.
pub struct OwnedSession(pub Session);

impl FromRequestParts<AppState> for OwnedSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Caller(owner) = Caller::from_request_parts(parts, state).await?;
        // A path that cannot be parsed names no session.
        let Path(mut names) =
            parts.extract::<Path<HashMap<String, String>>>().await.map_err(|_| SessionError::NotFound)?;
        let id = names.remove("id").ok_or(SessionError::NotFound)?;
        Ok(Self(state.sessions.get(&owner, &SessionId::from(id)).await?))
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::api::{CreateSession, StartTurn};

    use super::*;

    fn turn(json: &str) -> Vec<u8> {
        canonical_body(Some(&serde_json::from_str::<StartTurn>(json).unwrap()), json.as_bytes())
    }

    #[test]
    fn equivalent_bodies_have_one_canonical_form() {
        let plain = turn(r#"{"prompt":"Hi","outputSchema":{"type":"object","title":"x"}}"#);
        for same in [
            r#"{ "outputSchema" : {"title":"x", "type":"object"}, "prompt":"H\u0069" }"#,
            r#"{"prompt":"Hi","outputSchema":{"type":"object","title":"x"},"wait":30,"whenBusy":"reject","model":null}"#,
        ] {
            assert_eq!(turn(same), plain, "{same}");
        }
        for other in [r#"{"prompt":"Hi"}"#, r#"{"prompt":"Hi","outputSchema":{"type":"object","title":"y"}}"#]
        {
            assert_ne!(turn(other), plain, "{other}");
        }
        let nothing = canonical_body::<CreateSession>(None, b"");
        assert_eq!(canonical_body(Some(&CreateSession::default()), b"{}"), nothing);
        let titled = CreateSession { title: Some("x".to_owned()), ..CreateSession::default() };
        assert_ne!(canonical_body(Some(&titled), b""), nothing);
    }
}
