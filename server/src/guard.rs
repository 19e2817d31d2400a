//! Protection of the gateway from websites: checks of the request's host and origin.
//!
//! `Host` is checked against DNS rebinding, where a foreign name resolves to this machine. The
//! `X-Forwarded-Host` of a trusted proxy is checked too. It replaces an unknown `Host` only if the operator has
//! allowed that very name. A rebound page connects from a loopback address and could send the header as well,
//! but with `localhost` or an address it gets nowhere.
//!
//! `Origin`, or `Sec-Fetch-Site` without one, is checked against foreign pages. They may link here, and nothing
//! else. Reading is refused too, because a stream that the page cannot read would still count as a reader.

use std::{fmt, net::IpAddr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use crate::{
    error::ApiError,
    host::Host,
    proxies::{IgnoredHost, forwarded_host, is_https},
    state::AppState,
};

/// Header in which browsers say how the requesting page is related to the target.
pub(crate) const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Hosts that the gateway serves.
#[derive(Clone, Debug)]
pub struct HostGuard {
    /// `true` if the bind address is loopback.
    loopback: bool,
    /// Hosts that the operator allows, in lower case and without ports.
    allowed: Vec<String>,
}

impl HostGuard {
    /// Creates the check for a bind address and the operator's allowed hosts.
    pub fn new(bind: IpAddr, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|name| Host::parse(name.trim()).name());
        Self { loopback: bind.is_loopback(), allowed: allowed.filter(|name| !name.is_empty()).collect() }
    }

    /// Returns `true` if the operator allows this host by name.
    fn allows_by_name(&self, authority: &str) -> bool {
        self.allowed.contains(&Host::parse(authority).name())
    }

    /// Returns `true` if the gateway serves this host. Addresses cannot be rebound, so a public gateway serves
    /// all of them.
    fn allows(&self, authority: &str) -> bool {
        let name = Host::parse(authority).name();
        if name == "localhost" || self.allowed.contains(&name) {
            return true;
        }
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok_and(|address| !self.loopback || address.is_loopback())
    }

    /// Returns the host that the browser requested. `None` if the gateway does not serve it.
    fn public_host<'a>(&self, requested: &'a str, forwarded: Option<&'a str>) -> Option<&'a str> {
        let Some(forwarded) = forwarded else { return self.allows(requested).then_some(requested) };
        let is_ours =
            if self.allows(requested) { self.allows(forwarded) } else { self.allows_by_name(forwarded) };
        is_ours.then_some(forwarded)
    }
}

/// Middleware: refuses unknown hosts, and requests of foreign pages.
///
/// # Errors
/// [`ApiError::BadHost`], [`ApiError::ForeignHost`], [`ApiError::ForeignOrigin`]
pub async fn guard(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    let requested = request_host(headers, request.uri())?;
    let forwarded = forwarded_host(headers).map_err(|_| ApiError::BadHost)?;
    let hosts = || RequestHosts {
        host: requested.to_owned(),
        forwarded: forwarded.map(str::to_owned),
        ignored: request.extensions().get().cloned(),
    };
    let Some(public) = state.guard.public_host(requested, forwarded) else {
        return Err(ApiError::ForeignHost(Box::new(hosts())));
    };
    if !(is_same_origin(headers, public) || is_top_level_navigation(request.method(), headers)) {
        let origin = headers.get(header::ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
        let page = ForeignPage { origin: origin.map(Into::into), hosts: hosts() };
        return Err(ApiError::ForeignOrigin(Box::new(page)));
    }
    Ok(next.run(request).await)
}

/// Host headers of a refused request.
#[derive(Clone, Debug)]
pub struct RequestHosts {
    host: String,
    /// `X-Forwarded-Host` of a trusted proxy.
    forwarded: Option<String>,
    /// `X-Forwarded-Host` of another peer.
    ignored: Option<IgnoredHost>,
}

impl RequestHosts {
    /// Explains that an `X-Forwarded-Host` was ignored, if there was one.
    fn write_ignored(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(IgnoredHost { host, peer }) = &self.ignored else { return Ok(()) };
        write!(
            f,
            ". X-Forwarded-Host {host:?} was ignored because {peer} is not in CODEX_GATEWAY_TRUSTED_PROXIES: \
             name the proxy there, and the host in CODEX_GATEWAY_ALLOWED_HOSTS"
        )
    }
}

/// Explains why the host is refused.
impl fmt::Display for RequestHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, forwarded, ignored } = self;
        match (forwarded, ignored) {
            (Some(forwarded), _) => write!(
                f,
                "this gateway does not answer to X-Forwarded-Host {forwarded:?} with Host {host:?}; \
                 CODEX_GATEWAY_ALLOWED_HOSTS can name {forwarded:?}"
            ),
            (None, None) => {
                write!(f, "this gateway does not answer to {host:?}; CODEX_GATEWAY_ALLOWED_HOSTS can name it")
            }
            (None, Some(_)) => {
                write!(f, "this gateway does not answer to Host {host:?}")?;
                self.write_ignored(f)
            }
        }
    }
}

/// A foreign page, as described by the headers of its request.
#[derive(Clone, Debug)]
pub struct ForeignPage {
    /// `None` if the request has only `Sec-Fetch-Site`.
    origin: Option<String>,
    hosts: RequestHosts,
}

/// Explains why the request is refused.
impl fmt::Display for ForeignPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("requests from pages of other sites are refused")?;
        if let Some(origin) = &self.origin {
            let host = self.hosts.forwarded.as_ref().unwrap_or(&self.hosts.host);
            write!(f, ": the page is of {origin:?}, and the request is for {host:?}")?;
        }
        self.hosts.write_ignored(f)
    }
}

/// Returns the host that a request is for. An absolute target (`GET http://…`) must agree with `Host`: a proxy
/// may have checked the one, and the gateway the other.
fn request_host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Result<&'a str, ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let host = host.map(|host| host.to_str().unwrap_or_default());
    let scheme = uri.scheme_str().unwrap_or_default();
    match (host, uri.authority().map(Authority::as_str)) {
        _ if second.is_some() => Err(ApiError::BadHost),
        (Some(host), Some(target)) if !Host::parse(host).is_same(Host::parse(target), scheme) => {
            Err(ApiError::BadHost)
        }
        (host, target) => host.or(target).ok_or(ApiError::BadHost),
    }
}

/// Returns `true` if the request comes from no page or from one of the gateway's own.
fn is_same_origin(headers: &HeaderMap, authority: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_some() {
        // Without `X-Forwarded-Proto`, TLS may still end at a proxy, so both schemes are accepted.
        let https = is_https(headers);
        return origins.all(|origin| {
            let own = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            own.is_some_and(|(scheme, own)| {
                (scheme == "https" || scheme == "http" && !https)
                    && Host::parse(own).is_same(Host::parse(authority), scheme)
            })
        });
    }
    headers.get(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin" || site == "none")
}

/// Returns `true` if a link is followed into a top-level window, not into a frame of the foreign page.
fn is_top_level_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name, value| headers.get(name).is_some_and(|said| said == value);
    matches!(*method, Method::GET | Method::HEAD)
        && !headers.contains_key(header::ORIGIN)
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(all: [(&'static str, &str); N]) -> HeaderMap {
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn local() -> HostGuard {
        HostGuard::new([127, 0, 0, 1].into(), &["Gateway.Example ".to_owned()])
    }

    #[test]
    fn loopback_gateway_allows_loopback_and_configured_hosts() {
        for own in [
            "localhost",
            "localhost:1317",
            "127.0.0.1:1317",
            "[::1]:1317",
            "gateway.example",
            "GATEWAY.example:80",
        ] {
            assert!(local().allows(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:1317",
            "localhost.evil.example",
            "192.0.2.7:1317",
            "127.0.0.1.evil.example",
        ] {
            assert!(!local().allows(foreign), "{foreign}");
        }
    }

    #[test]
    fn public_gateway_allows_any_address_but_no_unknown_name() {
        let open = HostGuard::new([0, 0, 0, 0].into(), &[]);
        assert!(open.allows("192.0.2.7:1317") && open.allows("[2001:db8::1]"));
        assert!(!open.allows("evil.example"));
    }

    #[test]
    fn allowed_host_may_include_port() {
        let guard = HostGuard::new([127, 0, 0, 1].into(), &["ex.org:8443".to_owned()]);
        assert!(guard.allows("ex.org:8443") && guard.allows("EX.ORG."));
    }

    #[test]
    fn forwarded_host_replaces_foreign_host_only_if_configured() {
        let public = |requested, forwarded| local().public_host(requested, forwarded);
        assert_eq!(public("backend:1317", Some("gateway.example")), Some("gateway.example"));
        assert_eq!(public("localhost:1317", Some("127.0.0.1:1")), Some("127.0.0.1:1"));
        assert_eq!(public("localhost:1317", Some("evil.example")), None);
        // Hosts that a rebound page could send.
        for own in ["localhost", "localhost:1317", "127.0.0.1", "[::1]"] {
            assert_eq!(public("evil.example:1317", Some(own)), None, "{own}");
        }
        assert_eq!(public("backend:1317", None), None);
    }

    #[test]
    fn refusal_message_names_both_hosts_and_setting() {
        let mut hosts =
            RequestHosts { host: "backend".into(), forwarded: Some("ex.org".into()), ignored: None };
        let has = |text: String, all: &[&str]| {
            for part in all {
                assert!(text.contains(part), "{text}");
            }
        };
        has(hosts.to_string(), &["\"backend\"", "\"ex.org\"", "CODEX_GATEWAY_ALLOWED_HOSTS"]);
        hosts.forwarded = None;
        hosts.ignored = Some(IgnoredHost { host: "ex.org".into(), peer: [192, 0, 2, 7].into() });
        let all = ["\"backend\"", "\"ex.org\"", "192.0.2.7", "CODEX_GATEWAY_TRUSTED_PROXIES"];
        has(hosts.to_string(), &all);
        let page = ForeignPage { origin: Some("https://ex.org".into()), hosts };
        has(page.to_string(), &all);
        has(page.to_string(), &["\"https://ex.org\""]);
    }

    #[test]
    fn cross_origin_requests_are_not_same_origin() {
        assert!(is_same_origin(&HeaderMap::new(), "localhost:1317"));
        assert!(is_same_origin(&headers([("origin", "http://localhost:1317")]), "localhost:1317"));
        assert!(is_same_origin(&headers([("origin", "https://localhost:1317")]), "localhost:1317"));
        for (origin, host) in [
            ("https://ex.org", "ex.org:443"),
            ("http://ex.org", "ex.org:80"),
            ("https://ex.org", "EX.org"),
            ("https://ex.org:443", "ex.org"),
            ("https://ex.org:444", "ex.org:444"),
        ] {
            assert!(is_same_origin(&headers([("origin", origin)]), host), "{origin} {host}");
        }
        for (origin, host) in [
            ("https://ex.org:444", "ex.org"),
            ("https://ex.org", "ex.org:80"),
            ("https://ex.org", "ex.org:444"),
        ] {
            assert!(!is_same_origin(&headers([("origin", origin)]), host), "{origin} {host}");
        }
        for foreign in
            ["null", "http://localhost", "http://localhost:1318", "http://evil.example", "file://", ""]
        {
            assert!(!is_same_origin(&headers([("origin", foreign)]), "localhost:1317"), "{foreign}");
        }
        let two = headers([("origin", "http://localhost:1317"), ("origin", "http://evil.example")]);
        assert!(!is_same_origin(&two, "localhost:1317"));
        let plain = headers([("origin", "http://localhost:1317"), ("x-forwarded-proto", "https")]);
        assert!(!is_same_origin(&plain, "localhost:1317"), "a network attacker could have served that page");
        assert!(!is_same_origin(&headers([(SEC_FETCH_SITE, "cross-site")]), "localhost:1317"));
        assert!(is_same_origin(&headers([(SEC_FETCH_SITE, "none")]), "localhost:1317"));
    }

    #[test]
    fn only_top_level_get_navigation_is_allowed_from_foreign_pages() {
        let link = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(is_top_level_navigation(&Method::GET, &headers(link)));
        assert!(!is_top_level_navigation(&Method::POST, &headers(link)));
        assert!(!is_top_level_navigation(&Method::GET, &headers([link[0], ("sec-fetch-dest", "iframe")])));
        assert!(!is_top_level_navigation(
            &Method::GET,
            &headers([("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")])
        ));
        assert!(!is_top_level_navigation(&Method::GET, &headers([link[0], link[1], ("origin", "null")])));
    }

    #[test]
    fn conflicting_request_hosts_are_refused() {
        let uri = |text: &'static str| Uri::from_static(text);
        let named = |hosts: &HeaderMap, target| request_host(hosts, &uri(target)).map(str::to_owned).ok();
        assert_eq!(named(&headers([("host", "a:1")]), "/x").as_deref(), Some("a:1"));
        assert_eq!(named(&headers([]), "http://a:1/x").as_deref(), Some("a:1"));
        assert_eq!(named(&headers([("host", "A:1")]), "http://a:1/x").as_deref(), Some("A:1"));
        assert_eq!(named(&headers([("host", "a:80")]), "http://a/x").as_deref(), Some("a:80"));
        assert_eq!(named(&headers([("host", "a:1")]), "http://b:1/x"), None);
        assert_eq!(named(&headers([("host", "a"), ("host", "a")]), "/x"), None);
        assert_eq!(named(&headers([]), "/x"), None);
    }
}
