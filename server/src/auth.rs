//! Authentication: a bearer token, the cookie of a browser session, or one shared owner if no secret is set.
//!
//! This is the only place that turns a request into an [`OwnerId`]. All code behind it takes an owner.

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
    browser_sessions::BrowserSessions,
    connections::ConnectionHandle,
    cookie,
    error::ApiError,
    limits::{Address, CallerKey},
    routes::sign_in,
    state::AppState,
    tokens::{BadToken, Identity, Tokens},
};

/// The longest sleep of a stream before it compares its expiry with the clock again.
const MAX_SLEEP: Duration = Duration::from_secs(30);

/// Authenticates requests.
pub struct Auth {
    /// `None` if no secret is set: then every caller is the shared owner.
    backend: Option<AuthBackend>,
    /// Base path of the gateway, which decides the name and the path of the cookie.
    base_path: BasePath,
}

/// Checks tokens and cookies.
struct AuthBackend {
    tokens: Tokens,
    /// Sessions of signed-in browsers.
    browser_sessions: BrowserSessions,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("on", &self.is_enabled()).finish_non_exhaustive()
    }
}

/// Reason why a request is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The request has no token, or the cookie of an unknown or expired browser session.
    NotSignedIn,
    /// The token is not valid, or the request has more than one.
    BadToken,
    /// The token is signed correctly, but is not valid yet.
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
    /// Creates the authentication for this secret, with the browser sessions from the store. Without a secret,
    /// every caller is the shared owner.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(
        secret: Option<&Secret>,
        base_path: BasePath,
        store: &Store,
    ) -> Result<Self, StoreError> {
        let Some(secret) = secret else { return Ok(Self { backend: None, base_path }) };
        let browser_sessions = BrowserSessions::open(store.clone(), secret).await?;
        Ok(Self { backend: Some(AuthBackend { tokens: Tokens::new(secret), browser_sessions }), base_path })
    }

    /// Returns `true` if a token or a cookie is needed.
    pub fn is_enabled(&self) -> bool {
        self.backend.is_some()
    }

    /// Returns the sessions of signed-in browsers. `None` if no sign-in is needed.
    pub fn browser_sessions(&self) -> Option<&BrowserSessions> {
        self.backend.as_ref().map(|backend| &backend.browser_sessions)
    }

    /// Verifies a token and returns its identity.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn verify(&self, token: &str) -> Result<Identity, BadToken> {
        self.backend.as_ref().map_or(Ok(shared_identity()), |backend| backend.tokens.verify(token))
    }

    /// Returns the identity of a request, and a token that is cancelled at sign-out. A bearer token takes
    /// precedence over a cookie.
    fn authenticate(&self, headers: &HeaderMap, uri: &Uri) -> Result<(Identity, CancellationToken), Refusal> {
        let Some(backend) = &self.backend else { return Ok((shared_identity(), CancellationToken::new())) };
        if let Some(token) = single_token(headers, uri)? {
            return Ok((backend.tokens.verify(token)?, CancellationToken::new()));
        }
        cookie::values(&self.base_path, headers)
            .find_map(|id| backend.browser_sessions.find(id))
            .ok_or(Refusal::NotSignedIn)
    }
}

fn shared_identity() -> Identity {
    Identity { owner: OwnerId::shared(), until: None }
}

/// Owner that a request is authenticated as. Extractor of every handler that touches a session.
#[derive(Clone, Debug)]
pub struct Caller(pub OwnerId);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // Fails closed: a route without the `authenticate` middleware has no caller.
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}

/// When the caller's token or browser session ends. Long replies end with it.
#[derive(Clone, Debug)]
pub struct Expiry {
    until: Option<SystemTime>,
    signed_out: CancellationToken,
}

impl Expiry {
    /// Expires at `until`, or when `signed_out` is cancelled.
    pub(crate) fn new(until: Option<SystemTime>, signed_out: CancellationToken) -> Self {
        Self { until, signed_out }
    }

    /// Completes when the token or browser session has ended.
    pub async fn expired(self) {
        let expired = async {
            match self.until {
                Some(until) => {
                    // Sleeps in steps, because the timer does not advance while the machine is suspended.
                    while let Some(left) =
                        until.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero())
                    {
                        sleep(left.min(MAX_SLEEP)).await;
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

/// Middleware: authenticates the request, or answers 401. A browser that requests a page gets the sign-in form.
///
/// If the token or browser session ends before the reply begins, the request gets 401 then. This includes
/// requests that wait for the end of a turn, for an earlier request with the same key, or for the rest of their
/// body. Longer replies end by themselves ([`Expiry`]).
pub async fn authenticate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match state.auth.authenticate(request.headers(), request.uri()) {
        Ok((Identity { owner, until }, signed_out)) => {
            if let Some(connection) = request.extensions().get::<ConnectionHandle>() {
                connection.sign_in(&CallerKey::of(&state.auth, &owner, &request));
            }
            let expiry = Expiry::new(until, signed_out);
            let caller = Caller(owner);
            request.extensions_mut().insert(caller.clone());
            request.extensions_mut().insert(expiry.clone());
            let mut response = tokio::select! {
                biased; // A finished reply wins over the expiry.
                response = next.run(request) => response,
                () = expiry.expired() => ApiError::SignInEnded.into_response(),
            };
            // Read by the `request_id` middleware, for the log.
            response.extensions_mut().insert(caller);
            response
        }
        Err(Refusal::BadToken) if let Err(too_many) = state.limits.count_bad_token(Address::of(&request)) => {
            too_many.into_response()
        }
        Err(refusal) if wants_page(request.method(), request.uri()) => {
            let problem = (refusal == Refusal::NotValidYet).then_some(TokenProblem::NotValidYet);
            sign_in::form_response(
                &state.base_path,
                request.headers(),
                sign_in::Form::for_page(request.uri(), problem),
            )
        }
        Err(Refusal::NotValidYet) => ApiError::TokenNotValidYet.into_response(),
        Err(_) => ApiError::Unauthorized.into_response(),
    }
}

/// Returns `true` if the reply is shown to a person: a page, not an API call or server function.
fn wants_page(method: &Method, uri: &Uri) -> bool {
    let is_call = ["/api", "/_fn"].iter().any(|prefix| {
        uri.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    matches!(*method, Method::GET | Method::HEAD) && !is_call
}

/// Returns the token of the header or the query. Two tokens are refused, because a proxy may have checked the
/// other one.
fn single_token<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Result<Option<&'a str>, Refusal> {
    let second = headers.get_all(header::AUTHORIZATION).iter().nth(1);
    let mut all = bearer_token(headers).into_iter().chain(query_tokens(uri));
    match (all.next(), all.next()) {
        _ if second.is_some() => Err(Refusal::BadToken),
        (_, Some(_)) => Err(Refusal::BadToken),
        (token, None) => Ok(token),
    }
}

/// Returns the bearer token of the `Authorization` header. Other schemes are ignored: they may belong to a
/// proxy.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the tokens in the query of an event stream. An `EventSource` cannot send headers.
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
        single_token(&headers(all), &uri.parse().unwrap()).map(|token| token.map(str::to_owned))
    }

    async fn auth(secret: Option<&str>) -> Auth {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        Auth::open(secret.map(Secret::from).as_ref(), BasePath::default(), &store).await.unwrap()
    }

    #[tokio::test]
    async fn caller_without_secret_is_shared_owner() {
        let (identity, _) = auth(None).await.authenticate(&HeaderMap::new(), &Uri::from_static("/")).unwrap();
        assert_eq!(identity, Identity { owner: OwnerId::shared(), until: None });
    }

    #[tokio::test]
    async fn caller_without_valid_token_is_refused() {
        let auth = auth(Some("s")).await;
        let refused = |all: &HeaderMap| auth.authenticate(all, &Uri::from_static("/")).err();
        assert_eq!(refused(&HeaderMap::new()), Some(Refusal::NotSignedIn));
        assert_eq!(refused(&headers([("cookie", "codex-gateway=x")])), Some(Refusal::NotSignedIn));
        assert_eq!(refused(&headers([("authorization", "Bearer x")])), Some(Refusal::BadToken));
    }

    #[test]
    fn query_token_is_accepted_for_event_streams_only() {
        assert_eq!(token([], "/api/sessions/a/events?x=1&access_token=t"), Ok(Some("t".to_owned())));
        assert_eq!(token([], "/api/events?access_token=t"), Ok(Some("t".to_owned())));
        assert_eq!(token([], "/api/sessions/a/state?access_token=t"), Ok(None));
    }

    #[test]
    fn second_token_in_request_is_refused() {
        let bearer = ("authorization", "bearer t");
        assert_eq!(token([bearer], "/"), Ok(Some("t".to_owned())));
        assert_eq!(token([("authorization", "Basic t")], "/"), Ok(None));
        assert_eq!(token([bearer, bearer], "/"), Err(Refusal::BadToken));
        assert_eq!(token([bearer], "/api/sessions/a/events?token=t"), Err(Refusal::BadToken));
        assert_eq!(token([], "/api/sessions/a/events?token=t&access_token=t"), Err(Refusal::BadToken));
    }

    #[test]
    fn api_and_server_function_paths_are_not_pages() {
        let is = |method, path: &'static str| wants_page(&method, &Uri::from_static(path));
        assert!(is(Method::GET, "/") && is(Method::HEAD, "/c/x") && is(Method::GET, "/apiary"));
        assert!(
            !is(Method::GET, "/api/sessions") && !is(Method::POST, "/_fn/home") && !is(Method::POST, "/")
        );
    }
}
