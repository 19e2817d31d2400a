//! Who is asking: a bearer token (JWT, HS256, with `exp`), or everybody where no secret is set.
//!
//! This is the one place that turns a request into an [`OwnerId`]; everything behind it takes an owner.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Uri, header, request::Parts},
    middleware::Next,
    response::Response,
};
use codex_gateway_engine::config::Secret;
use codex_gateway_wire::OwnerId;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::{error::ApiError, state::AppState};

/// The longest token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 8 * 1024;

/// Who may come in.
pub struct Auth {
    key: Option<(DecodingKey, Validation)>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Option<String>,
    /// In Unix seconds; fractions are allowed.
    exp: f64,
}

/// Whom a token admits, and until when: for ever where none is needed.
struct Admission {
    owner: OwnerId,
    until: Option<Instant>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("on", &self.is_on()).finish()
    }
}

impl Auth {
    /// Tokens signed with this secret, or everybody without one.
    pub fn new(secret: Option<&Secret>) -> Self {
        let key = secret.map(|secret| {
            // `exp` is required and checked by default; the algorithm is ours to choose, never the token's.
            let mut validation = Validation::new(Algorithm::HS256);
            validation.leeway = 0;
            validation.validate_aud = false;
            (DecodingKey::from_secret(secret.expose().as_bytes()), validation)
        });
        Self { key }
    }

    /// Whether a token is needed.
    pub fn is_on(&self) -> bool {
        self.key.is_some()
    }

    /// Whom a token admits.
    fn admit(&self, token: Option<&str>) -> Result<Admission, ApiError> {
        let Some((key, validation)) = &self.key else {
            return Ok(Admission { owner: OwnerId::shared(), until: None });
        };
        let token = token.filter(|token| token.len() <= LONGEST_TOKEN).ok_or(ApiError::Unauthorized)?;
        let claims = decode::<Claims>(token, key, validation).map_err(|_| ApiError::Unauthorized)?.claims;
        let owner = claims.sub.filter(|sub| !sub.is_empty()).map_or_else(OwnerId::shared, OwnerId::from);
        Ok(Admission { owner, until: instant(claims.exp) })
    }
}

/// A time in Unix seconds on our own clock; none if it is farther away than that can say.
fn instant(unix: f64) -> Option<Instant> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::try_from_secs_f64(unix).ok()?.saturating_sub(now);
    Instant::now().checked_add(left)
}

/// Who is asking. Every handler that touches a session takes one.
#[derive(Clone, Debug)]
pub struct Caller(pub OwnerId);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // A route that does not pass `authenticate` has no caller: closed, not open.
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}

/// When the caller's token ends, and with it whatever takes longer.
#[derive(Clone, Copy, Debug)]
pub struct Expiry(pub Option<Instant>);

/// Middleware: who is asking, or 401.
///
/// # Errors
/// [`ApiError::Unauthorized`]
pub async fn authenticate(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let token = bearer(request.headers()).or_else(|| query_token(request.uri()));
    let Admission { owner, until } = state.auth.admit(token)?;
    request.extensions_mut().insert(Caller(owner));
    request.extensions_mut().insert(Expiry(until));
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The token in the query of an event stream, which an `EventSource` cannot send as a header.
fn query_token(uri: &Uri) -> Option<&str> {
    if !(uri.path().starts_with("/api/sessions/") && uri.path().ends_with("/events")) {
        return None;
    }
    uri.query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("access_token=").or_else(|| pair.strip_prefix("token=")))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;

    fn in_an_hour() -> u64 {
        (SystemTime::now() + Duration::from_hours(1)).duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    fn token(header: &Header, claims: &Value, secret: &str) -> String {
        encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn admit(token: &str) -> Result<Admission, ApiError> {
        Auth::new(Some(&Secret::from("secret"))).admit(Some(token))
    }

    fn owner(token: &str) -> Result<OwnerId, ApiError> {
        admit(token).map(|admission| admission.owner)
    }

    #[test]
    fn the_subject_is_the_owner() {
        let claims = json!({ "sub": "ada", "exp": in_an_hour() });
        assert_eq!(owner(&token(&Header::default(), &claims, "secret")).unwrap(), OwnerId::from("ada"));
        let claims = json!({ "exp": in_an_hour() });
        assert_eq!(owner(&token(&Header::default(), &claims, "secret")).unwrap(), OwnerId::shared());
    }

    #[test]
    fn other_tokens_are_refused() {
        let good = json!({ "sub": "ada", "exp": in_an_hour() });
        let hs384 = Header::new(Algorithm::HS384);
        for bad in [
            token(&Header::default(), &good, "another secret"),
            token(&Header::default(), &json!({ "sub": "ada" }), "secret"),
            token(&Header::default(), &json!({ "sub": "ada", "exp": 1000 }), "secret"),
            token(&hs384, &good, "secret"),
            // {"alg":"none"}
            format!(
                "eyJhbGciOiJub25lIn0.{}.",
                token(&Header::default(), &good, "secret").split('.').nth(1).unwrap()
            ),
            "x".repeat(1024 * 1024),
            String::new(),
        ] {
            assert!(matches!(owner(&bad), Err(ApiError::Unauthorized)), "{}", &bad[..bad.len().min(80)]);
        }
        assert!(matches!(Auth::new(Some(&Secret::from("s"))).admit(None), Err(ApiError::Unauthorized)));
    }

    #[test]
    fn a_token_admits_until_it_expires() {
        let until =
            |exp: Value| admit(&token(&Header::default(), &json!({ "exp": exp }), "secret")).unwrap().until;
        let left = until(json!(in_an_hour())).unwrap().duration_since(Instant::now());
        assert!(left > Duration::from_mins(59) && left <= Duration::from_hours(1), "{left:?}");
    }

    #[test]
    fn without_a_secret_everybody_is_one_owner() {
        let admission = Auth::new(None).admit(None).unwrap();
        assert_eq!((admission.owner, admission.until), (OwnerId::shared(), None));
    }

    #[test]
    fn query_tokens_count_on_event_streams_only() {
        assert_eq!(query_token(&"/api/sessions/a/events?x=1&access_token=t".parse().unwrap()), Some("t"));
        assert_eq!(query_token(&"/api/sessions/a/state?access_token=t".parse().unwrap()), None);
    }
}
