//! Reply options of a request: the amount of session state, and warnings about unknown fields.

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

/// Reply options of a request.
#[derive(Clone, Debug)]
pub struct ReplyOptions {
    /// `true` if the state is sent without its large parts.
    pub lean: bool,
    /// `true` if a `Prefer` header caused that.
    preference_applied: bool,
    warnings: Warnings,
}

impl<S: Send + Sync> FromRequestParts<S> for ReplyOptions {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct StateQuery {
            state: Option<StateDetail>,
        }
        let Query(StateQuery { state: detail }) =
            Query::try_from_uri(&parts.uri).map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
        let prefers = prefers_minimal(&parts.headers);
        let lean = detail.map_or(prefers, |detail| detail == StateDetail::None);
        let warnings = Warnings::from_request_parts(parts, state).await.unwrap_or_default();
        Ok(Self { lean, preference_applied: prefers && lean, warnings })
    }
}

impl ReplyOptions {
    /// Returns the warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.list()
    }

    /// Builds the JSON reply with these options.
    pub fn json<T: HasSession + Serialize>(&self, mut reply: T) -> Response {
        let session = reply.session();
        session.warnings = self.warnings();
        if self.lean {
            session.state.make_lean();
        }
        self.add_headers(Json(reply).into_response())
    }

    /// Adds `Vary`, and `Preference-Applied` if the preference was applied.
    pub fn add_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_name(PREFER));
        if self.preference_applied {
            headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(MINIMAL));
        }
        response
    }
}

/// Replies that contain the state of a session.
pub trait HasSession {
    /// Returns the session part of the reply.
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
    // The first preference counts.
    returns.next().is_some_and(|value| value.eq_ignore_ascii_case("minimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefer_header_requests_minimal_reply() {
        let preference_applied = |values: &[&'static str]| {
            let headers = values.iter().map(|value| (PREFER, HeaderValue::from_static(value)));
            prefers_minimal(&headers.collect())
        };
        assert!(
            preference_applied(&["return=minimal"])
                && preference_applied(&["respond-async, Return = \"minimal\"; x=y"])
        );
        assert!(preference_applied(&["wait=10", "return=minimal"]));
        assert!(
            !preference_applied(&[])
                && !preference_applied(&["minimal"])
                && !preference_applied(&["return=representation, return=minimal"])
        );
    }
}
