//! Limits: requests, new sessions and turns per minute; concurrent streams, and buffered bytes of bodies.
//!
//! They apply per owner, or per address without sign-in and for bad tokens. Health checks and the browser files
//! are exempt: their routes do not pass this middleware.

mod address;
mod bodies;
mod forms;
mod streams;

use std::{fmt, num::NonZeroU32, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use codex_gateway_wire::OwnerId;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

pub use self::{address::Address, bodies::BodyPermit, forms::FormPermit, streams::StreamPermit};
use self::{bodies::Bodies, forms::Forms, streams::Streams};
use crate::{
    auth::{Auth, Caller},
    body::MAX_FORM_BYTES,
    error::ApiError,
    state::AppState,
};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How often rate limiters forget idle keys.
pub const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Options of the limits. 0 means no limit.
#[derive(Clone, Debug, clap::Args)]
pub struct LimitOptions {
    /// Requests per minute and owner; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_RATE_REQUESTS", value_name = "N", default_value_t = 6000)]
    pub rate_requests: u32,

    /// New sessions per minute and owner; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_RATE_CREATES", value_name = "N", default_value_t = 240)]
    pub rate_creates: u32,

    /// Turns started per minute and owner; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_RATE_TURNS", value_name = "N", default_value_t = 1200)]
    pub rate_turns: u32,

    /// Bad tokens per minute and address; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_RATE_BAD_TOKENS", value_name = "N", default_value_t = 60)]
    pub rate_bad_tokens: u32,

    /// Event streams open at the same time, and requests that wait for a turn, per owner; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_MAX_STREAMS", value_name = "N", default_value_t = 256)]
    pub max_streams: u32,

    /// Maximum number of open connections; beyond it, the oldest without a signed-in caller is closed
    #[arg(long, env = "CODEX_GATEWAY_MAX_CONNECTIONS", value_name = "N", default_value_t = 4096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Maximum number of connections per address without a signed-in caller, trusted proxies excepted; beyond
    /// it, the oldest is closed; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = 128)]
    pub max_connections_per_address: u32,

    /// How long a connection may wait for its next request; should be longer than a proxy keeps it for reuse
    #[arg(long, env = "CODEX_GATEWAY_KEEP_ALIVE_MS", value_name = "MS", default_value_t = 75_000,
          value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    pub keep_alive_ms: u64,
}

/// Identifies the caller that limits are counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallerKey {
    /// A signed-in owner.
    Owner(OwnerId),
    /// Address of a client.
    Address(Address),
}

impl CallerKey {
    /// Returns the caller of a request. Without sign-in all callers are one owner, and are told apart by address.
    pub fn of(auth: &Auth, owner: &OwnerId, request: &Request) -> Self {
        if auth.is_enabled() { Self::Owner(owner.clone()) } else { Self::Address(Address::of(request)) }
    }
}

/// All limits of the gateway.
pub struct Limits {
    requests: Option<Rate<CallerKey>>,
    creates: Option<Rate<CallerKey>>,
    turns: Option<Rate<CallerKey>>,
    bad_tokens: Option<Rate<Address>>,
    streams: Streams,
    bodies: Bodies,
    forms: Forms,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    /// Creates limits from the options.
    pub fn new(options: &LimitOptions) -> Self {
        Self {
            requests: Rate::new("requests", "requests", options.rate_requests),
            creates: Rate::new("creates", "new sessions", options.rate_creates),
            turns: Rate::new("turns", "turns", options.rate_turns),
            bad_tokens: Rate::new("bad-tokens", "bad tokens", options.rate_bad_tokens),
            streams: Streams::new(options.max_streams),
            bodies: Bodies::default(),
            forms: Forms::default(),
        }
    }

    /// Counts a bad token of this address. Valid tokens are never refused for it, because clients may share an
    /// address.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`]
    pub fn count_bad_token(&self, address: Address) -> Result<(), ApiError> {
        let Some(rate) = &self.bad_tokens else { return Ok(()) };
        rate.count(&address)
            .map(drop)
            .map_err(|retry_after| ApiError::RateLimited { what: rate.what, retry_after })
    }

    /// Acquires a permit for a stream, or for a request that waits for a turn.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`]
    pub fn stream_permit(&self, caller: CallerKey) -> Result<StreamPermit, ApiError> {
        self.streams.acquire(caller)
    }

    /// Reserves bytes for a body.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`], [`ApiError::TooManyBodies`]
    pub fn reserve_body(&self, caller: CallerKey, bytes: usize) -> Result<BodyPermit, ApiError> {
        self.bodies.reserve(caller, bytes)
    }

    /// Acquires a permit to read a sign-in form. Displaces the oldest form at a limit.
    pub fn form_permit(&self, address: Address) -> FormPermit {
        self.forms.acquire(address)
    }

    /// Returns the bytes that request bodies and forms occupy at most.
    pub fn body_bytes(&self) -> usize {
        self.bodies.bytes() + self.forms.count() * MAX_FORM_BYTES
    }

    /// Returns the number of open streams.
    pub fn open_streams(&self) -> u64 {
        self.streams.count()
    }

    /// Forgets keys without recent requests.
    pub fn sweep(&self) {
        for rate in [&self.requests, &self.creates, &self.turns].into_iter().flatten() {
            rate.sweep();
        }
        if let Some(rate) = &self.bad_tokens {
            rate.sweep();
        }
    }
}

/// Middleware, after `authenticate`: counts a request, and what it starts. Replies of the API report the
/// remaining quotas, also if the request is refused with [`ApiError::RateLimited`].
pub async fn limit(
    State(state): State<AppState>,
    Caller(owner): Caller,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = CallerKey::of(&state.auth, &owner, &request);
    let Limits { requests, creates, turns, .. } = &*state.limits;
    let route = RouteKind::of(request.method(), request.extensions(), request.uri().path());
    let rates = [(requests, true), (creates, route.starts_session), (turns, route.starts_turn)];
    let is_call = request.uri().path().starts_with("/api/");
    let mut quotas = Quotas::default();
    let mut refusal = None;
    for rate in rates.into_iter().filter_map(|(rate, counts)| rate.as_ref().filter(|_| counts)) {
        match rate.count(&caller) {
            Ok(remaining) => quotas.add(rate, remaining),
            Err(retry_after) => {
                quotas.add(rate, Remaining { requests: 0, reset: retry_after });
                refusal = Some(ApiError::RateLimited { what: rate.what, retry_after });
                break;
            }
        }
    }
    let mut response = if let Some(refusal) = refusal {
        refusal.into_response()
    } else {
        request.extensions_mut().insert(caller);
        next.run(request).await
    };
    if is_call {
        quotas.write_headers(response.headers_mut());
    }
    response
}

/// Which rates a route counts for, besides requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RouteKind {
    starts_session: bool,
    starts_turn: bool,
}

impl RouteKind {
    fn of(method: &Method, extensions: &Extensions, uri_path: &str) -> Self {
        // Server functions share one route pattern, so their own path counts.
        let path = extensions.get::<MatchedPath>().map_or(uri_path, MatchedPath::as_str);
        let path = if path.starts_with("/_fn/") { uri_path } else { path };
        match (method, path) {
            (&Method::POST, "/api/sessions" | "/api/sessions/{id}/thread/fork") => {
                Self { starts_session: true, starts_turn: false }
            }
            (
                &Method::POST,
                "/api/sessions/{id}/turn"
                | "/api/sessions/{id}/thread/compact"
                | "/api/sessions/{id}/thread/review"
                | "/_fn/send",
            ) => Self { starts_session: false, starts_turn: true },
            // The body of these server functions decides, so they count for both.
            (&Method::POST, "/_fn/start" | "/_fn/resume" | "/_fn/fork-and-send" | "/_fn/act") => {
                Self { starts_session: true, starts_turn: true }
            }
            _ => Self::default(),
        }
    }
}

/// Remaining quota of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remaining {
    requests: u32,
    /// Seconds until the full quota is available again, or until the next request if none remains.
    reset: u64,
}

/// Quotas of the rates that a request was counted for, as the header fields of
/// [draft-ietf-httpapi-ratelimit-headers](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/).
#[derive(Debug, Default)]
struct Quotas {
    policies: Vec<String>,
    remaining: Vec<String>,
}

impl Quotas {
    fn add<K: LimitKey>(&mut self, rate: &Rate<K>, remaining: Remaining) {
        let Rate { name, per_minute, .. } = rate;
        self.policies.push(format!("\"{name}\";q={per_minute};w=60"));
        self.remaining.push(format!("\"{name}\";r={};t={}", remaining.requests, remaining.reset));
    }

    fn write_headers(&self, headers: &mut HeaderMap) {
        for (field, items) in [(RATE_LIMIT_POLICY, &self.policies), (RATE_LIMIT, &self.remaining)] {
            // Names and numbers are ASCII.
            if let Some(value) = HeaderValue::try_from(items.join(", ")).ok().filter(|_| !items.is_empty()) {
                headers.insert(field, value);
            }
        }
    }
}

/// Key of a rate limiter.
trait LimitKey: Clone + std::hash::Hash + Eq {}
impl<K: Clone + std::hash::Hash + Eq> LimitKey for K {}

/// A rate per minute. A burst may use all of it at once.
struct Rate<K: LimitKey> {
    /// Name in response headers.
    name: &'static str,
    /// Name in error messages.
    what: &'static str,
    per_minute: u32,
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
}

impl<K: LimitKey> Rate<K> {
    fn new(name: &'static str, what: &'static str, per_minute: u32) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Some(Self { name, what, per_minute, limiter })
    }

    /// Counts one request. Returns the remaining quota, or the seconds to wait as an error.
    fn count(&self, key: &K) -> Result<Remaining, u64> {
        match self.limiter.check_key(key) {
            Ok(state) => {
                let requests = state.remaining_burst_capacity();
                let missing = u64::from(self.per_minute.saturating_sub(requests));
                Ok(Remaining { requests, reset: (missing * 60).div_ceil(u64::from(self.per_minute)) })
            }
            // Rounded up to whole seconds.
            Err(not_until) => Err(not_until.wait_time_from(DefaultClock::default().now()).as_secs() + 1),
        }
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<std::net::IpAddr>().unwrap().into()
    }

    #[test]
    fn exceeded_rate_returns_retry_after_for_that_key_only() {
        let rate = Rate::new("turns", "turns", 2).unwrap();
        let count = |text| rate.count(&address(text));
        assert_eq!(count("192.0.2.1"), Ok(Remaining { requests: 1, reset: 30 }));
        assert_eq!(count("192.0.2.1"), Ok(Remaining { requests: 0, reset: 60 }));
        let retry_after = count("192.0.2.1").unwrap_err();
        assert!((1..=31).contains(&retry_after), "{retry_after}");
        assert!(count("192.0.2.2").is_ok(), "other keys are not limited");
    }

    #[test]
    fn rate_limit_headers_list_every_rate() {
        let mut quotas = Quotas::default();
        let requests = Rate::<Address>::new("requests", "requests", 6000).unwrap();
        let turns = Rate::<Address>::new("turns", "turns", 2).unwrap();
        quotas.add(&requests, Remaining { requests: 5999, reset: 1 });
        quotas.add(&turns, Remaining { requests: 0, reset: 30 });
        let mut headers = HeaderMap::new();
        quotas.write_headers(&mut headers);
        assert_eq!(headers[RATE_LIMIT_POLICY], r#""requests";q=6000;w=60, "turns";q=2;w=60"#);
        assert_eq!(headers[RATE_LIMIT], r#""requests";r=5999;t=1, "turns";r=0;t=30"#);
        let mut none = HeaderMap::new();
        Quotas::default().write_headers(&mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn rate_of_zero_is_unlimited() {
        assert!(Rate::<Address>::new("turns", "turns", 0).is_none());
    }
}
