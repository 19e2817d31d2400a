//! What handlers take from a request, each refusal a documented error.

use std::collections::HashMap;

use axum::{
    RequestPartsExt,
    body::{Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request},
    http::request::Parts,
};
use codex_gateway_engine::{RequestKey, Session, SessionError};
use codex_gateway_wire::SessionId;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    auth::Caller, body::read_json, error::ApiError, limits::BodyPermit, state::AppState,
    unknown_fields::FieldCheck,
};

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
        let check = request.extensions().get::<FieldCheck>().cloned();
        let (bytes, _permit) = read_json(request, state).await?;
        Ok(parse(&bytes, check.as_ref())?.map(Self))
    }
}

fn parse<T: DeserializeOwned>(bytes: &Bytes, check: Option<&FieldCheck>) -> Result<Option<T>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    // A list would be read as an object's fields, in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::BadBody("the body is a list; it should be a JSON object".to_owned()));
    }
    check.map_or(Ok(()), |check| check.body(bytes))?;
    let wrong = |error| ApiError::BadBody(format!("the body is not the JSON that is expected: {error}"));
    serde_json::from_slice(bytes).map_err(wrong)
}

/// The header with the key of a request that shall be done once.
const KEY: &str = "idempotency-key";

/// A part of the body that says nothing of what is done, but how long the reply to it waits.
const WAIT: &str = "wait";

/// The `Idempotency-Key` of a request, if it has one.
fn key_of<B>(request: &http::Request<B>) -> Result<Option<String>, ApiError> {
    let mut keys = request.headers().get_all(KEY).iter();
    match (keys.next(), keys.next()) {
        (given, None) => Ok(given.map(|key| key.to_str().unwrap_or_default().to_owned())),
        (_, Some(_)) => Err(ApiError::BadKey),
    }
}

/// The key of a request whose body is not JSON, or that has none.
///
/// # Errors
/// [`ApiError::BadKey`]
pub fn request_key<B>(request: &http::Request<B>, body: &[u8]) -> Result<Option<RequestKey>, ApiError> {
    let path = request.uri().path().as_bytes();
    let key = |key: String| RequestKey::new(&key, &[path, body]).ok_or(ApiError::BadKey);
    key_of(request)?.map(key).transpose()
}

/// A request of an operation that takes no body. The fields of one that it has all the same are told as other unknown fields are.
pub struct NoBody {
    /// The key of the request, if it has one.
    pub key: Option<RequestKey>,
}

impl FromRequest<AppState> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let key = request_key(&request, &[])?;
        // Most have none: they need no room for a body either, of which there may be none left.
        if request.body().is_end_stream() {
            return Ok(Self { key });
        }
        let check = request.extensions().get::<FieldCheck>().cloned();
        let (bytes, _permit) = read_json(request, state).await?;
        check.map_or(Ok(()), |check| check.body(&bytes))?;
        Ok(Self { key })
    }
}

/// A body in the one form that all bodies with its meaning have: defaults and `null` are left out, names are sorted.
/// A body with a number that no program can hold means its `bytes`.
fn meaning<T: Serialize>(body: Option<&T>, bytes: &[u8]) -> Vec<u8> {
    let Ok(mut meaning) = serde_json::to_value(body) else { return bytes.to_vec() };
    if let Value::Object(members) = &mut meaning {
        members.remove(WAIT);
        members.retain(|_, member| !member.is_null());
    }
    meaning.sort_all_objects();
    if meaning.is_null() { b"{}".to_vec() } else { meaning.to_string().into_bytes() }
}

/// A JSON body, if there is one, and the key of the request, if it has one.
pub struct Keyed<T> {
    /// The key; it stands for the path and the meaning of the body.
    pub key: Option<RequestKey>,
    /// The body.
    pub body: Option<T>,
    /// Room for the body: what it was parsed to is as large. Held until it is handed on.
    pub permit: BodyPermit,
}

impl<T: DeserializeOwned + Serialize> FromRequest<AppState> for Keyed<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let given = key_of(&request)?;
        let path = request.uri().path().to_owned();
        let check = request.extensions().get::<FieldCheck>().cloned();
        let (bytes, permit) = read_json(request, state).await?;
        let body = parse(&bytes, check.as_ref())?;
        let key = |key: String| {
            RequestKey::new(&key, &[path.as_bytes(), &meaning(body.as_ref(), &bytes)]).ok_or(ApiError::BadKey)
        };
        Ok(Self { key: given.map(key).transpose()?, body, permit })
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

#[cfg(test)]
mod tests {
    use codex_gateway_wire::api::{CreateSession, StartTurn};

    use super::*;

    fn turn(json: &str) -> Vec<u8> {
        meaning(Some(&serde_json::from_str::<StartTurn>(json).unwrap()), json.as_bytes())
    }

    #[test]
    fn bodies_of_one_meaning_are_one_request() {
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
        let nothing = meaning::<CreateSession>(None, b"");
        assert_eq!(meaning(Some(&CreateSession::default()), b"{}"), nothing);
        let titled = CreateSession { title: Some("x".to_owned()), ..CreateSession::default() };
        assert_ne!(meaning(Some(&titled), b""), nothing);
    }
}
