//! The cookie of a browser session.

use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use codex_gateway_app::{BasePath, cookies};

use crate::proxies::is_https;

/// Over TLS. The `__Host-` prefix makes browsers ensure that no other host and no page without TLS can set the
/// cookie.
const TLS_NAME: &str = "__Host-codex-gateway";
/// Over TLS, below a base path. `__Host-` requires the path `/`, and other applications of the host should not
/// get the cookie.
const TLS_NAME_BELOW_PATH: &str = "__Secure-codex-gateway";
const PLAIN_NAME: &str = "codex-gateway";
/// Maximum lifetime that browsers accept.
const MAX_AGE: Duration = Duration::from_hours(400 * 24);
/// Maximum number of cookies to try. Browsers also send same-named cookies of other paths of the host.
const MAX_VALUES: usize = 8;

/// Returns the values of the cookie in a request. Over TLS the plain name is ignored: a network attacker could
/// have set it.
pub fn values<'a>(base: &BasePath, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> + use<'a> {
    cookies(headers, name(base, headers)).filter(|value| !value.is_empty()).take(MAX_VALUES)
}

/// Returns the `Set-Cookie` header that sets the cookie until that time.
pub fn set(base: &BasePath, headers: &HeaderMap, value: &str, until: Option<SystemTime>) -> String {
    let left = |until: SystemTime| until.duration_since(SystemTime::now()).unwrap_or_default().min(MAX_AGE);
    let left = until.map_or(MAX_AGE, left);
    write(base, headers, value, left.as_secs())
}

/// Returns the `Set-Cookie` header that removes the cookie.
pub fn expire(base: &BasePath, headers: &HeaderMap) -> String {
    write(base, headers, "", 0)
}

fn write(base: &BasePath, headers: &HeaderMap, value: &str, seconds: u64) -> String {
    let secure = if is_https(headers) { "; Secure" } else { "" };
    let (name, path) = (name(base, headers), base.cookie_path());
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn name(base: &BasePath, headers: &HeaderMap) -> &'static str {
    match (is_https(headers), base.below_root()) {
        (true, None) => TLS_NAME,
        (true, Some(_)) => TLS_NAME_BELOW_PATH,
        (false, _) => PLAIN_NAME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(all: [(&'static str, &'static str); N]) -> HeaderMap {
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn read<const N: usize>(all: [(&'static str, &'static str); N]) -> Vec<String> {
        values(&BasePath::default(), &headers(all)).map(str::to_owned).collect()
    }

    #[test]
    fn cookie_is_found_among_others() {
        assert_eq!(read([("cookie", "theme=dark; codex-gateway=abc; lang=en")]), ["abc"]);
        assert_eq!(read([("cookie", "a=b"), ("cookie", "codex-gateway=abc")]), ["abc"]);
        assert_eq!(
            read([("cookie", "x=é; codex-gateway=; codex-gateway=abc; codex-gateway=d")]),
            ["abc", "d"]
        );
        assert!(read([("cookie", "codex-gateway=; xcodex-gateway=abc")]).is_empty());
    }

    #[test]
    fn cookie_over_tls_has_host_prefix() {
        let tls = ("x-forwarded-proto", "https, http");
        assert!(read([tls, ("cookie", "codex-gateway=abc")]).is_empty());
        assert_eq!(read([tls, ("cookie", "__Host-codex-gateway=abc")]), ["abc"]);
        assert_eq!(
            set(&BasePath::default(), &headers([tls]), "abc", None),
            "__Host-codex-gateway=abc; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn cookie_below_base_path_is_limited_to_path() {
        let base = "/codex".parse().unwrap();
        let tls = headers([("x-forwarded-proto", "https")]);
        assert_eq!(
            set(&base, &tls, "abc", None),
            "__Secure-codex-gateway=abc; Path=/codex; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure"
        );
        let plain = set(&base, &HeaderMap::new(), "abc", None);
        assert!(plain.starts_with("codex-gateway=abc; Path=/codex; "), "{plain}");
        let both = headers([
            ("x-forwarded-proto", "https"),
            ("cookie", "__Host-codex-gateway=other; __Secure-codex-gateway=abc"),
        ]);
        assert_eq!(values(&base, &both).collect::<Vec<_>>(), ["abc"]);
    }

    #[test]
    fn cookie_expires_with_token() {
        let cookie = set(
            &BasePath::default(),
            &HeaderMap::new(),
            "abc",
            Some(SystemTime::now() + Duration::from_mins(1)),
        );
        assert!(cookie.starts_with("codex-gateway=abc; Path=/; Max-Age=59; HttpOnly"), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
        assert!(expire(&BasePath::default(), &HeaderMap::new()).contains("Max-Age=0"));
    }
}
