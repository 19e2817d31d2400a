//! Tokens: JWT, HS256, with `exp`; `sub` is whose it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codex_gateway_engine::config::Secret;
use codex_gateway_wire::OwnerId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 8 * 1024;
/// A secret of fewer bytes can be guessed, and with it every token made.
pub const SHORTEST_SECRET: usize = 32;

/// Whom a token or a sign-in admits, and until when: for ever where none is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Whose it is.
    pub owner: OwnerId,
    /// When it ends, by the clock on the wall: a machine that slept has not stopped it. None if that is farther away
    /// than a clock can say.
    pub until: Option<SystemTime>,
}

/// Reads tokens that were signed with the secret.
pub struct Tokens {
    key: DecodingKey,
    validation: Validation,
}

/// What a token says, as far as we read it.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Option<String>,
    /// In Unix seconds; fractions are allowed.
    exp: f64,
}

/// What a token of ours says.
#[derive(Serialize)]
struct OurClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    exp: u64,
}

/// Why a token is refused: it is none, it is over, or somebody else signed it. (Which of these helps nobody who may
/// come in, and so is not said.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid, or not any more")]
pub struct BadToken;

impl Tokens {
    /// Tokens that are signed with this secret.
    pub fn new(secret: &Secret) -> Self {
        // `exp` is required and checked by default; the algorithm is ours to choose, never the token's.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        validation.validate_nbf = true;
        Self { key: DecodingKey::from_secret(secret.expose().as_bytes()), validation }
    }

    /// Whom a token admits.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn read(&self, token: &str) -> Result<Admission, BadToken> {
        if token.len() > LONGEST {
            return Err(BadToken);
        }
        let claims = decode::<Claims>(token, &self.key, &self.validation).map_err(|_| BadToken)?.claims;
        let owner = claims.sub.filter(|sub| !sub.is_empty()).map_or_else(OwnerId::shared, OwnerId::from);
        Ok(Admission { owner, until: moment(claims.exp) })
    }
}

/// Makes a token for somebody that is good for so long.
///
/// # Errors
/// If it cannot be signed.
pub fn sign(
    secret: &Secret,
    sub: Option<&str>,
    ttl: Duration,
) -> Result<String, jsonwebtoken::errors::Error> {
    let claims = OurClaims { sub, exp: (unix_now() + ttl).as_secs() };
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.expose().as_bytes()))
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A time in Unix seconds; none if it is farther away than a clock can say.
fn moment(unix: f64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(unix).ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn in_an_hour() -> u64 {
        (unix_now() + Duration::from_hours(1)).as_secs()
    }

    fn token(header: &Header, claims: &Value, secret: &str) -> String {
        encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn read(token: &str) -> Result<Admission, BadToken> {
        Tokens::new(&Secret::from("secret")).read(token)
    }

    #[test]
    fn the_subject_is_the_owner() {
        let owner = |claims: &Value| read(&token(&Header::default(), claims, "secret")).unwrap().owner;
        assert_eq!(owner(&json!({ "sub": "ada", "exp": in_an_hour() })), OwnerId::from("ada"));
        assert_eq!(owner(&json!({ "exp": in_an_hour() })), OwnerId::shared());
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
            assert_eq!(read(&bad), Err(BadToken), "{}", &bad[..bad.len().min(80)]);
        }
    }

    #[test]
    fn what_is_signed_here_is_read_here() {
        let token = sign(&Secret::from("secret"), Some("ada"), Duration::from_hours(1)).unwrap();
        let Admission { owner, until } = read(&token).unwrap();
        assert_eq!(owner, OwnerId::from("ada"));
        let left = until.unwrap().duration_since(SystemTime::now()).unwrap();
        assert!(left > Duration::from_mins(59) && left <= Duration::from_hours(1), "{left:?}");
    }

    #[test]
    fn a_time_beyond_all_clocks_is_none() {
        assert_eq!(moment(1e30), None);
    }
}
