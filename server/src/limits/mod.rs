//! How much one may ask for: requests, new sessions and turns in a minute; streams, and bytes of bodies, at the same
//! time.
//!
//! Per owner; per address where nobody signs in, and for tokens that are not good. Health and the browser files are
//! exempt: they do not come here.

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

pub use self::{address::Address, bodies::BodyPermit, forms::FormPermit, streams::StreamPlace};
use self::{bodies::Bodies, forms::Forms, streams::Streams};
use crate::{
    auth::{Auth, Caller},
    body::MAX_FORM_BYTES,
    error::ApiError,
    state::AppState,
};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How often those are forgotten who asked for nothing lately.
pub const SWEEP: Duration = Duration::from_mins(1);

/// How much one may ask for. 0 is as much as one likes.
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

    /// Connections open at the same time; beyond them, the oldest that no signed-in caller uses gives way
    #[arg(long, env = "CODEX_GATEWAY_MAX_CONNECTIONS", value_name = "N", default_value_t = 4096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Connections of one address that no signed-in caller uses, trusted proxies excepted; beyond them, the oldest gives
    /// way; 0: no limit
    #[arg(long, env = "CODEX_GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = 128)]
    pub max_connections_per_address: u32,

    /// How long a connection may wait for its next request: longer than a proxy keeps it for reuse
    #[arg(long, env = "CODEX_GATEWAY_KEEP_ALIVE_MS", value_name = "MS", default_value_t = 75_000,
          value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    pub keep_alive_ms: u64,
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody who has a token.
    Owner(OwnerId),
    /// An address that requests come from.
    Address(Address),
}

impl Who {
    /// The caller of a request. Where nobody signs in, all are one owner, and addresses tell them apart.
    pub fn of(auth: &Auth, owner: &OwnerId, request: &Request) -> Self {
        if auth.is_on() { Self::Owner(owner.clone()) } else { Self::Address(Address::of(request)) }
    }
}

/// Counts what is asked for.
pub struct Limits {
    requests: Option<Rate<Who>>,
    creates: Option<Rate<Who>>,
    turns: Option<Rate<Who>>,
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
    /// Nothing was asked for yet.
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

    /// Counts a token that is not good. Good ones are never refused for it: others may share the address.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`]
    pub fn bad_token(&self, address: Address) -> Result<(), ApiError> {
        let Some(rate) = &self.bad_tokens else { return Ok(()) };
        rate.count(&address).map(drop).map_err(|after| ApiError::RateLimited { what: rate.what, after })
    }

    /// A place for a stream, for as long as it is held.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`]
    pub fn stream(&self, who: Who) -> Result<StreamPlace, ApiError> {
        self.streams.open(who)
    }

    /// Room for a body of this length, for as long as it is held.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`], [`ApiError::TooManyBodies`]
    pub fn body(&self, who: Who, bytes: usize) -> Result<BodyPermit, ApiError> {
        self.bodies.reserve(who, bytes)
    }

    /// Counts a sign-in form that is about to be read, for as long as it is held.
    pub fn form(&self, address: Address) -> FormPermit {
        self.forms.begin(address)
    }

    /// How many bytes request bodies hold, or may come to hold.
    pub fn body_bytes(&self) -> usize {
        self.bodies.bytes() + self.forms.count() * MAX_FORM_BYTES
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> u64 {
        self.streams.count()
    }

    /// Forgets those who asked for nothing lately.
    pub fn sweep(&self) {
        for rate in [&self.requests, &self.creates, &self.turns].into_iter().flatten() {
            rate.sweep();
        }
        if let Some(rate) = &self.bad_tokens {
            rate.sweep();
        }
    }
}

/// Middleware, behind `authenticate`: counts a request, and what it starts.
/// Replies of the API tell what is left, also those that refuse with [`ApiError::RateLimited`].
pub async fn limit(
    State(state): State<AppState>,
    Caller(owner): Caller,
    mut request: Request,
    next: Next,
) -> Response {
    let who = Who::of(&state.auth, &owner, &request);
    let Limits { requests, creates, turns, .. } = &*state.limits;
    let starts = Starts::of(request.method(), request.extensions(), request.uri().path());
    let rates = [(requests, true), (creates, starts.session), (turns, starts.turn)];
    let is_call = request.uri().path().starts_with("/api/");
    let mut quotas = Quotas::default();
    let mut refusal = None;
    for rate in rates.into_iter().filter_map(|(rate, counts)| rate.as_ref().filter(|_| counts)) {
        match rate.count(&who) {
            Ok(left) => quotas.add(rate, left),
            Err(after) => {
                quotas.add(rate, Left { requests: 0, reset: after });
                refusal = Some(ApiError::RateLimited { what: rate.what, after });
                break;
            }
        }
    }
    let mut response = if let Some(refusal) = refusal {
        refusal.into_response()
    } else {
        request.extensions_mut().insert(who);
        next.run(request).await
    };
    if is_call {
        quotas.tell(response.headers_mut());
    }
    response
}

/// What a request starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Starts {
    session: bool,
    turn: bool,
}

impl Starts {
    fn of(method: &Method, extensions: &Extensions, path: &str) -> Self {
        // A pattern of the router, except for server functions, which share one.
        let route = extensions.get::<MatchedPath>().map_or(path, MatchedPath::as_str);
        let route = if route.starts_with("/_fn/") { path } else { route };
        match (method, route) {
            (&Method::POST, "/api/sessions" | "/api/sessions/{id}/thread/fork") => {
                Self { session: true, turn: false }
            }
            (
                &Method::POST,
                "/api/sessions/{id}/turn"
                | "/api/sessions/{id}/thread/compact"
                | "/api/sessions/{id}/thread/review"
                | "/_fn/send",
            ) => Self { session: false, turn: true },
            // What is done with a conversation is said in the body: it can be either.
            (&Method::POST, "/_fn/start" | "/_fn/resume" | "/_fn/fork-and-send" | "/_fn/act") => {
                Self { session: true, turn: true }
            }
            _ => Self::default(),
        }
    }
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    requests: u32,
    /// When all of it is there again if nothing is asked for; when one request is, if none is left. In seconds.
    reset: u64,
}

/// What a reply tells of the rates that its request was counted for, in the fields of
/// [draft-ietf-httpapi-ratelimit-headers](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/).
#[derive(Debug, Default)]
struct Quotas {
    policies: Vec<String>,
    left: Vec<String>,
}

impl Quotas {
    fn add<K: Key>(&mut self, rate: &Rate<K>, left: Left) {
        let Rate { name, per_minute, .. } = rate;
        self.policies.push(format!("\"{name}\";q={per_minute};w=60"));
        self.left.push(format!("\"{name}\";r={};t={}", left.requests, left.reset));
    }

    fn tell(&self, headers: &mut HeaderMap) {
        for (field, items) in [(RATE_LIMIT_POLICY, &self.policies), (RATE_LIMIT, &self.left)] {
            // Names and numbers are plain text.
            if let Some(value) = HeaderValue::try_from(items.join(", ")).ok().filter(|_| !items.is_empty()) {
                headers.insert(field, value);
            }
        }
    }
}

/// Whom a rate is counted for.
trait Key: Clone + std::hash::Hash + Eq {}
impl<K: Clone + std::hash::Hash + Eq> Key for K {}

/// So many in a minute, all of them at once if one likes.
struct Rate<K: Key> {
    /// Its name in headers.
    name: &'static str,
    /// What it counts, for people.
    what: &'static str,
    per_minute: u32,
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
}

impl<K: Key> Rate<K> {
    fn new(name: &'static str, what: &'static str, per_minute: u32) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Some(Self { name, what, per_minute, limiter })
    }

    /// Counts one. What is left after it; else when there is one again, in seconds.
    fn count(&self, key: &K) -> Result<Left, u64> {
        match self.limiter.check_key(key) {
            Ok(state) => {
                let requests = state.remaining_burst_capacity();
                let missing = u64::from(self.per_minute.saturating_sub(requests));
                Ok(Left { requests, reset: (missing * 60).div_ceil(u64::from(self.per_minute)) })
            }
            // Whole seconds, and never too few.
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
    fn one_who_asks_too_much_is_told_when_to_come_back() {
        let rate = Rate::new("turns", "turns", 2).unwrap();
        let count = |who| rate.count(&address(who));
        assert_eq!(count("192.0.2.1"), Ok(Left { requests: 1, reset: 30 }));
        assert_eq!(count("192.0.2.1"), Ok(Left { requests: 0, reset: 60 }));
        let after = count("192.0.2.1").unwrap_err();
        assert!((1..=31).contains(&after), "{after}");
        assert!(count("192.0.2.2").is_ok(), "others are not");
    }

    #[test]
    fn what_is_left_is_told_for_each_rate() {
        let mut quotas = Quotas::default();
        let requests = Rate::<Address>::new("requests", "requests", 6000).unwrap();
        let turns = Rate::<Address>::new("turns", "turns", 2).unwrap();
        quotas.add(&requests, Left { requests: 5999, reset: 1 });
        quotas.add(&turns, Left { requests: 0, reset: 30 });
        let mut headers = HeaderMap::new();
        quotas.tell(&mut headers);
        assert_eq!(headers[RATE_LIMIT_POLICY], r#""requests";q=6000;w=60, "turns";q=2;w=60"#);
        assert_eq!(headers[RATE_LIMIT], r#""requests";r=5999;t=1, "turns";r=0;t=30"#);
        let mut none = HeaderMap::new();
        Quotas::default().tell(&mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn none_is_no_limit() {
        assert!(Rate::<Address>::new("turns", "turns", 0).is_none());
    }
}
