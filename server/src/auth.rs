//! Who is asking: a bearer token, the cookie of a sign-in, or everybody where no secret is set.
//!
//! This is the one place that turns a request into an [`OwnerId`]; everything behind it takes an owner.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use codex_gateway_app::{BasePath, TokenProblem};
use codex_gateway_engine::{Store, config::Secret, store::StoreError};
use codex_gateway_wire::OwnerId;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    connections::ConnectionHandle,
    cookie,
    error::ApiError,
    limits::{Address, Who},
    routes::sign_in,
    sign_ins::SignIns,
    state::AppState,
    tokens::{Admission, BadToken, Tokens},
};

/// How long a stream sleeps at most before it looks at the clock again.
const STEP: Duration = Duration::from_secs(30);

/// Who may come in.
pub struct Auth {
    /// Nothing where everybody may.
    door: Option<Door>,
    /// Where the cookie is.
    base_path: BasePath,
}

/// What admits somebody.
struct Door {
    tokens: Tokens,
    /// Who has signed in with a browser.
    sign_ins: SignIns,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("on", &self.is_on()).finish_non_exhaustive()
    }
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// They have no token, or the cookie of a sign-in that is over.
    NotSignedIn,
    /// Their token is not good, or they sent more than one.
    BadToken,
    /// Their token is good, and not yet.
    NotValidYet,
}

impl From<BadToken> for Refusal {
    fn from(error: BadToken) -> Self {
        match error {
            BadToken::Invalid => Self::BadToken,
            BadToken::NotValidYet => Self::NotValidYet,
        }
    }
}

impl Auth {
    /// Tokens signed with this secret, and the sign-ins of the store; or everybody without one.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(
        secret: Option<&Secret>,
        base_path: BasePath,
        store: &Store,
    ) -> Result<Self, StoreError> {
        let Some(secret) = secret else { return Ok(Self { door: None, base_path }) };
        let sign_ins = SignIns::open(store.clone(), secret).await?;
        Ok(Self { door: Some(Door { tokens: Tokens::new(secret), sign_ins }), base_path })
    }

    /// Whether a token is needed.
    pub fn is_on(&self) -> bool {
        self.door.is_some()
    }

    /// Who has signed in with a browser; nothing where nobody needs to.
    pub fn sign_ins(&self) -> Option<&SignIns> {
        self.door.as_ref().map(|door| &door.sign_ins)
    }

    /// Whom a token admits.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn read(&self, token: &str) -> Result<Admission, BadToken> {
        self.door.as_ref().map_or(Ok(everybody()), |door| door.tokens.read(token))
    }

    /// Whom a request admits. A token decides before a cookie does.
    fn admit(&self, headers: &HeaderMap, uri: &Uri) -> Result<(Admission, CancellationToken), Refusal> {
        let Some(door) = &self.door else { return Ok((everybody(), CancellationToken::new())) };
        if let Some(token) = one_token(headers, uri)? {
            return Ok((door.tokens.read(token)?, CancellationToken::new()));
        }
        cookie::values(&self.base_path, headers)
            .find_map(|id| door.sign_ins.find(id))
            .ok_or(Refusal::NotSignedIn)
    }
}

fn everybody() -> Admission {
    Admission { owner: OwnerId::shared(), until: None }
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

/// When the caller's token or sign-in ends, and with it whatever takes longer.
#[derive(Clone, Debug)]
pub struct Expiry {
    until: Option<SystemTime>,
    signed_out: CancellationToken,
}

impl Expiry {
    /// It ends at that time, or when this is cancelled.
    pub(crate) fn new(until: Option<SystemTime>, signed_out: CancellationToken) -> Self {
        Self { until, signed_out }
    }

    /// Waits for the end.
    pub async fn over(self) {
        let expired = async {
            match self.until {
                Some(until) => {
                    // In steps: sleeping counts the time that the machine was awake.
                    while let Some(left) =
                        until.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero())
                    {
                        sleep(left.min(STEP)).await;
                    }
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expired => {}
            () = self.signed_out.cancelled() => {}
        }
    }
}

/// Middleware: who is asking, or 401. Who asks for a page with a browser gets a form to sign in with.
///
/// A request whose token or sign-in ends before its reply begins gets 401 then, whatever it waits for: the end of a turn,
/// the first request with its key, the rest of its body. Replies that go on for longer end by themselves ([`Expiry`]).
pub async fn authenticate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match state.auth.admit(request.headers(), request.uri()) {
        Ok((Admission { owner, until }, signed_out)) => {
            if let Some(connection) = request.extensions().get::<ConnectionHandle>() {
                connection.sign_in(&Who::of(&state.auth, &owner, &request));
            }
            let expiry = Expiry::new(until, signed_out);
            let caller = Caller(owner);
            request.extensions_mut().insert(caller.clone());
            request.extensions_mut().insert(expiry.clone());
            let mut response = tokio::select! {
                biased; // What is done is told.
                response = next.run(request) => response,
                () = expiry.over() => ApiError::SignInEnded.into_response(),
            };
            // For the log.
            response.extensions_mut().insert(caller);
            response
        }
        Err(Refusal::BadToken) if let Err(too_many) = state.limits.bad_token(Address::of(&request)) => {
            too_many.into_response()
        }
        Err(refusal) if is_page(request.method(), request.uri()) => {
            let problem = (refusal == Refusal::NotValidYet).then_some(TokenProblem::NotValidYet);
            sign_in::form(&state.base_path, request.headers(), sign_in::Form::asking(request.uri(), problem))
        }
        Err(Refusal::NotValidYet) => ApiError::TokenNotValidYet.into_response(),
        Err(_) => ApiError::Unauthorized.into_response(),
    }
}

/// Whether a person would look at the answer.
fn is_page(method: &Method, uri: &Uri) -> bool {
    let is_call = ["/api", "/_fn"].iter().any(|prefix| {
        uri.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    matches!(*method, Method::GET | Method::HEAD) && !is_call
}

/// The token that a request carries, in its header or its query. Of two, another program may have looked at the other.
fn one_token<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Result<Option<&'a str>, Refusal> {
    let second = headers.get_all(header::AUTHORIZATION).iter().nth(1);
    let mut all = bearer_token(headers).into_iter().chain(query_tokens(uri));
    match (all.next(), all.next()) {
        _ if second.is_some() => Err(Refusal::BadToken),
        (_, Some(_)) => Err(Refusal::BadToken),
        (token, None) => Ok(token),
    }
}

/// The token in the header of a request. Another scheme is no business of ours: a proxy's own password, say.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The tokens in the query of an event stream, which an `EventSource` cannot send as a header.
fn query_tokens(uri: &Uri) -> impl Iterator<Item = &str> {
    let path = uri.path();
    let is_stream = path == "/api/events" || path.starts_with("/api/sessions/") && path.ends_with("/events");
    let query = uri.query().filter(|_| is_stream).unwrap_or_default();
    query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("access_token=").or_else(|| pair.strip_prefix("token=")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(all: [(&'static str, &'static str); N]) -> HeaderMap {
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn token<const N: usize>(
        all: [(&'static str, &'static str); N],
        uri: &str,
    ) -> Result<Option<String>, Refusal> {
        one_token(&headers(all), &uri.parse().unwrap()).map(|token| token.map(str::to_owned))
    }

    async fn auth(secret: Option<&str>) -> Auth {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        Auth::open(secret.map(Secret::from).as_ref(), BasePath::default(), &store).await.unwrap()
    }

    #[tokio::test]
    async fn without_a_secret_everybody_is_one_owner() {
        let (admission, _) = auth(None).await.admit(&HeaderMap::new(), &Uri::from_static("/")).unwrap();
        assert_eq!(admission, Admission { owner: OwnerId::shared(), until: None });
    }

    #[tokio::test]
    async fn with_one_nobody_comes_in_without_a_token() {
        let auth = auth(Some("s")).await;
        let refused = |all: &HeaderMap| auth.admit(all, &Uri::from_static("/")).err();
        assert_eq!(refused(&HeaderMap::new()), Some(Refusal::NotSignedIn));
        assert_eq!(refused(&headers([("cookie", "codex-gateway=x")])), Some(Refusal::NotSignedIn));
        assert_eq!(refused(&headers([("authorization", "Bearer x")])), Some(Refusal::BadToken));
    }

    #[test]
    fn query_tokens_count_on_event_streams_only() {
        assert_eq!(token([], "/api/sessions/a/events?x=1&access_token=t"), Ok(Some("t".to_owned())));
        assert_eq!(token([], "/api/events?access_token=t"), Ok(Some("t".to_owned())));
        assert_eq!(token([], "/api/sessions/a/state?access_token=t"), Ok(None));
    }

    #[test]
    fn a_token_is_sent_once() {
        let bearer = ("authorization", "bearer t");
        assert_eq!(token([bearer], "/"), Ok(Some("t".to_owned())));
        assert_eq!(token([("authorization", "Basic t")], "/"), Ok(None));
        assert_eq!(token([bearer, bearer], "/"), Err(Refusal::BadToken));
        assert_eq!(token([bearer], "/api/sessions/a/events?token=t"), Err(Refusal::BadToken));
        assert_eq!(token([], "/api/sessions/a/events?token=t&access_token=t"), Err(Refusal::BadToken));
    }

    #[test]
    fn pages_are_for_people() {
        let is = |method, path: &'static str| is_page(&method, &Uri::from_static(path));
        assert!(is(Method::GET, "/") && is(Method::HEAD, "/c/x") && is(Method::GET, "/apiary"));
        assert!(
            !is(Method::GET, "/api/sessions") && !is(Method::POST, "/_fn/home") && !is(Method::POST, "/")
        );
    }
}
