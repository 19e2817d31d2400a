//! JWT bearer tokens: HS256, with a required `exp`. `sub` is the owner.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codex_gateway_engine::config::Secret;
use codex_gateway_wire::OwnerId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Maximum length of a token, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far the clock of a token's issuer may be ahead.
const CLOCK_LEEWAY: Duration = Duration::from_mins(1);
/// Quotes that are removed around a pasted token.
const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
/// Minimum length of the secret, in bytes. A shorter one can be guessed, and with it valid tokens can be made.
pub const MIN_SECRET_BYTES: usize = 32;

/// Owner that a token or browser session authenticates, and its expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The owner.
    pub owner: OwnerId,
    /// When it expires, in wall-clock time, so that time asleep counts. `None` if the time cannot be
    /// represented, or if no sign-in is needed.
    pub until: Option<SystemTime>,
}

/// Verifies tokens that were signed with the secret.
pub struct Tokens {
    key: DecodingKey,
    validation: Validation,
}

/// Claims that are read from a token. Times are in Unix seconds, with optional fractions.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Option<String>,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    /// Only numbers count. Other values are ignored.
    #[serde(default)]
    iat: Option<Value>,
}

impl Claims {
    /// Returns the time from which the token is valid.
    fn valid_from(&self) -> f64 {
        let iat = self.iat.as_ref().and_then(Value::as_f64);
        self.nbf.into_iter().chain(iat).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Claims of a token that the gateway creates.
#[derive(Serialize)]
struct NewClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    exp: u64,
}

/// Reason why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// The token is malformed, expired, or signed with another secret. The reason is not revealed, because it
    /// would help attackers only.
    #[error("the token is not valid, or not any more")]
    Invalid,
    /// The token is signed correctly, but its `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotValidYet,
}

/// Extracts the token from pasted text. Removes quotes, and the name and scheme of the `Authorization` header.
pub fn extract_token(text: &str) -> &str {
    let mut rest = text;
    loop {
        let before = rest;
        rest = rest.trim_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        for prefix in ["authorization:", "bearer "] {
            let (head, tail) = rest.split_at_checked(prefix.len()).unwrap_or_default();
            if head.eq_ignore_ascii_case(prefix) {
                rest = tail;
            }
        }
        if rest == before {
            return rest;
        }
    }
}

impl Tokens {
    /// Creates a verifier for tokens that are signed with this secret.
    pub fn new(secret: &Secret) -> Self {
        // `exp` is required and checked by default. The algorithm is fixed, never taken from the token. `nbf`
        // and `iat` are checked below, because they have an error of their own.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        Self { key: DecodingKey::from_secret(secret.expose().as_bytes()), validation }
    }

    /// Verifies a token and returns its identity.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn verify(&self, token: &str) -> Result<Identity, BadToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BadToken::Invalid);
        }
        let claims = decode::<Claims>(token, &self.key, &self.validation);
        let claims = claims.map_err(|_| BadToken::Invalid)?.claims;
        if claims.valid_from() > (unix_now() + CLOCK_LEEWAY).as_secs_f64() {
            return Err(BadToken::NotValidYet);
        }
        let owner = claims.sub.filter(|sub| !sub.is_empty()).map_or_else(OwnerId::shared, OwnerId::from);
        Ok(Identity { owner, until: from_unix_seconds(claims.exp) })
    }
}

/// Creates a token that expires after `ttl`.
///
/// # Errors
/// If signing fails.
pub fn sign(
    secret: &Secret,
    sub: Option<&str>,
    ttl: Duration,
) -> Result<String, jsonwebtoken::errors::Error> {
    let claims = NewClaims { sub, exp: (unix_now() + ttl).as_secs() };
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.expose().as_bytes()))
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Converts Unix seconds. `None` if the time cannot be represented.
fn from_unix_seconds(unix: f64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(unix).ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn in_an_hour() -> u64 {
        (unix_now() + Duration::from_hours(1)).as_secs()
    }

    fn token(header: &Header, claims: &Value, secret: &str) -> String {
        encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn read(token: &str) -> Result<Identity, BadToken> {
        Tokens::new(&Secret::from("secret")).verify(token)
    }

    #[test]
    fn subject_is_owner() {
        let owner = |claims: &Value| read(&token(&Header::default(), claims, "secret")).unwrap().owner;
        assert_eq!(owner(&json!({ "sub": "ada", "exp": in_an_hour() })), OwnerId::from("ada"));
        assert_eq!(owner(&json!({ "exp": in_an_hour() })), OwnerId::shared());
    }

    #[test]
    fn invalid_tokens_are_refused() {
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
            assert_eq!(read(&bad), Err(BadToken::Invalid), "{}", &bad[..bad.len().min(80)]);
        }
    }

    #[test]
    fn future_nbf_or_iat_is_accepted_within_leeway() {
        let at = |seconds: i64| i64::try_from(unix_now().as_secs()).unwrap() + seconds;
        let of = |claims: &Value| read(&token(&Header::default(), claims, "secret")).err();
        let exp = in_an_hour();
        for claim in ["nbf", "iat"] {
            for taken in [-3600, 0, 30, 58] {
                assert_eq!(of(&json!({ "exp": exp, claim: at(taken) })), None, "{claim} {taken}");
            }
            let not_yet = of(&json!({ "exp": exp, claim: at(120) }));
            assert_eq!(not_yet, Some(BadToken::NotValidYet), "{claim}");
            let expired = of(&json!({ "exp": at(-1), claim: at(120) }));
            assert_eq!(expired, Some(BadToken::Invalid), "{claim}");
        }
        assert_eq!(of(&json!({ "exp": exp, "nbf": "soon" })), Some(BadToken::Invalid));
        assert_eq!(of(&json!({ "exp": exp, "iat": "2026-11-30" })), None);
        let foreign = token(&Header::default(), &json!({ "exp": exp, "nbf": at(120) }), "another secret");
        assert_eq!(read(&foreign), Err(BadToken::Invalid), "a foreign signature reveals no details");
    }

    #[test]
    fn token_is_extracted_from_pasted_text() {
        for text in [
            "a.b.c",
            " a.b.c\n",
            "Bearer a.b.c",
            "bearer  a.b.c",
            "\"a.b.c\"",
            "'a.b.c'",
            "“a.b.c”",
            "Bearer \"a.b.c\"",
            "\"Bearer a.b.c\"",
            "Authorization: Bearer a.b.c",
            "'authorization: bearer a.b.c'",
        ] {
            assert_eq!(extract_token(text), "a.b.c", "{text:?}");
        }
        for text in ["", "Bearer ", "\"\"", "日本語"] {
            assert!(!extract_token(text).contains('.'), "{text:?}");
        }
    }

    #[test]
    fn signed_token_is_verified() {
        let token = sign(&Secret::from("secret"), Some("ada"), Duration::from_hours(1)).unwrap();
        let Identity { owner, until } = read(&token).unwrap();
        assert_eq!(owner, OwnerId::from("ada"));
        let left = until.unwrap().duration_since(SystemTime::now()).unwrap();
        assert!(left > Duration::from_mins(59) && left <= Duration::from_hours(1), "{left:?}");
    }

    #[test]
    fn time_out_of_range_is_none() {
        assert_eq!(from_unix_seconds(1e30), None);
    }
}
