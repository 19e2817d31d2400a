//! Which names the gateway answers to, and which pages may use it: a website must never reach an agent.
//!
//! Host is checked against DNS rebinding (a foreign name that resolves to this machine), and so is the
//! `X-Forwarded-Host` of a trusted proxy: it never takes Host's place, because a page that was rebound to a loopback
//! address could send it as well. Origin, and where there is
//! none what the browser says in `Sec-Fetch-Site`, is checked against foreign pages: they may link here, and nothing
//! else. That holds for reading too: a stream that nobody can read would still count as a reader.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use crate::{
    error::ApiError,
    proxies::{forwarded_host, is_https},
    state::AppState,
};

/// How the page that a request comes from is related to us, in the browser's words.
pub(crate) const SITE: &str = "sec-fetch-site";

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

/// Middleware: refuses foreign names, and whatever foreign pages ask for.
///
/// # Errors
/// [`ApiError::BadHost`], [`ApiError::ForeignHost`], [`ApiError::ForeignOrigin`]
pub async fn guard(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    let asked = authority(headers, request.uri())?;
    let forwarded = forwarded_host(headers).map_err(|_| ApiError::BadHost)?;
    for name in [Some(asked), forwarded].into_iter().flatten() {
        if !state.guard.answers_to(name) {
            return Err(ApiError::ForeignHost(name.to_owned()));
        }
    }
    let public = forwarded.unwrap_or(asked);
    if !(is_own_page(headers, public) || is_link(request.method(), headers)) {
        return Err(ApiError::ForeignOrigin);
    }
    Ok(next.run(request).await)
}

/// Which name a request is for. A target with a name of its own (`GET http://…`) must agree with Host: what stands
/// before us may have looked at the one, and we at the other.
fn authority<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Result<&'a str, ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let host = host.map(|host| host.to_str().unwrap_or_default());
    match (host, uri.authority().map(Authority::as_str)) {
        _ if second.is_some() => Err(ApiError::BadHost),
        (Some(host), Some(target)) if !host.eq_ignore_ascii_case(target) => Err(ApiError::BadHost),
        (host, target) => host.or(target).ok_or(ApiError::BadHost),
    }
}

/// Whether a request comes from no page at all, or from one of ours.
fn is_own_page(headers: &HeaderMap, authority: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_some() {
        // TLS may end at a proxy that does not say so: without its word, both schemes are ours.
        let https = is_https(headers);
        return origins.all(|origin| {
            let own = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            own.is_some_and(|(scheme, own)| {
                (scheme == "https" || scheme == "http" && !https) && own == authority
            })
        });
    }
    headers.get(SITE).is_none_or(|site| site == "same-origin" || site == "none")
}

/// Whether somebody follows a link to us, into a window of its own: not into a frame of the page they came from.
fn is_link(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name, value| headers.get(name).is_some_and(|said| said == value);
    matches!(*method, Method::GET | Method::HEAD)
        && !headers.contains_key(header::ORIGIN)
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
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

    fn headers<const N: usize>(all: [(&'static str, &str); N]) -> HeaderMap {
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

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
        assert!(is_own_page(&HeaderMap::new(), "localhost:1317"));
        assert!(is_own_page(&headers([("origin", "http://localhost:1317")]), "localhost:1317"));
        assert!(is_own_page(&headers([("origin", "https://localhost:1317")]), "localhost:1317"));
        for foreign in
            ["null", "http://localhost", "http://localhost:1318", "http://evil.example", "file://", ""]
        {
            assert!(!is_own_page(&headers([("origin", foreign)]), "localhost:1317"), "{foreign}");
        }
        let two = headers([("origin", "http://localhost:1317"), ("origin", "http://evil.example")]);
        assert!(!is_own_page(&two, "localhost:1317"));
        let plain = headers([("origin", "http://localhost:1317"), ("x-forwarded-proto", "https")]);
        assert!(!is_own_page(&plain, "localhost:1317"), "whoever is on the way could have made that page");
        assert!(!is_own_page(&headers([(SITE, "cross-site")]), "localhost:1317"));
        assert!(is_own_page(&headers([(SITE, "none")]), "localhost:1317"));
    }

    #[test]
    fn a_foreign_page_may_link_here_and_not_embed_us() {
        let link = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(is_link(&Method::GET, &headers(link)));
        assert!(!is_link(&Method::POST, &headers(link)));
        assert!(!is_link(&Method::GET, &headers([link[0], ("sec-fetch-dest", "iframe")])));
        assert!(!is_link(&Method::GET, &headers([("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")])));
        assert!(!is_link(&Method::GET, &headers([link[0], link[1], ("origin", "null")])));
    }

    #[test]
    fn a_request_is_for_one_name() {
        let uri = |text: &'static str| Uri::from_static(text);
        let named = |hosts: &HeaderMap, target| authority(hosts, &uri(target)).map(str::to_owned).ok();
        assert_eq!(named(&headers([("host", "a:1")]), "/x").as_deref(), Some("a:1"));
        assert_eq!(named(&headers([]), "http://a:1/x").as_deref(), Some("a:1"));
        assert_eq!(named(&headers([("host", "A:1")]), "http://a:1/x").as_deref(), Some("A:1"));
        assert_eq!(named(&headers([("host", "a:1")]), "http://b:1/x"), None);
        assert_eq!(named(&headers([("host", "a"), ("host", "a")]), "/x"), None);
        assert_eq!(named(&headers([]), "/x"), None);
    }
}
