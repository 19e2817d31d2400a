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
    http::{Extensions, Method},
    middleware::Next,
    response::Response,
};
use codex_gateway_wire::OwnerId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

pub use self::{address::Address, bodies::BodyPermit, forms::FormPermit, streams::StreamPlace};
use self::{bodies::Bodies, forms::Forms, streams::Streams};
use crate::{
    auth::{Auth, Caller},
    body::MAX_FORM_BYTES,
    error::ApiError,
    state::AppState,
};

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
            requests: Rate::new("requests", options.rate_requests),
            creates: Rate::new("new sessions", options.rate_creates),
            turns: Rate::new("turns", options.rate_turns),
            bad_tokens: Rate::new("bad tokens", options.rate_bad_tokens),
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
        check(self.bad_tokens.as_ref(), &address)
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
///
/// # Errors
/// [`ApiError::RateLimited`]
pub async fn limit(
    State(state): State<AppState>,
    Caller(owner): Caller,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let who = Who::of(&state.auth, &owner, &request);
    let Limits { requests, creates, turns, .. } = &*state.limits;
    check(requests.as_ref(), &who)?;
    let starts = Starts::of(request.method(), request.extensions(), request.uri().path());
    if starts.session {
        check(creates.as_ref(), &who)?;
    }
    if starts.turn {
        check(turns.as_ref(), &who)?;
    }
    request.extensions_mut().insert(who);
    Ok(next.run(request).await)
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
            (&Method::POST, "/_fn/start" | "/_fn/resume" | "/_fn/act") => Self { session: true, turn: true },
            _ => Self::default(),
        }
    }
}

/// So many in a minute, all of them at once if one likes.
struct Rate<K: Clone + std::hash::Hash + Eq> {
    what: &'static str,
    limiter: DefaultKeyedRateLimiter<K>,
}

impl<K: Clone + std::hash::Hash + Eq> Rate<K> {
    fn new(what: &'static str, per_minute: u32) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
        Some(Self { what, limiter: RateLimiter::keyed(quota) })
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

fn check<K: Clone + std::hash::Hash + Eq>(rate: Option<&Rate<K>>, key: &K) -> Result<(), ApiError> {
    let Some(Rate { what, limiter }) = rate else { return Ok(()) };
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        // Whole seconds, and never too few.
        ApiError::RateLimited { what, after: wait.as_secs() + 1 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<std::net::IpAddr>().unwrap().into()
    }

    #[test]
    fn one_who_asks_too_much_is_told_when_to_come_back() {
        let rate = Rate::new("turns", 2);
        let check = |who| check(rate.as_ref(), &address(who));
        assert!(check("192.0.2.1").is_ok() && check("192.0.2.1").is_ok());
        let Err(ApiError::RateLimited { what: "turns", after }) = check("192.0.2.1") else { panic!() };
        assert!((1..=31).contains(&after), "{after}");
        assert!(check("192.0.2.2").is_ok(), "others are not");
    }

    #[test]
    fn none_is_no_limit() {
        assert!(Rate::<Address>::new("turns", 0).is_none());
    }
}
