//! What a request says of the reply that it wants: how much of the session's state, and what the reply warns of.

use axum::{
    Json,
    extract::{FromRequestParts, Query},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use codex_gateway_wire::api::{SessionReply, StateDetail, TurnReply, WaitedReply};
use serde::{Deserialize, Serialize};

use crate::{error::ApiError, unknown_fields::Warnings};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const MINIMAL: &str = "return=minimal";

/// What a request says of the reply that it wants.
#[derive(Clone, Debug)]
pub struct ReplyOptions {
    /// Whether the state is to be lean.
    pub lean: bool,
    /// Whether the header asked for that.
    prefers: bool,
    warnings: Warnings,
}

impl<S: Send + Sync> FromRequestParts<S> for ReplyOptions {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct Asked {
            state: Option<StateDetail>,
        }
        let Query(Asked { state: detail }) =
            Query::try_from_uri(&parts.uri).map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
        let prefers = prefers_minimal(&parts.headers);
        let lean = detail.map_or(prefers, |detail| detail == StateDetail::None);
        let warnings = Warnings::from_request_parts(parts, state).await.unwrap_or_default();
        Ok(Self { lean, prefers: prefers && lean, warnings })
    }
}

impl ReplyOptions {
    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.list()
    }

    /// The reply, as it is wanted.
    pub fn json<T: HasSession + Serialize>(&self, mut reply: T) -> Response {
        let session = reply.session();
        session.warnings = self.warnings();
        if self.lean {
            session.state.make_lean();
        }
        self.mark(Json(reply).into_response())
    }

    /// Says in the head of a reply that the preference was followed.
    pub fn mark(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_name(PREFER));
        if self.prefers {
            headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(MINIMAL));
        }
        response
    }
}

/// A reply with the state of a session in it.
pub trait HasSession {
    /// That part of it.
    fn session(&mut self) -> &mut SessionReply;
}

impl HasSession for SessionReply {
    fn session(&mut self) -> &mut SessionReply {
        self
    }
}

impl HasSession for TurnReply {
    fn session(&mut self) -> &mut SessionReply {
        &mut self.session
    }
}

impl HasSession for WaitedReply {
    fn session(&mut self) -> &mut SessionReply {
        &mut self.reply.session
    }
}

/// Returns `true` if a `Prefer` header asks for a minimal reply (RFC 7240).
fn prefers_minimal(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let preferences = values.flat_map(|value| value.split(','));
    let mut returns = preferences.filter_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("return").then(|| value.trim().trim_matches('"'))
    });
    // The first one counts.
    returns.next().is_some_and(|value| value.eq_ignore_ascii_case("minimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimal_reply_is_asked_for_by_a_preference() {
        let prefers = |values: &[&'static str]| {
            let headers = values.iter().map(|value| (PREFER, HeaderValue::from_static(value)));
            prefers_minimal(&headers.collect())
        };
        assert!(prefers(&["return=minimal"]) && prefers(&["respond-async, Return = \"minimal\"; x=y"]));
        assert!(prefers(&["wait=10", "return=minimal"]));
        assert!(
            !prefers(&[]) && !prefers(&["minimal"]) && !prefers(&["return=representation, return=minimal"])
        );
    }
}
