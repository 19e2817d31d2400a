//! Which names the gateway answers to, and which pages may use it: a website must never reach an agent.
//!
//! Host is checked against DNS rebinding (a foreign name that resolves to this machine), Origin against
//! foreign pages that send requests here.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};

use crate::{error::ApiError, state::AppState};

/// The names that the gateway answers to.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Whether only this machine can reach the gateway.
    loopback: bool,
    /// Further names that the operator allows, in lower case.
    allowed: Vec<String>,
}

impl Guard {
    /// The names for a bind address, and the operator's own.
    pub fn new(bind: IpAddr, allowed: &[String]) -> Self {
        let allowed =
            allowed.iter().map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        Self { loopback: bind.is_loopback(), allowed: allowed.collect() }
    }

    /// Whether a Host header is one of ours. An address cannot be rebound, so any will do where all can reach us.
    fn answers_to(&self, authority: &str) -> bool {
        let name = without_port(authority).to_ascii_lowercase();
        if name == "localhost" || self.allowed.contains(&name) {
            return true;
        }
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok_and(|address| !self.loopback || address.is_loopback())
    }
}

/// Middleware: refuses foreign names, and unsafe requests of foreign pages.
///
/// # Errors
/// [`ApiError::ForeignHost`], [`ApiError::ForeignOrigin`]
pub async fn guard(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let authority = host(&request).unwrap_or_default().to_owned();
    if !state.guard.answers_to(&authority) {
        return Err(ApiError::ForeignHost(authority));
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && !is_own_page(request.headers(), &authority) {
        return Err(ApiError::ForeignOrigin);
    }
    Ok(next.run(request).await)
}

fn host(request: &Request) -> Option<&str> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str))
}

/// Whether a request comes from no page at all, or from one of ours.
fn is_own_page(headers: &HeaderMap, authority: &str) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        // TLS may end at a proxy before us: the scheme can differ from what we see, the authority cannot.
        let own = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        return own.is_some_and(|(scheme, own)| matches!(scheme, "http" | "https") && own == authority);
    }
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of a bare IPv6 address are no ports.
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Guard {
        Guard::new([127, 0, 0, 1].into(), &["Gateway.Example ".to_owned()])
    }

    #[test]
    fn a_local_gateway_answers_to_local_names_and_those_allowed() {
        for own in [
            "localhost",
            "localhost:1317",
            "127.0.0.1:1317",
            "[::1]:1317",
            "gateway.example",
            "GATEWAY.example:80",
        ] {
            assert!(local().answers_to(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:1317",
            "localhost.evil.example",
            "192.0.2.7:1317",
            "127.0.0.1.evil.example",
        ] {
            assert!(!local().answers_to(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_open_gateway_answers_to_any_address_but_not_to_any_name() {
        let open = Guard::new([0, 0, 0, 0].into(), &[]);
        assert!(open.answers_to("192.0.2.7:1317") && open.answers_to("[2001:db8::1]"));
        assert!(!open.answers_to("evil.example"));
    }

    #[test]
    fn only_our_own_pages_may_act() {
        let headers = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
        };
        assert!(is_own_page(&HeaderMap::new(), "localhost:1317"));
        assert!(is_own_page(&headers("origin", "http://localhost:1317"), "localhost:1317"));
        assert!(is_own_page(&headers("origin", "https://localhost:1317"), "localhost:1317"));
        for foreign in
            ["null", "http://localhost", "http://localhost:1318", "http://evil.example", "file://", ""]
        {
            assert!(!is_own_page(&headers("origin", foreign), "localhost:1317"), "{foreign}");
        }
        assert!(!is_own_page(&headers("sec-fetch-site", "cross-site"), "localhost:1317"));
    }
}
