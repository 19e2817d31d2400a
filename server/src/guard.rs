//! Which names the gateway answers to, and which pages may use it: a website must never reach an agent.
//!
//! Host is checked against DNS rebinding (a foreign name that resolves to this machine). The `X-Forwarded-Host` of a
//! trusted proxy is checked too. It takes the place of a Host that is none of ours only if the operator has allowed that
//! very name: a page that was rebound to a loopback address is a loopback peer and could send the header as well, but it
//! gets nowhere with `localhost` or an address.
//!
//! Origin, and where there is none what the browser says in `Sec-Fetch-Site`, is checked against foreign pages: they may
//! link here, and nothing else. That holds for reading too: a stream that nobody can read would still count as a reader.

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

/// How the page that a request comes from is related to us, in the browser's words.
pub(crate) const SITE: &str = "sec-fetch-site";

/// The names that the gateway answers to.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Whether only this machine can reach the gateway.
    loopback: bool,
    /// Further names that the operator allows, in lower case and without ports.
    allowed: Vec<String>,
}

impl Guard {
    /// The names for a bind address, and the operator's own.
    pub fn new(bind: IpAddr, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|name| Host::parse(name.trim()).name());
        Self { loopback: bind.is_loopback(), allowed: allowed.filter(|name| !name.is_empty()).collect() }
    }

    /// Returns `true` if the operator allows this host by name.
    fn allows(&self, authority: &str) -> bool {
        self.allowed.contains(&Host::parse(authority).name())
    }

    /// Returns `true` if a host is one of ours. An address cannot be rebound, so any will do where all can reach us.
    fn answers_to(&self, authority: &str) -> bool {
        let name = Host::parse(authority).name();
        if name == "localhost" || self.allowed.contains(&name) {
            return true;
        }
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok_and(|address| !self.loopback || address.is_loopback())
    }

    /// The host that the browser asked for. `None` if the gateway does not answer to it.
    fn public_host<'a>(&self, asked: &'a str, forwarded: Option<&'a str>) -> Option<&'a str> {
        let Some(forwarded) = forwarded else { return self.answers_to(asked).then_some(asked) };
        let is_ours =
            if self.answers_to(asked) { self.answers_to(forwarded) } else { self.allows(forwarded) };
        is_ours.then_some(forwarded)
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
    let names = || Names {
        host: asked.to_owned(),
        forwarded: forwarded.map(str::to_owned),
        ignored: request.extensions().get().cloned(),
    };
    let Some(public) = state.guard.public_host(asked, forwarded) else {
        return Err(ApiError::ForeignHost(Box::new(names())));
    };
    if !(is_own_page(headers, public) || is_link(request.method(), headers)) {
        let origin = headers.get(header::ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
        let page = ForeignPage { origin: origin.map(Into::into), names: names() };
        return Err(ApiError::ForeignOrigin(Box::new(page)));
    }
    Ok(next.run(request).await)
}

/// The names that a request has for the host that it is for.
#[derive(Clone, Debug)]
pub struct Names {
    host: String,
    /// `X-Forwarded-Host` of a trusted proxy.
    forwarded: Option<String>,
    /// `X-Forwarded-Host` of another peer.
    ignored: Option<IgnoredHost>,
}

impl Names {
    /// Says that a header was not believed, if there was one.
    fn write_ignored(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(IgnoredHost { host, peer }) = &self.ignored else { return Ok(()) };
        write!(
            f,
            ". X-Forwarded-Host {host:?} was ignored because {peer} is not in CODEX_GATEWAY_TRUSTED_PROXIES: \
             name the proxy there, and the host in CODEX_GATEWAY_ALLOWED_HOSTS"
        )
    }
}

/// Why the gateway does not answer.
impl fmt::Display for Names {
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

/// A page of another site, as far as the request says.
#[derive(Clone, Debug)]
pub struct ForeignPage {
    /// `None` if only `Sec-Fetch-Site` tells.
    origin: Option<String>,
    names: Names,
}

/// Why the page is foreign.
impl fmt::Display for ForeignPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("requests from pages of other sites are refused")?;
        if let Some(origin) = &self.origin {
            let host = self.names.forwarded.as_ref().unwrap_or(&self.names.host);
            write!(f, ": the page is of {origin:?}, and the request is for {host:?}")?;
        }
        self.names.write_ignored(f)
    }
}

/// Which name a request is for. A target with a name of its own (`GET http://…`) must agree with Host: what stands
/// before us may have looked at the one, and we at the other.
fn authority<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Result<&'a str, ApiError> {
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

/// Whether a request comes from no page at all, or from one of ours.
fn is_own_page(headers: &HeaderMap, authority: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_some() {
        // TLS may end at a proxy that does not say so: without its word, both schemes are ours.
        let https = is_https(headers);
        return origins.all(|origin| {
            let own = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            own.is_some_and(|(scheme, own)| {
                (scheme == "https" || scheme == "http" && !https)
                    && Host::parse(own).is_same(Host::parse(authority), scheme)
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
    fn allowed_name_may_be_given_with_a_port() {
        let guard = Guard::new([127, 0, 0, 1].into(), &["ex.org:8443".to_owned()]);
        assert!(guard.answers_to("ex.org:8443") && guard.answers_to("EX.ORG."));
    }

    #[test]
    fn forwarded_host_replaces_a_foreign_host_only_if_the_operator_names_it() {
        let public = |asked, forwarded| local().public_host(asked, forwarded);
        assert_eq!(public("backend:1317", Some("gateway.example")), Some("gateway.example"));
        assert_eq!(public("localhost:1317", Some("127.0.0.1:1")), Some("127.0.0.1:1"));
        assert_eq!(public("localhost:1317", Some("evil.example")), None);
        // What a page could send that was rebound to this machine.
        for own in ["localhost", "localhost:1317", "127.0.0.1", "[::1]"] {
            assert_eq!(public("evil.example:1317", Some(own)), None, "{own}");
        }
        assert_eq!(public("backend:1317", None), None);
    }

    #[test]
    fn refusal_names_both_hosts_and_the_setting() {
        let mut names = Names { host: "backend".into(), forwarded: Some("ex.org".into()), ignored: None };
        let has = |text: String, all: &[&str]| {
            for part in all {
                assert!(text.contains(part), "{text}");
            }
        };
        has(names.to_string(), &["\"backend\"", "\"ex.org\"", "CODEX_GATEWAY_ALLOWED_HOSTS"]);
        names.forwarded = None;
        names.ignored = Some(IgnoredHost { host: "ex.org".into(), peer: [192, 0, 2, 7].into() });
        let all = ["\"backend\"", "\"ex.org\"", "192.0.2.7", "CODEX_GATEWAY_TRUSTED_PROXIES"];
        has(names.to_string(), &all);
        let page = ForeignPage { origin: Some("https://ex.org".into()), names };
        has(page.to_string(), &all);
        has(page.to_string(), &["\"https://ex.org\""]);
    }

    #[test]
    fn only_our_own_pages_may_act() {
        assert!(is_own_page(&HeaderMap::new(), "localhost:1317"));
        assert!(is_own_page(&headers([("origin", "http://localhost:1317")]), "localhost:1317"));
        assert!(is_own_page(&headers([("origin", "https://localhost:1317")]), "localhost:1317"));
        for (origin, host) in [
            ("https://ex.org", "ex.org:443"),
            ("http://ex.org", "ex.org:80"),
            ("https://ex.org", "EX.org"),
            ("https://ex.org:443", "ex.org"),
            ("https://ex.org:444", "ex.org:444"),
        ] {
            assert!(is_own_page(&headers([("origin", origin)]), host), "{origin} {host}");
        }
        for (origin, host) in [
            ("https://ex.org:444", "ex.org"),
            ("https://ex.org", "ex.org:80"),
            ("https://ex.org", "ex.org:444"),
        ] {
            assert!(!is_own_page(&headers([("origin", origin)]), host), "{origin} {host}");
        }
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
        assert_eq!(named(&headers([("host", "a:80")]), "http://a/x").as_deref(), Some("a:80"));
        assert_eq!(named(&headers([("host", "a:1")]), "http://b:1/x"), None);
        assert_eq!(named(&headers([("host", "a"), ("host", "a")]), "/x"), None);
        assert_eq!(named(&headers([]), "/x"), None);
    }
}
