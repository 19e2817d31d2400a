//! Tokens: JWT, HS256, with `exp`; `sub` is whose it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codex_gateway_engine::config::Secret;
use codex_gateway_wire::OwnerId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 8 * 1024;
/// How far the clock of the machine that made a token may be ahead of ours.
const CLOCK_LEEWAY: Duration = Duration::from_mins(1);
/// What may stand around a token that was copied from somewhere.
const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
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

/// What a token says, as far as we read it. Times are in Unix seconds; fractions are allowed.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Option<String>,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    /// A number, or else nothing that tells a time.
    #[serde(default)]
    iat: Option<Value>,
}

impl Claims {
    /// When the token begins to be valid.
    fn from(&self) -> f64 {
        let iat = self.iat.as_ref().and_then(Value::as_f64);
        self.nbf.into_iter().chain(iat).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// What a token of ours says.
#[derive(Serialize)]
struct OurClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    exp: u64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no token, it has expired, or it is signed with another secret. Which of these is not told: that would help
    /// only those who guess.
    #[error("the token is not valid, or not any more")]
    Invalid,
    /// It is signed with our secret, and `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotValidYet,
}

/// Returns the token in what somebody has pasted: with the quotes of a shell or of JSON around it, or as the header that
/// has it.
pub fn pasted(text: &str) -> &str {
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
    /// Tokens that are signed with this secret.
    pub fn new(secret: &Secret) -> Self {
        // `exp` is required and checked by default; the algorithm is ours to choose, never the token's. `nbf` and `iat`
        // are checked below, because a token that is not valid yet is told so.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        Self { key: DecodingKey::from_secret(secret.expose().as_bytes()), validation }
    }

    /// Whom a token admits.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn read(&self, token: &str) -> Result<Admission, BadToken> {
        if token.len() > LONGEST {
            return Err(BadToken::Invalid);
        }
        let claims = decode::<Claims>(token, &self.key, &self.validation);
        let claims = claims.map_err(|_| BadToken::Invalid)?.claims;
        if claims.from() > (unix_now() + CLOCK_LEEWAY).as_secs_f64() {
            return Err(BadToken::NotValidYet);
        }
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
    use serde_json::json;

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
            assert_eq!(read(&bad), Err(BadToken::Invalid), "{}", &bad[..bad.len().min(80)]);
        }
    }

    #[test]
    fn token_of_a_clock_that_is_ahead_is_taken_within_the_leeway() {
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
        assert_eq!(read(&foreign), Err(BadToken::Invalid), "only those who may come in are told");
    }

    #[test]
    fn token_is_found_in_what_is_pasted() {
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
            assert_eq!(pasted(text), "a.b.c", "{text:?}");
        }
        for text in ["", "Bearer ", "\"\"", "日本語"] {
            assert!(!pasted(text).contains('.'), "{text:?}");
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
